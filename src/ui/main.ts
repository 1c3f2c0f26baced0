import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { asksForHelp, readArguments } from '../cli/arguments.ts';
import { readUserContext, type UserContext } from '../kube/kubeconfig.ts';
import { createTiming } from '../kube/ports.ts';
import { followNamespace } from './follow-namespace.ts';

const USAGE = `usage: orchestration-gate ui [-n NAMESPACE] [--context CONTEXT] [--kubeconfig FILE] [--port PORT] [--open]

Serves a page on 127.0.0.1 that shows the Orchestrations and runs of a namespace as they happen, with your own kubeconfig
and rights: get, list and watch on both kinds, and get on controllerrevisions for the graph a run follows. Nothing is
installed and nothing is changed. It prints the URL to open; Ctrl-C ends it.

  -n, --namespace  the namespace (by default that of the context)
  --context        a context of the kubeconfig (by default the current one)
  --kubeconfig     the kubeconfig (by default those of KUBECONFIG, or ~/.kube/config)
  --port           the port on 127.0.0.1 (by default any that is free)
  --open           open the URL in a browser
`;

const FLAGS = { namespace: 'text', context: 'text', kubeconfig: 'text', port: 'text', open: 'switch' } as const;

/** `orchestration-gate ui`: serves the page until a signal. Wiring only. Returns the exit code: 2 could not run. */
export async function ui(words: readonly string[], process: NodeJS.Process): Promise<number> {
  const { stdout, stderr } = process;
  const complain = (sentence: string) => stderr.write(`ui: ${sentence}\n`);
  if (asksForHelp(words)) {
    stdout.write(USAGE);
    return 0;
  }
  const args = readArguments(FLAGS, words);
  const { port = '0', kubeconfig, context, namespace: asked } = args.values;
  const mistakes = [
    ...args.mistakes,
    ...args.operands.map((word) => `${JSON.stringify(word)} is one word too many`),
    ...(/^\d{1,5}$/.test(port) && Number(port) < 65_536 ? [] : [`--port ${JSON.stringify(port)} is no port`]),
  ];
  let user: UserContext | undefined;
  try {
    user = readUserContext({ kubeconfig, context }, { environment: process.env, now: Date.now });
  } catch (error) {
    mistakes.push((error as Error).message);
  }
  if (user === undefined || mistakes.length > 0) {
    for (const mistake of mistakes) complain(mistake);
    stderr.write('See orchestration-gate ui --help.\n');
    return 2;
  }
  const flags = [...(kubeconfig === undefined ? [] : ['--kubeconfig', resolve(kubeconfig)]), '--context', user.context];
  const namespace = asked ?? user.namespace;
  const isServed = await servePage({ user, namespace, flags, port: Number(port), opens: args.values.open }, process);
  return isServed ? 0 : 2;
}

interface PageOptions {
  readonly user: UserContext;
  readonly namespace: string;
  /** Of kubectl, to reach the same cluster. */
  readonly flags: readonly string[];
  /** 0: any that is free. */
  readonly port: number;
  /** Whether a browser is opened. */
  readonly opens: boolean | undefined;
}

/** Serves until a signal; false if nothing can listen on the port. */
async function servePage({ user, namespace, flags, port, opens }: PageOptions, process: NodeJS.Process) {
  const complain = (sentence: string) => process.stderr.write(`ui: ${sentence}\n`);
  const timing = createTiming(() => performance.now());
  const { createPageServer } = await import('./server.ts');
  const { cluster, stop } = followNamespace({ user, namespace, timing, complain });
  const token = randomBytes(24).toString('base64url');
  const server = createPageServer({
    cluster,
    context: { context: user.context, namespace },
    kubectl: { flags },
    token,
    schedule: timing.schedule,
    onFault: (error) => complain(error instanceof Error ? (error.stack ?? error.message) : String(error)),
  });
  const address = await server.listen({ host: '127.0.0.1', port }).catch((error: NodeJS.ErrnoException) => {
    const isTaken = error.code === 'EADDRINUSE';
    complain(isTaken ? `port ${port} of 127.0.0.1 is taken: name another with --port` : error.message);
  });
  if (address !== undefined) {
    const url = `${address}/#token=${token}`;
    process.stdout.write(`The Orchestrations of namespace ${namespace} in context ${user.context} are shown at\n\n`);
    process.stdout.write(`  ${url}\n\nCtrl-C ends it.\n`);
    if (opens) openBrowser(url, process.platform, complain);
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  }
  await server.close();
  await stop();
  return address !== undefined;
}

const OPENERS: Readonly<Partial<Record<NodeJS.Platform, string>>> = { darwin: 'open', win32: 'explorer' };

function openBrowser(url: string, platform: NodeJS.Platform, complain: (sentence: string) => void): void {
  const opener = OPENERS[platform] ?? 'xdg-open';
  spawn(opener, [url], { stdio: 'ignore', detached: true })
    .once('error', (error) => complain(`cannot open a browser: ${error.message}`))
    .unref();
}
