import type { FollowedCluster } from '../kube/cluster.ts';
import { createInterests, type Interests } from '../kube/interests.ts';
import { ORCHESTRATIONS, REVISIONS, RUNS } from '../kube/kinds.ts';
import { LEASES } from '../kube/lease.ts';
import { sleep, type Timing } from '../kube/ports.ts';
import { createQueue, type Queue, type QueueObserver } from '../kube/queue.ts';
import type { StoredObject } from '../objects/object.ts';
import { type ReconcileResult, within } from '../objects/outcomes.ts';
import { bucketLabel, type Division } from '../orchestration/buckets.ts';
import { listChildKinds } from '../orchestration/kinds/step-kinds.ts';
import { type FinalRunPhase, isRunFinal, type RunStatus } from '../orchestration/run-status.ts';
import { API_VERSION } from '../orchestration/schema.ts';
import { Annotation } from '../orchestration/vocabulary/metadata.ts';
import { affectedRuns } from '../reconciler/affected.ts';
import type { ObservedRun } from '../reconciler/observation.ts';
import type { Cluster } from '../reconciler/ports.ts';
import { createReactions, isUnrecordedEnd, type Reactions } from '../reconciler/reactions.ts';
import { createReconciler, type ReconcilerOptions } from '../reconciler/reconcile.ts';
import type { Rivals } from '../reconciler/rivals.ts';
import {
  groupTopic,
  heldTopic,
  keyOfRun,
  topicOf,
  topicOfRun,
  unsettledTopic,
  untriedTopic,
} from '../reconciler/topics.ts';

/** The options of the queues of all kinds. */
export interface WorkOptions {
  readonly followed: FollowedCluster;
  readonly rivals: Rivals;
  readonly division: Division;
  readonly now: () => number;
  readonly timing: Timing;
  readonly onError: (key: string, error: unknown) => void;
  readonly observer: QueueObserver;
  /** Wraps the work on a key. It skips a key of a bucket that is not held, because another replica works on it. */
  readonly guard: (process: Process) => Process;
  /** Wraps the reconcile of an object, so that the supervisor knows which object is in work. */
  readonly track: (process: Process) => Process;
}

type Process = (key: string) => Promise<ReconcileResult>;

/** The methods must not throw. */
export interface RunObserver {
  /** The time from the watch event for the end of a child to the creation of the next child of the run. */
  observeReaction(ms: number): void;
  countEnded(phase: FinalRunPhase): void;
  /** Gets the status that ended a run, as stored. */
  recordEnd?(run: ObservedRun, status: RunStatus): void;
}

export interface RunQueueOptions extends WorkOptions, Omit<ReconcilerOptions, 'cluster' | 'elapsed'> {
  readonly workers: number;
  readonly emitEvent: Cluster['emitEvent'];
  readonly runObserver: RunObserver;
}

/** Adds the keys that an object can affect, if `concerns` accepts them. */
export type See = (changed: StoredObject, concerns?: (key: string) => boolean) => void;

export interface RunQueue extends Queue {
  /**
   * Call this for every change in the cache. It adds the runs that the change can affect, of those whose keys `concerns`
   * accepts. The default is all.
   */
  readonly see: See;
  /** Call this when a kind has been listed. It adds the runs that wait for the list. */
  readonly seeList: (kind: string) => void;
  /** Call this when the cache has given up buckets. It forgets their runs. */
  readonly forgetAbsent: () => void;
  /**
   * Records the children that no status records yet, of the runs whose keys `concerns` accepts. It takes about as long as
   * a write and its watch event. It does not throw: what could not be written goes to `onError`.
   */
  readonly recordChildren: (concerns: (key: string) => boolean) => Promise<void>;
}

/** How long `recordChildren` waits before it looks again whether the copy has what this process wrote. */
const LOOK_AGAIN_MS = 20;

/** How long a reconcile waits for a change that no event announces. */
export const POLL_MS = 10_000;

/** Creates the queue that executes runs. */
export function createRunQueue({
  followed,
  rivals,
  division,
  timing,
  workers,
  onError,
  observer,
  guard,
  track,
  emitEvent,
  runObserver,
  ...options
}: RunQueueOptions): RunQueue {
  const { kinds } = options.policy();
  const reactions = createReactions(kinds);
  const interests = createInterests();
  /** The keys of runs that depend on objects that the copy does not follow. */
  const polls = new Set<string>();
  const poll = (key: string) => void polls.add(key);
  const port = connect({ followed, rivals, division, interests, emitEvent, poll });
  const cluster = measure(port, reactions, timing, runObserver);
  const reconciler = createReconciler({ ...options, elapsed: timing.now, cluster });
  const reconcile = track(async (key) => {
    interests.forget(key);
    polls.delete(key);
    const reconciled = await reconciler.reconcile(key);
    const outcome = within(polls.has(key) ? POLL_MS : Infinity, reconciled);
    const { afterMs = Infinity } = outcome === 'retry' ? { afterMs: 0 } : outcome === 'done' ? {} : outcome;
    reactions.settle(key, afterMs);
    return outcome;
  });
  async function recordChildrenOf(key: string): Promise<void> {
    const { signal } = new AbortController();
    while (followed.untilOwnWritesSeenMs(key) > 0) await sleep(timing, LOOK_AGAIN_MS, signal);
    await reconciler.recordChildren(key);
  }
  // Nothing is due for most finished runs, of which there can be thousands. They are not reported to the supervisor.
  const process = guard(async (key) => reconciler.rest(key) ?? reconcile(key));
  const queue = createQueue({ workers, process, onError, timing, observer });
  const runOf = (child: StoredObject) => followed.peek(API_VERSION, RUNS.kind, keyOfRun(child));
  return {
    ...queue,
    start() {
      for (const { kind } of listChildKinds(kinds))
        for (const child of followed.values(kind))
          if (isUnrecordedEnd(child, runOf, kinds)) queue.add(keyOfRun(child), true);
      queue.start();
    },
    see(changed, concerns = () => true) {
      const keys = affectedRuns(changed, interests.keysOf, kinds).filter(concerns);
      if (keys.length > 0) reactions.see(changed, timing.now());
      const isUrgent = isUnrecordedEnd(changed, runOf, kinds);
      for (const key of keys) queue.add(key, isUrgent);
    },
    seeList(kind) {
      for (const key of interests.keysOf(listOf(kind))) queue.add(key);
    },
    forgetAbsent() {
      for (const key of reconciler.forgetAbsent()) interests.forget(key);
    },
    async recordChildren(concerns) {
      const keys = reconciler.listUnrecorded().filter(concerns);
      await Promise.all(keys.map((key) => recordChildrenOf(key).catch((error: unknown) => onError(key, error))));
    },
  };
}

/** Returns the topic of runs that wait for the list of a kind. */
function listOf(kind: string): string {
  return `list of ${kind}`;
}

interface Connected extends Pick<WorkOptions, 'followed' | 'rivals' | 'division'>, Pick<Cluster, 'emitEvent' | 'poll'> {
  readonly interests: Interests;
}

/** Implements the port of the reconciler. */
function connect({ followed, rivals, division, interests, emitEvent, poll }: Connected): Cluster {
  return {
    division,
    poll,
    getRun: (key, forRun) => {
      if (forRun !== undefined) interests.add(forRun, topicOfRun(key));
      return followed.getObject(API_VERSION, RUNS.kind, key);
    },
    getOrchestration: (namespace, name, forRun) => {
      interests.add(forRun, topicOf(ORCHESTRATIONS.kind, namespace, name));
      return followed.getObject(API_VERSION, ORCHESTRATIONS.kind, `${namespace}/${name}`);
    },
    getObject: followed.getObject,
    listOffers: ({ apiVersion, kind }, namespace, text, forRun) => {
      const topic = topicOf(kind, namespace, text);
      interests.add(forRun, topic);
      return followed.listObjects(apiVersion, kind, namespace, topic);
    },
    unreadable: (apiVersion, kind, namespace, forRun) => {
      const words = followed.unreadable(apiVersion, kind, namespace);
      if (words !== undefined) interests.add(forRun, listOf(kind));
      return words;
    },
    listUnsettledChildren: (runUid) => followed.about(unsettledTopic(runUid)),
    listHeldChildren: (key) => followed.about(heldTopic(key)),
    listGroup: (namespace, name) => followed.about(groupTopic(namespace, name)),
    listUntried: (namespace) => followed.about(untriedTopic(namespace)),
    statusWriters: followed.statusWriters,
    rivalOf: rivals.of,
    untilOwnWritesSeenMs: followed.untilOwnWritesSeenMs,
    readObject: followed.readObject,
    readSnapshot: (namespace, name) => followed.read(REVISIONS, namespace, name),
    listPlaces: async (namespace, label, value) =>
      (await followed.list(LEASES, { namespace, labelSelector: `${label}=${value}` })) as readonly StoredObject[],
    create: (object, forRun) =>
      followed.create(
        [REVISIONS, LEASES].find(({ kind }) => kind === object['kind']),
        object,
        forRun,
      ),
    dryRunCreate: async (object) => (await followed.dryRunCreate(object)) as StoredObject,
    labelRun: ({ namespace, name, uid, resourceVersion }, bucket) =>
      followed.label(RUNS, { namespace, name, uid, resourceVersion }, bucketLabel(bucket), `${namespace}/${name}`),
    patchRunStatus: ({ namespace, name, uid, resourceVersion }, status) =>
      followed.patchStatus(RUNS, { namespace, name, uid, resourceVersion }, status, `${namespace}/${name}`),
    setChildTtl: (apiVersion, kind, namespace, name, uid, seconds) =>
      followed.merge(apiVersion, kind, { namespace, name, uid }, { spec: { ttlSecondsAfterFinished: seconds } }),
    cancelChild: (apiVersion, kind, namespace, name, uid) =>
      followed.merge(
        apiVersion,
        kind,
        { namespace, name, uid },
        { metadata: { annotations: { [Annotation.Cancel]: 'true' } } },
      ),
    setFinalizers: ({ apiVersion, kind, metadata }, finalizers, forRun) =>
      followed.setFinalizers(apiVersion, kind, metadata, finalizers, forRun),
    delete: (apiVersion, kind, namespace, name, uid) => followed.delete(apiVersion, kind, { namespace, name, uid }),
    deletePlace: (namespace, name, uid) => followed.deleteAtOnce(LEASES, { namespace, name, uid }),
    emitEvent,
  };
}

/** Wraps a cluster to observe its writes. */
function measure(cluster: Cluster, reactions: Reactions, timing: Timing, observer: RunObserver): Cluster {
  return {
    ...cluster,
    async create(object, forRun) {
      const written = await cluster.create(object, forRun);
      const isChild = ![REVISIONS, LEASES].some(({ kind }) => kind === object['kind']);
      const reactionMs = isChild && written.outcome === 'Done' ? reactions.create(forRun, timing.now()) : undefined;
      if (reactionMs !== undefined) observer.observeReaction(reactionMs);
      return written;
    },
    async patchRunStatus(run, status) {
      const written = await cluster.patchRunStatus(run, status);
      const hasEnded = isRunFinal(status) && status.phase !== run.status.phase;
      if (hasEnded && written.outcome === 'Done') {
        observer.countEnded(status.phase);
        observer.recordEnd?.(run, status);
      }
      return written;
    },
  };
}
