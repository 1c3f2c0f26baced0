import type { FollowedCluster } from '../kube/cluster.ts';
import { createInterests, type Interests } from '../kube/interests.ts';
import type { Timing } from '../kube/ports.ts';
import { createQueue, type Outcome, type Queue, type QueueObserver } from '../kube/queue.ts';
import { namespacedResource, type Resource } from '../kube/resources.ts';
import { decodeOrchestration } from '../orchestration/decode.ts';
import { historyLimit } from '../orchestration/durations.ts';
import type { Policy } from '../orchestration/judge.ts';
import { listResources, type StepKinds } from '../orchestration/kinds/step-kinds.ts';
import { type FinalRunPhase, isRunFinal } from '../orchestration/run-status.ts';
import { API_VERSION, GROUP, VERSION } from '../orchestration/schema.ts';
import { affectedRuns } from './affected.ts';
import { createEngine, type EngineOptions } from './engine.ts';
import { findExcess, historyOf } from './history.ts';
import { planOrchestration } from './orchestrations.ts';
import type { Cluster } from './ports.ts';
import { createReactions, type Reactions } from './reactions.ts';
import { RIVAL, type Rivals } from './rivals.ts';
import type { KubeObject } from './snapshot.ts';
import { heldTopic, historyTopic, topicOf, topicOfRun, unsettledTopic } from './topics.ts';

export const RUNS = namespacedResource(GROUP, VERSION, 'OrchestrationRun', 'orchestrationruns');
export const ORCHESTRATIONS = namespacedResource(GROUP, VERSION, 'Orchestration', 'orchestrations');
const REVISIONS = namespacedResource('apps', 'v1', 'ControllerRevision', 'controllerrevisions');

/** What the reconciler follows: runs, Orchestrations, and what steps create and wait for. Runs are both. */
export function followedResources(kinds: StepKinds): readonly Resource[] {
  return [RUNS, ORCHESTRATIONS, ...listResources(kinds).filter(({ kind }) => kind !== RUNS.kind)];
}

/** Two keep up with what people edit. */
const ORCHESTRATION_WORKERS = 2;

interface QueueOptions {
  readonly followed: FollowedCluster;
  readonly rivals: Rivals;
  readonly now: () => number;
  readonly timing: Timing;
  readonly onError: (key: string, error: unknown) => void;
  readonly observer: QueueObserver;
  /** Put around the look at an object. */
  readonly guard: (process: (key: string) => Promise<Outcome>) => (key: string) => Promise<Outcome>;
}

/** Must not throw. */
export interface RunObserver {
  /** From the sight of a child that ended to the creation of the next of its run. */
  observeReaction(ms: number): void;
  countEnded(phase: FinalRunPhase): void;
}

export interface RunQueueOptions extends QueueOptions, Omit<EngineOptions, 'cluster' | 'elapsed'> {
  readonly workers: number;
  readonly emitEvent: Cluster['emitEvent'];
  readonly runObserver: RunObserver;
}

export interface RunQueue extends Queue {
  /** To be called for every change in the copy: adds the runs that it may move. */
  readonly see: (changed: KubeObject) => void;
  /** To be called when a kind has been listed: adds the runs that could not read it. */
  readonly seeList: (kind: string) => void;
}

/** Executes runs. */
export function createRunQueue({
  followed,
  rivals,
  timing,
  workers,
  onError,
  observer,
  guard,
  emitEvent,
  runObserver,
  ...options
}: RunQueueOptions): RunQueue {
  const { kinds } = options.policy();
  const reactions = createReactions(kinds);
  const interests = createInterests();
  const cluster = measure(connect(followed, rivals, interests, emitEvent), reactions, timing, runObserver);
  const engine = createEngine({ ...options, elapsed: timing.now, cluster });
  const process = async (key: string): Promise<Outcome> => {
    interests.forget(key);
    const outcome = await engine.reconcile(key);
    const { afterMs = Infinity } = outcome === 'retry' ? { afterMs: 0 } : outcome === 'done' ? {} : outcome;
    reactions.settle(key, afterMs);
    if (typeof outcome === 'string' || !('errors' in outcome)) return outcome;
    for (const error of outcome.errors) onError(key, error);
    return { afterMs, isRetry: true };
  };
  const look = guard(process);
  // Of thousands of finished runs nothing is due: they are not named to the supervisor one by one.
  const lookOrRest = (key: string): Promise<Outcome> => {
    const rest = engine.rest(key);
    return rest === undefined ? look(key) : Promise.resolve(rest);
  };
  const queue = createQueue({ workers, process: lookOrRest, onError, timing, observer });
  return {
    ...queue,
    see(changed) {
      reactions.see(changed, timing.now());
      for (const key of affectedRuns(changed, interests.keysOf, kinds)) queue.add(key);
    },
    seeList(kind) {
      for (const key of interests.keysOf(listOf(kind))) queue.add(key);
    },
  };
}

export interface OrchestrationQueueOptions extends QueueOptions {
  readonly policy: () => Policy;
  /** How many finished runs are kept of an Orchestration that does not say; undefined: all. */
  readonly historyLimit: number | undefined;
}

/**
 * Keeps the status of Orchestrations, and their history within its limit. `see` is to be called for every change in the copy.
 */
export function createOrchestrationQueue({
  followed,
  rivals,
  now,
  guard,
  policy,
  historyLimit: otherwise,
  ...options
}: OrchestrationQueueOptions): Queue & { readonly see: (changed: KubeObject) => void } {
  const judge = async (key: string): Promise<Outcome> => {
    const object = followed.getObject(API_VERSION, ORCHESTRATIONS.kind, key);
    if (object === undefined) return 'done';
    const untilMs = rivals.leaveUntilMs(object.metadata.namespace, followed.rivalWroteMs(object));
    if (untilMs !== undefined) return { afterMs: untilMs - now() };
    return writeOrchestrationStatus(followed, object, policy(), new Date(now()).toISOString());
  };
  const process = async (key: string): Promise<Outcome> => {
    const outcome = await judge(key);
    if (outcome === 'retry') return outcome;
    const limited = await limitHistory(followed, key, otherwise);
    return limited === 'done' ? outcome : limited;
  };
  const queue = createQueue({ ...options, workers: ORCHESTRATION_WORKERS, process: guard(process) });
  return {
    ...queue,
    see(changed) {
      const { kind, metadata } = changed;
      const key = kind === ORCHESTRATIONS.kind ? `${metadata.namespace}/${metadata.name}` : historyOf(changed);
      if (key !== undefined) queue.add(key);
    },
  };
}

/** At one look, or a thousand deletes would hold up what others wait for. */
const MOST_DELETES = 50;

/** Deletes the oldest finished runs of an Orchestration beyond what its policies, as they are now, want to keep. */
async function limitHistory(followed: FollowedCluster, key: string, otherwise: number | undefined): Promise<Outcome> {
  const object = followed.getObject(API_VERSION, ORCHESTRATIONS.kind, key);
  const limit = object && (historyLimit(decodeOrchestration(object).orchestration) ?? otherwise);
  if (object === undefined || limit === undefined) return 'done';
  const { namespace } = object.metadata;
  const runs = followed.listObjects(API_VERSION, RUNS.kind, namespace, historyTopic(key));
  const excess = findExcess(
    runs.filter((run) => followed.statusWriters(run).isOurs),
    limit,
  );
  for (const { metadata } of excess.slice(0, MOST_DELETES)) {
    const written = await followed.delete(API_VERSION, RUNS.kind, metadata);
    if (written.outcome === 'Refused') throw new Error(`${metadata.name} could not be deleted: ${written.message}`);
  }
  return excess.length > MOST_DELETES ? { afterMs: 1_000 } : 'done';
}

async function writeOrchestrationStatus(
  followed: FollowedCluster,
  object: KubeObject,
  policy: Policy,
  now: string,
): Promise<Outcome> {
  if (followed.statusWriters(object).others.some((writer) => writer !== RIVAL.fieldManager)) return 'done';
  const status = planOrchestration(object, policy, now);
  if (status === undefined) return 'done';
  const { namespace, name, uid, resourceVersion = '' } = object.metadata;
  const version = { namespace, name, uid, resourceVersion };
  const written = await followed.patchStatus(
    ORCHESTRATIONS,
    version,
    status,
    `${namespace}/${name}#${ORCHESTRATIONS.kind}`,
  );
  // Nothing that an Orchestration says makes its status wrong: whoever refuses it may change their mind.
  if (written.outcome === 'Refused') throw new Error(`its status was refused: ${written.message}`);
  return written.outcome === 'Outdated' ? 'retry' : 'done';
}

/** The topic of runs that wait for a kind to be listed. */
function listOf(kind: string): string {
  return `list of ${kind}`;
}

/** The port to the cluster. */
function connect(
  followed: FollowedCluster,
  rivals: Rivals,
  interests: Interests,
  emitEvent: Cluster['emitEvent'],
): Cluster {
  return {
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
    statusWriters: followed.statusWriters,
    rivalOf: rivals.of,
    untilOwnWritesSeenMs: followed.untilOwnWritesSeenMs,
    readObject: followed.readObject,
    readSnapshot: (namespace, name) => followed.read(REVISIONS, namespace, name),
    create: (object, forRun) =>
      followed.create(object['kind'] === REVISIONS.kind ? REVISIONS : undefined, object, forRun),
    dryRunCreate: async (object) => (await followed.dryRunCreate(object)) as KubeObject,
    patchRunStatus: ({ namespace, name, uid, resourceVersion }, status) =>
      followed.patchStatus(RUNS, { namespace, name, uid, resourceVersion }, status, `${namespace}/${name}`),
    setChildTtl: (apiVersion, kind, namespace, name, uid, seconds) =>
      followed.patchSpec(apiVersion, kind, { namespace, name, uid }, { ttlSecondsAfterFinished: seconds }),
    setFinalizers: ({ apiVersion, kind, metadata }, finalizers, forRun) =>
      followed.setFinalizers(apiVersion, kind, metadata, finalizers, forRun),
    delete: (apiVersion, kind, namespace, name, uid) => followed.delete(apiVersion, kind, { namespace, name, uid }),
    emitEvent,
  };
}

/** The same cluster, with what is done to it counted. */
function measure(cluster: Cluster, reactions: Reactions, timing: Timing, observer: RunObserver): Cluster {
  return {
    ...cluster,
    async create(object, forRun) {
      const written = await cluster.create(object, forRun);
      const isChild = object['kind'] !== REVISIONS.kind;
      const reactionMs = isChild && written.outcome === 'Done' ? reactions.create(forRun, timing.now()) : undefined;
      if (reactionMs !== undefined) observer.observeReaction(reactionMs);
      return written;
    },
    async patchRunStatus(run, status) {
      const written = await cluster.patchRunStatus(run, status);
      const hasEnded = isRunFinal(status) && status.phase !== run.status.phase;
      if (hasEnded && written.outcome === 'Done') observer.countEnded(status.phase);
      return written;
    },
  };
}
