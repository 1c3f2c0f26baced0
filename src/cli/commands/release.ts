import { Finalizer } from '../../orchestration/vocabulary/metadata.ts';
import { defineCommand, noOperand, type Outcome } from '../command.ts';
import {
  agentsVariables,
  chooseNamespaces,
  kubeconfigFlag,
  namespaces,
  ownNamespaceFlag,
} from '../controller-flags.ts';
import { boolean, type Flags, type Values } from '../flags.ts';

const flags = {
  namespaces: {
    flag: 'namespaces',
    kind: namespaces,
    help: 'the namespaces whose AgentRuns are released; otherwise its own',
    variables: agentsVariables('ORCHESTRATION_CONTROLLER_NAMESPACES'),
  },
  ownNamespace: ownNamespaceFlag('the namespace of the release, and of its Lease'),
  stopsEngine: {
    flag: 'stop-engine',
    kind: boolean,
    help: 'whether the engine that works loses its Lease first, for ten minutes',
    fallback: 'false',
  },
  kubeconfig: kubeconfigFlag,
} as const satisfies Flags;

/** The release affects its own namespace unless others are named. */
export type ReleaseConfiguration = Values<typeof flags> & { readonly namespaces: readonly string[] };

/** The command that an uninstall runs first. */
export function releaseCommand(release: (configuration: ReleaseConfiguration) => Promise<Outcome>) {
  return defineCommand({
    verb: 'release',
    details: `The finalizer is ${Finalizer.Outcome}. docs/how-to/uninstall.md says when you need this.`,
    operands: noOperand,
    flags,
    exitCodes: { 0: 'no AgentRun is held', 1: 'some still are', 2: 'could not run' },
    examples: ['release --namespaces agents,ci --own-namespace agents --stop-engine true'],
    run: (values) => release({ ...values, namespaces: chooseNamespaces(values) }),
  });
}
