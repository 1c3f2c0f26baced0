import { createKubeClient, type KubeClient } from '../kube/client.ts';
import { ifFound, KubeError } from '../kube/errors.ts';
import { ORCHESTRATIONS, REVISIONS, RUNS } from '../kube/kinds.ts';
import type { Log, Timing } from '../kube/ports.ts';
import { startReflector } from '../kube/reflector.ts';
import { clusterResource, type Resource } from '../kube/resources.ts';
import { createStore } from '../kube/store.ts';
import type { Transport } from '../kube/transport.ts';
import { keyOf } from '../objects/object.ts';
import { asRecord } from '../orchestration/decode.ts';
import { KubeErrorReason } from '../orchestration/vocabulary/kube-error-reasons.ts';
import { nameSnapshot } from '../reconciler/names.ts';
import type { Cluster } from './cluster.ts';
import { keepStub, type Stub } from './entries.ts';
import type { Entry, EntryKey, EntryKind } from './page/protocol.ts';
import { createRunIndex } from './run-index.ts';
import { createTroubles, type Failure, type Troubles } from './trouble.ts';
import { createWholes } from './wholes.ts';

const FOLLOWED: Readonly<Record<EntryKind, Resource>> = { Orchestration: ORCHESTRATIONS, OrchestrationRun: RUNS };
export const NAMESPACES = clusterResource('', 'v1', 'Namespace', 'namespaces');

/** The number of watches that each namespace has open. */
export const WATCHES = Object.keys(FOLLOWED).length;
/** People wait for a read: one that takes longer is reported as a failure. */
export const READ_DEADLINE_MS = 5_000;
/** A person who watches the page wants to know soon that the API server answers again. */
const WATCH_BACKOFF = { baseMs: 500, capMs: 5_000 };
/** The stubs of 10,000 runs take 6 MiB. Larger pages of whole runs would double the memory of the process for good. */
const PAGE_SIZE = 200;
/**
 * A watch can be silent for a minute, so its silence does not show whether the API server answers. The API server is
 * asked this often, and any answer proves that it does.
 */
const PROBE_MS = 10_000;

export interface NamespaceOptions {
  /** Creates the connection to the API server, which writes to this log. */
  readonly connect: (log: Log) => Transport;
  readonly namespace: string;
  readonly timing: Timing;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Called with a sentence when a problem begins, and when the last one ends. */
  readonly complain: (sentence: string) => void;
}

/** Follows a namespace, until `stop`. It reads nothing before the first turn of the event loop. */
export function followNamespace({ connect, namespace, timing, now, complain }: NamespaceOptions) {
  const listeners = new Set<(changed: Entry | undefined) => void>();
  const notify = (changed?: Entry) => {
    for (const listener of listeners) listener(changed);
  };
  const troubles = createTroubles({ namespace, complain, onChange: notify, now });
  const log = logTo(troubles);
  const transport = connect(log);
  const observer = {
    finishRequest: ({ resource, outcome }: { resource: string; outcome: string }) =>
      outcome === 'ok' && troubles.clear(resource),
    countRetry: () => {},
  };
  const client = createKubeClient({ transport, timing, observer });
  const reads = createKubeClient({ transport, timing, observer, deadlineMs: READ_DEADLINE_MS });
  const runs = createRunIndex();
  const wholes = createWholes();

  function follow(resource: Resource) {
    const store = createStore({
      log,
      transform: (object) => {
        wholes.update(object);
        return keepStub(object);
      },
      onChange: ({ type, object }) => {
        const { entry } = object as Stub;
        if (type === 'deleted') runs.remove(entry);
        else runs.put(entry);
        notify(entry);
      },
    });
    const settings = { backoff: WATCH_BACKOFF, pageSize: PAGE_SIZE };
    const reflector = startReflector({ client, resource, namespace, store, timing, log, settings, onListed: notify });
    return { store, reflector };
  }

  const copies = {
    Orchestration: follow(FOLLOWED.Orchestration),
    OrchestrationRun: follow(FOLLOWED.OrchestrationRun),
  };
  const find = ({ kind, name }: EntryKey) => copies[kind].store.get(keyOf({ namespace, name })) as Stub | undefined;
  const isListed = (kind: EntryKind) => copies[kind].reflector.isSynced();
  const cluster: Cluster = {
    namespace,
    listNames: (kind) => listNewest(copies[kind].store.values() as Iterable<Stub>),
    find,
    describe: (key) => {
      const entry = find(key)?.entry;
      const counts = entry?.kind === 'Orchestration' ? runs.count(entry.name) : undefined;
      return counts === undefined ? entry : ({ ...entry, runs: counts } as typeof entry);
    },
    isListed,
    connection: () =>
      troubles.current() ?? {
        state: isListed('Orchestration') && isListed('OrchestrationRun') ? 'Live' : 'Connecting',
      },
    read: (key) => {
      const version = find(key)?.metadata.resourceVersion ?? '0';
      const name = { namespace, name: key.name };
      return wholes.read(`${key.kind}/${keyOf(name)}`, version, () => ifFound(reads.get(FOLLOWED[key.kind], name)));
    },
    readSnapshot: (uid) => readSnapshot(reads, namespace, uid),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const endProbe = probe({ client: reads, timing, namespace, troubles, isWanted: () => listeners.size > 0 });
  const stop = async () => {
    endProbe();
    await Promise.all(Object.values(copies).map(({ reflector }) => reflector.stop()));
    await transport.close();
  };
  return { cluster, transport, stop };
}

export type FollowedNamespace = ReturnType<typeof followNamespace>;

function listNewest(stubs: Iterable<Stub>): readonly string[] {
  return [...stubs]
    .map(({ entry }) => entry)
    .sort((left, right) => right.createdAt - left.createdAt || (left.name < right.name ? -1 : 1))
    .map(({ name }) => name);
}

interface ProbeOptions {
  readonly client: KubeClient;
  readonly timing: Timing;
  readonly namespace: string;
  readonly troubles: Troubles;
  readonly isWanted: () => boolean;
}

/**
 * Asks the API server for the namespace again and again while a page follows it. Returns a function that stops this.
 */
function probe({ client, timing, namespace, troubles, isWanted }: ProbeOptions): () => void {
  let cancel = () => {};
  let isOver = false;
  const wait = () => {
    if (!isOver) cancel = timing.schedule(PROBE_MS, () => void ask().then(wait));
  };
  const ask = async () => {
    if (!isWanted()) return;
    const failure = await client.get(NAMESPACES, { name: namespace }).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (isOver || failure === undefined) return;
    const described = describeFailure(NAMESPACES.plural, failure);
    // A user who may not read the namespace still gets an answer.
    if (described.reason === KubeErrorReason.Unavailable) troubles.add(described);
    else troubles.clear(NAMESPACES.plural);
  };
  wait();
  return () => {
    isOver = true;
    cancel();
  };
}

/** Creates a log that records the failures as troubles. */
function logTo({ add }: Troubles): Log {
  const note = (fields: object) => {
    const { resource, error } = asRecord(fields);
    if (typeof resource === 'string' && error !== undefined) add(describeFailure(resource, error));
  };
  return { info: note, warn: note, error: note };
}

function describeFailure(resource: string, error: unknown): Failure {
  const { reason, message } =
    error instanceof KubeError ? error : { reason: KubeErrorReason.Unknown, message: String(error) };
  return { resource, reason, message };
}

/**
 * Implements `Cluster.readSnapshot`. A user who can read runs is not always allowed to read controllerrevisions, so the
 * result explains that.
 */
async function readSnapshot(client: KubeClient, namespace: string, uid: string): Promise<unknown> {
  try {
    const revision = await ifFound(client.get(REVISIONS, { namespace, name: nameSnapshot(uid) }));
    const isOurs = revision?.metadata.ownerReferences?.some((owner) => owner.uid === uid);
    return isOurs ? asRecord(revision?.['data'])['orchestration'] : undefined;
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    if (error.reason === KubeErrorReason.Forbidden)
      return 'You may not read controllerrevisions, where the run’s own graph is kept';
    return `The run’s own graph cannot be read (${error.message})`;
  }
}
