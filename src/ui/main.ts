import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { CommandError } from '../cli/cluster/failure.ts';
import type { Outcome } from '../cli/command.ts';
import type { UiChoice } from '../cli/commands/ui.ts';
import { displayText } from '../cli/format/escape.ts';
import { createKubeClient } from '../kube/client.ts';
import { followCluster } from '../kube/cluster.ts';
import { KubeError } from '../kube/errors.ts';
import { readUserContext, type UserContext } from '../kube/kubeconfig.ts';
import { createTiming, type Log } from '../kube/ports.ts';
import { namespacedResource } from '../kube/resources.ts';
import { createTransport } from '../kube/transport.ts';
import { asRecord } from '../orchestration/decode.ts';
import { GROUP, VERSION } from '../orchestration/schema.ts';
import { nameSnapshot } from '../reconciler/names.ts';
import type { Cluster, StoredObject } from './cluster.ts';
import { createPageServer } from './server.ts';
import { describeTrouble } from './trouble.ts';

const FOLLOWED = [
  namespacedResource(GROUP, VERSION, 'Orchestration', 'orchestrations'),
  namespacedResource(GROUP, VERSION, 'OrchestrationRun', 'orchestrationruns'),
];
const REVISIONS = namespacedResource('apps', 'v1', 'ControllerRevision', 'controllerrevisions');

/** `orchestration-gate ui`: serves the page until a signal. Wiring only. */
export async function ui(
  { kubeconfig, context, namespace: asked, port, opensBrowser }: UiChoice,
  process: NodeJS.Process,
): Promise<Outcome> {
  const { stdout, stderr } = process;
  const complain = (sentence: string) => stderr.write(`ui: ${sentence}\n`);
  let user: UserContext;
  try {
    user = readUserContext({ kubeconfig, context }, process.env);
  } catch (error) {
    throw new CommandError(displayText((error as Error).message));
  }
  const namespace = asked ?? user.namespace;
  const flags = [...(kubeconfig === undefined ? [] : ['--kubeconfig', resolve(kubeconfig)]), '--context', user.context];
  const followed = follow(user, namespace, complain);
  const token = randomBytes(24).toString('base64url');
  const server = createPageServer({
    cluster: followed.cluster,
    context: { context: user.context, namespace },
    kubectl: { flags },
    token,
    schedule: timing.schedule,
    onFault: (error) => complain(error instanceof Error ? (error.stack ?? error.message) : String(error)),
  });
  const url = await listen(server, port).catch((error: NodeJS.ErrnoException) => {
    complain(
      error.code === 'EADDRINUSE' ? `port ${port} of 127.0.0.1 is taken: name another with --port` : error.message,
    );
    return undefined;
  });
  if (url !== undefined) {
    stdout.write(`The Orchestrations of namespace ${namespace} in context ${user.context} are shown at\n\n`);
    stdout.write(`  ${url}#token=${token}\n\nCtrl-C ends it.\n`);
    if (opensBrowser) openBrowser(`${url}#token=${token}`, process.platform, complain);
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  }
  server.closeAllConnections();
  server.close();
  await followed.stop();
  return { exitCode: url === undefined ? 2 : 0, stdout: '', stderr: '' };
}

async function listen(server: Server, port: number): Promise<string> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const OPENERS: Readonly<Partial<Record<NodeJS.Platform, string>>> = { darwin: 'open', win32: 'explorer' };

function openBrowser(url: string, platform: NodeJS.Platform, complain: (sentence: string) => void): void {
  const opener = OPENERS[platform] ?? 'xdg-open';
  spawn(opener, [url], { stdio: 'ignore', detached: true })
    .once('error', (error) => complain(`cannot open a browser: ${error.message}`))
    .unref();
}

const timing = createTiming(() => performance.now());

/** Follows a namespace as this user; what goes wrong is told to `complain` once, and to the page as long as it lasts. */
function follow(user: UserContext, namespace: string, complain: (sentence: string) => void) {
  const troubles = new Map<string, string>();
  const listeners = new Set<(object: StoredObject | undefined) => void>();
  let isSynced = false;
  const tell = (object?: StoredObject) => {
    for (const listener of listeners) listener(object);
  };
  const fail = (plural: string, error: unknown) => {
    const { reason, message } = error instanceof KubeError ? error : { reason: 'Unknown', message: String(error) };
    const sentence = describeTrouble({ resource: plural, reason, message }, namespace);
    if (sentence === undefined || troubles.get(plural) === sentence) return;
    if (![...troubles.values()].includes(sentence)) complain(sentence);
    troubles.set(plural, sentence);
    tell();
  };
  const mend = (plural: string) => {
    if (!troubles.delete(plural)) return;
    if (troubles.size === 0) complain('The API server answers again.');
    tell();
  };
  const note = (fields: object) => {
    const { resource: plural, error } = asRecord(fields);
    if (typeof plural === 'string' && error !== undefined) fail(plural, error);
  };
  const log: Log = { info: note, warn: note, error: note };
  const transport = createTransport({ load: user.load, timing, log, watches: FOLLOWED.length });
  const client = createKubeClient({
    transport,
    timing,
    observer: {
      finishRequest: ({ resource: plural, outcome }) => {
        if (outcome === 'ok') mend(plural);
      },
      countRetry: () => {},
    },
  });
  const copy = followCluster({
    client,
    resources: FOLLOWED,
    namespaces: [namespace],
    fieldManager: 'orchestration-gate-ui',
    onChange: tell,
    timing,
    log,
  });
  void copy.whenSynced(FOLLOWED.map(({ kind }) => kind)).then(() => {
    isSynced = true;
    tell();
  });
  const cluster: Cluster = {
    *objects() {
      for (const { kind } of FOLLOWED) yield* copy.values(kind);
    },
    get: (kind, name) => {
      for (const object of copy.values(kind)) if (object.metadata.name === name) return object;
      return undefined;
    },
    isSynced: () => isSynced,
    troubles: () => [...new Set(troubles.values())],
    readSnapshot: (uid) => readSnapshot(client, namespace, uid),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const stop = async () => {
    await copy.stop();
    await transport.close();
  };
  return { cluster, stop };
}

/** As the port asks for it. A reader of runs need not be one of controllerrevisions, and hears what that means. */
async function readSnapshot(
  client: ReturnType<typeof createKubeClient>,
  namespace: string,
  uid: string,
): Promise<unknown> {
  try {
    const revision = await client.get(REVISIONS, { namespace, name: nameSnapshot(uid) });
    const isOurs = revision.metadata.ownerReferences?.some((owner) => owner.uid === uid);
    return isOurs ? asRecord(revision['data'])['orchestration'] : undefined;
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    if (error.reason === 'NotFound') return undefined;
    if (error.reason === 'Forbidden') return 'You may not read controllerrevisions, where the run’s own graph is kept';
    return `The run’s own graph cannot be read (${error.message})`;
  }
}
