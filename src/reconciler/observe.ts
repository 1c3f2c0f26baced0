import type { StoredObject } from '../objects/object.ts';
import { readCreators } from '../orchestration/approvals.ts';
import { readBucket } from '../orchestration/buckets.ts';
import { decodeOrchestrationRun } from '../orchestration/decode.ts';
import type { Policy } from '../orchestration/judge.ts';
import type { StepKinds } from '../orchestration/kinds/step-kinds.ts';
import { isRunFinal, type StepStatus } from '../orchestration/run-status.ts';
import { API_VERSION } from '../orchestration/schema.ts';
import { isEnding } from './ending.ts';
import { readLifetime } from './lifetime.ts';
import type { Memory } from './memory.ts';
import type { NameChild } from './names.ts';
import type { Observation, ObservedRun } from './observation.ts';
import { observePlaces, owesPlace } from './observe-group.ts';
import { observeOrchestration } from './observe-orchestration.ts';
import { observeSource } from './observe-source.ts';
import { listOwners, ownerRun } from './owners.ts';
import type { Cluster } from './ports.ts';
import { adoptChild, readChildren } from './read-children.ts';
import { findUnreadable, readWatched } from './read-kinds.ts';
import { readRun, trustRun } from './read-run.ts';
import { ownerRunOf } from './topics.ts';

export interface ObserveOptions {
  /** Milliseconds since 1970 on the API server's clock, which may be adjusted. */
  readonly now: () => number;
  /** The gate's current policy. */
  readonly policy: () => Policy;
  readonly nameChild: NameChild;
  /** Whether children get the trace context of their attempt as a parameter. */
  readonly passesTraceparent?: boolean;
}

/**
 * Reads everything that the next decision about a run uses. Undefined if the run is gone, or if another controller ran
 * it to its end.
 */
export async function observeRun(
  cluster: Cluster,
  key: string,
  memory: Memory,
  options: ObserveOptions,
): Promise<Observation | undefined> {
  const kept = cluster.getRun(key);
  if (kept === undefined) return undefined;
  const writers = cluster.statusWriters(kept);
  const { kinds } = options.policy();
  if (writers.isForeign) return observeContested(cluster, kept, writers.isOurs, kinds);
  const stub = readRun(kept, false);
  const isStillAwaited = isRunFinal(stub.status) && (await isAwaited(cluster, kept, options.nameChild));
  if (isRunFinal(stub.status) && isSettled(cluster, stub) && !owesPlace(memory, stub))
    return { run: stub, ...nothingDue(kinds), isAwaited: isStillAwaited, held: listHeld(cluster, stub) };
  const object = isRunFinal(stub.status) ? await readWhole(cluster, stub) : kept;
  if (object === undefined) return undefined;
  const read = object === kept ? stub : readRun(object, false);
  const source = await observeSource(cluster, object, read, options.nameChild, kinds);
  const orchestration = await observeOrchestration(cluster, read, memory, options.policy(), source);
  const trusted = trustRun(read, orchestration, options.nameChild, kinds);
  const run = { ...trusted, ...readTraits(cluster, object, options) };
  const rival = observeRival(cluster, run);
  const owners = await listOwners(cluster, object);
  const ofGroup = await observePlaces(cluster, owners, run, orchestration, {
    memory,
    isLeft: rival.rival !== undefined,
    nowMs: options.now(),
  });
  const created = memory.created.get(run.uid) ?? new Map<string, string>();
  const unlisted = findUnreadable(cluster, run, memory, kinds);
  const { errors, ...seen } = await readChildren(cluster, run, {
    created,
    met: memory.met.get(run.uid) ?? new Map<string, true>(),
    unlisted,
    adoptFor: (step) => adoptChild(cluster, run, step, memory, kinds),
  });
  return {
    run,
    orchestration,
    ...(source && { source }),
    kinds,
    ...readLineage(object, owners),
    ...rival,
    ...ofGroup.seen,
    isAwaited: isStillAwaited,
    ...seen,
    errors: [...listErrors(orchestration, source, ofGroup), ...errors],
    owned: mustDeleteOwned(run) ? listOwned(cluster, run) : [],
    held: await findReleasable(cluster, run),
    created,
    refusals: memory.refusals.get(run.uid) ?? new Map<string, string>(),
    waits: new Map([...(memory.waits.get(run.uid) ?? [])].map(([name, { words }]) => [name, words])),
    watched: readWatched(cluster, run, memory, unlisted, kinds),
  };
}

/** The properties of a run that follow from the settings and from the division, and not from the run alone. */
function readTraits(
  { division }: Cluster,
  { metadata }: StoredObject,
  { passesTraceparent }: ObserveOptions,
): Pick<ObservedRun, 'passesTraceparent' | 'isUnlabelled'> {
  const isUnlabelled = !division.isWhole() && readBucket(metadata.labels) === undefined;
  return { ...(passesTraceparent === true && { passesTraceparent }), ...(isUnlabelled && { isUnlabelled }) };
}

function listErrors(...reads: readonly (object | undefined)[]): readonly unknown[] {
  return reads.flatMap((read) => (read !== undefined && 'error' in read ? (read.error ?? []) : []));
}

/**
 * Observes a run whose status another controller writes. Only that status is read. If the other controller alone ran
 * the run to its end, nothing is read.
 */
async function observeContested(
  cluster: Cluster,
  kept: StoredObject,
  isOurs: boolean,
  kinds: StepKinds,
): Promise<Observation | undefined> {
  const stub = readRun(kept, true);
  const isOver = isRunFinal(stub.status);
  if (isOver && !isOurs) return undefined;
  const object = isOver ? await readWhole(cluster, stub) : kept;
  return (
    object && { run: readRun(object, true), ...nothingDue(kinds), isAwaited: false, held: listHeld(cluster, stub) }
  );
}

function observeRival(cluster: Cluster, run: ObservedRun): Pick<Observation, 'rival'> {
  const { namespace, creationTimestamp, isBeingDeleted, status } = run;
  const isDue = status.runId === undefined && !isRunFinal(status) && !isBeingDeleted;
  const rival = isDue ? cluster.rivalOf(namespace, Date.parse(creationTimestamp)) : undefined;
  return rival === undefined ? {} : { rival };
}

/**
 * Whether a finished run needs no more than its stub. The copy keeps no steps of it: they are read if one of its
 * children or its lifetime may need them.
 */
function isSettled(cluster: Cluster, { uid, status }: ObservedRun): boolean {
  return readLifetime(status) !== undefined && cluster.listUnsettledChildren(uid).length === 0;
}

/** The observation of a run for which nothing but the run itself is read. */
function nothingDue(kinds: StepKinds) {
  return {
    orchestration: { state: 'Unread' },
    kinds,
    ancestry: [],
    unreadable: new Map(),
    children: new Map(),
    taken: new Map(),
    owned: [],
    created: new Map(),
    refusals: new Map(),
    waits: new Map(),
    watched: new Map(),
  } as const;
}

async function readWhole(cluster: Cluster, { namespace, name, uid }: ObservedRun): Promise<StoredObject | undefined> {
  const object = await cluster.readObject(API_VERSION, 'OrchestrationRun', namespace, name);
  return object?.metadata.uid === uid ? object : undefined;
}

/**
 * The names of the Orchestrations of the runs that own a run, nearest first, and the users who created the run and
 * those owners.
 */
function readLineage(
  object: StoredObject,
  owners: readonly StoredObject[],
): Required<Pick<Observation, 'ancestry' | 'creators'>> {
  const ancestry = owners.map((run) => decodeOrchestrationRun(run).run.spec.orchestrationRef.name);
  return { ancestry, creators: readCreators([object, ...owners]) };
}

/**
 * Whether a Running step of the run that owns this run has this run as its child. An owner that has ended or is being
 * deleted records nothing more.
 */
async function isAwaited(cluster: Cluster, child: StoredObject, nameChild: NameChild): Promise<boolean> {
  const { metadata } = child;
  const parent = await ownerRun(cluster, child, `${metadata.namespace}/${metadata.name}`);
  if (parent === undefined || parent.metadata.deletionTimestamp !== undefined) return false;
  const run = readRun(parent, false);
  const isOf = ({ name, attempt }: StepStatus) => nameChild(run, name, attempt) === metadata.name;
  return !isRunFinal(run.status) && run.status.stepStatuses.some((step) => step.phase === 'Running' && isOf(step));
}

/** Whether a run must delete its children, whatever its status says about them. */
function mustDeleteOwned(run: ObservedRun): boolean {
  return isRunFinal(run.status) || isEnding(run);
}

/** Children of the run for which something is due. */
function listOwned(cluster: Cluster, { namespace, uid }: ObservedRun): readonly StoredObject[] {
  return cluster.listUnsettledChildren(uid).filter(({ metadata }) => metadata.namespace === namespace);
}

function listHeld(cluster: Cluster, { namespace, name, uid }: ObservedRun): readonly StoredObject[] {
  return cluster.listHeldChildren(`${namespace}/${name}`).filter((child) => ownerRunOf(child)?.uid === uid);
}

/**
 * Children of the run that carry our finalizer. A child that the status does not name either belongs to an earlier
 * attempt and was left behind by a crash, or is named by a newer status. The API server has the newest status.
 */
async function findReleasable(cluster: Cluster, run: ObservedRun): Promise<readonly StoredObject[]> {
  const held = listHeld(cluster, run);
  const named = new Set(run.status.stepStatuses.map(({ resourceRef }) => resourceRef?.name));
  const isNamed = ({ metadata }: StoredObject) => named.has(metadata.name);
  if (run.isBeingDeleted || isRunFinal(run.status) || held.every(isNamed)) return held;
  const live = await readWhole(cluster, run).catch(() => undefined);
  return live?.metadata.resourceVersion === run.resourceVersion ? held : held.filter(isNamed);
}
