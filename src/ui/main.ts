import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { CommandError } from '../cli/cluster/failure.ts';
import type { Outcome } from '../cli/command.ts';
import type { UiChoice } from '../cli/commands/ui.ts';
import { displayText } from '../dag/display.ts';
import { readUserContext, type UserContext } from '../kube/kubeconfig.ts';
import { createTiming } from '../kube/ports.ts';
import { createNamespaces } from './namespaces.ts';
import { listNamespaces, openNamespace } from './open-namespace.ts';

/** `orchestration-gate ui`: serves the page until a signal. Wiring only. */
export async function ui(
  { kubeconfig, context, namespace: asked, port, opensBrowser, isReadOnly }: UiChoice,
  process: NodeJS.Process,
): Promise<Outcome> {
  let user: UserContext;
  try {
    user = readUserContext({ kubeconfig, context }, { environment: process.env, now: Date.now });
  } catch (error) {
    throw new CommandError(displayText((error as Error).message));
  }
  const flags = [...(kubeconfig === undefined ? [] : ['--kubeconfig', resolve(kubeconfig)]), '--context', user.context];
  const namespace = asked ?? user.namespace;
  const isServed = await servePage(
    { user, namespace, flags, port, isReadOnly: isReadOnly === true, opensBrowser },
    process,
  );
  return { exitCode: isServed ? 0 : 2, stdout: '', stderr: '' };
}

interface PageOptions {
  readonly user: UserContext;
  readonly namespace: string;
  /** The flags of kubectl that reach the same cluster. */
  readonly flags: readonly string[];
  /** 0 means any free port. */
  readonly port: number;
  readonly isReadOnly: boolean;
  readonly opensBrowser: boolean | undefined;
}

/** Serves the page until a signal. Returns false if the server cannot listen on the port. */
async function servePage(options: PageOptions, process: NodeJS.Process): Promise<boolean> {
  const { user, namespace, flags, port, isReadOnly, opensBrowser } = options;
  const complain = (sentence: string) => process.stderr.write(`ui: ${sentence}\n`);
  const timing = createTiming(() => performance.now());
  const { createPageServer } = await import('./server.ts');
  const namespaces = createNamespaces({
    first: namespace,
    follow: openNamespace({ user, timing, now: Date.now, isReadOnly, complain }),
    readNames: () => listNamespaces(user, timing),
    schedule: timing.schedule,
  });
  const token = randomBytes(24).toString('base64url');
  const server = createPageServer({
    namespaces,
    context: user.context,
    isReadOnly,
    kubectl: { flags },
    token,
    newId: () => randomBytes(12).toString('base64url'),
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
    if (opensBrowser) openBrowser(url, process.platform, complain);
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  }
  await server.close();
  await namespaces.close();
  return address !== undefined;
}

const OPENERS: Readonly<Partial<Record<NodeJS.Platform, string>>> = { darwin: 'open', win32: 'explorer' };

function openBrowser(url: string, platform: NodeJS.Platform, complain: (sentence: string) => void): void {
  const opener = OPENERS[platform] ?? 'xdg-open';
  spawn(opener, [url], { stdio: 'ignore', detached: true })
    .once('error', (error) => complain(`cannot open a browser: ${error.message}`))
    .unref();
}
