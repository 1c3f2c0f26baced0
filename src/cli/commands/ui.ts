import { clusterFlags } from '../cluster/flags.ts';
import { defineCommand, noOperand, type Outcome } from '../command.ts';
import { type Flags, port, toggle, type Values } from '../flags.ts';

const flags = {
  ...clusterFlags,
  kubeconfig: { ...clusterFlags.kubeconfig, help: 'the kubeconfig (default: KUBECONFIG, or ~/.kube/config)' },
  port: { flag: 'port', kind: port, help: 'the port on 127.0.0.1, or 0 for any that is free', fallback: '0' },
  isReadOnly: { flag: 'read-only', kind: toggle, help: 'offer no actions, and reject them' },
  opensBrowser: { flag: 'open', kind: toggle, help: 'open the URL in a browser' },
} as const satisfies Flags;

export type UiChoice = Values<typeof flags>;

/** The local page. `show` returns when a signal has ended it. */
export function uiCommand(show: (choice: UiChoice) => Promise<Outcome>) {
  return defineCommand({
    verb: 'ui',
    details:
      'It prints the URL of a page on 127.0.0.1, and serves the page until you press Ctrl-C. Nothing is installed. The page uses your kubeconfig and your rights: get, list and watch on both kinds, and get on controllerrevisions for the graph that a run follows. It changes a run only if you click an action, and with --read-only never.',
    operands: noOperand,
    flags,
    exitCodes: { 0: 'stopped by a signal', 2: 'could not run' },
    examples: ['ui -n ci --open'],
    run: (choice) => show(choice),
  });
}
