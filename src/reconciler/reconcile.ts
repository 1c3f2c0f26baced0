import type { ReconcileResult } from '../objects/outcomes.ts';
import { isRunFinal } from '../orchestration/run-status.ts';
import { act } from './act.ts';
import { isIntent } from './children.ts';
import { MOST_CREATES } from './create-children.ts';
import { createFinishedRuns } from './finished.ts';
import type { Memory } from './memory.ts';
import type { Action, Observation } from './observation.ts';
import { type ObserveOptions, observeRun } from './observe.ts';
import { planWithOpenings } from './openings.ts';
import { releaseOrphans } from './orphans.ts';
import type { PlanOptions } from './plan-start.ts';
import type { Cluster } from './ports.ts';
import { readRun } from './read-run.ts';
import type { Requeue } from './requeue.ts';
import { createSlots } from './slots.ts';
import { SMALLEST_WINDOW_MS, writeWindowMs } from './status-size.ts';

/** A child's uid is recorded at most this long after it was observed, or earlier with another write. */
const LAZY_WRITE_MS = 1_000;

export interface ReconcilerOptions extends PlanOptions, ObserveOptions {
  readonly cluster: Cluster;
  /** Milliseconds on a monotonic clock. Only differences are meaningful. */
  readonly elapsed: () => number;
}

export interface Reconciler {
  /** What to do with a finished run for which nothing is due now; undefined if the run needs a reconcile. */
  readonly rest: (key: string) => 'done' | { readonly afterMs: number } | undefined;
  /** Reconciles one run. If it throws, the run is to be retried. */
  readonly reconcile: (key: string) => Promise<ReconcileResult>;
  /**
   * Deletes what is remembered about runs that the copy no longer has, such as those in buckets that were given back.
   * Safety does not depend on it. Returns the keys of these runs.
   */
  readonly forgetAbsent: () => readonly string[];
  /** The keys of the runs with a child that this process created and whose uid the status does not record yet. */
  readonly listUnrecorded: () => readonly string[];
  /**
   * Writes the status of such a run, and does nothing else. A process that continues the run cannot know about a child
   * that was deleted before its uid was recorded, and would create it again. Throws as `reconcile` does.
   */
  readonly recordChildren: (key: string) => Promise<void>;
}

/** What is remembered about the writes of a run between two reconciles. Safety does not depend on it. */
interface Pace {
  readonly nextWriteMs?: number;
  readonly lazySinceMs?: number;
  readonly isContested?: boolean;
  /** The version of the run at which everything began to wait until `nextWriteMs`. */
  readonly heldVersion?: string;
}

/** Each call of `reconcile` observes one run, plans, and acts. */
export function createReconciler({ cluster, now, elapsed, ...options }: ReconcilerOptions): Reconciler {
  const memory: Memory = {
    snapshots: new Map(),
    latest: new Map(),
    refusals: new Map(),
    waits: new Map(),
    created: new Map(),
    met: new Map(),
    holds: new Map(),
    groups: new Map(),
    places: new Map(),
    takers: new Set(),
  };
  const slots = createSlots(MOST_CREATES);
  const finished = createFinishedRuns(cluster, now);
  const paces = new Map<string, { readonly uid: string; readonly pace: Pace }>();

  async function reconcile(key: string): Promise<ReconcileResult> {
    const afterMs = cluster.untilOwnWritesSeenMs(key);
    if (afterMs > 0) return { afterMs };
    const heldMs = untilNextWriteMs(key);
    if (heldMs > 0) return { afterMs: heldMs };
    const observation = await observeRun(cluster, key, memory, { ...options, now });
    const pace = recall(key, observation?.run.uid);
    const failed = await releaseOrphans(cluster, key, observation?.run.uid);
    if (observation === undefined) return failed.length > 0 ? { errors: failed } : 'done';
    const nowMs = now();
    const actions = await planWithOpenings(cluster, observation, nowMs, options);
    const { due, waitMs, next } = regulate(actions, observation, pace, elapsed());
    const requeue = await act({ cluster, key, run: observation.run, memory, slots, elapsed }, due);
    // After a failure, only the queue's back-off delays the next attempt: a delay because of the size of the status
    // would reset the back-off. A write that waits for other changes keeps the time at which it was first due.
    const hasFailed = (requeue.errors ?? []).length > 0;
    paces.set(key, { uid: observation.run.uid, pace: hasFailed ? waitFrom(pace, next) : next });
    const errors = [...failed, ...(observation.errors ?? []), ...(requeue.errors ?? [])];
    return conclude({ ...requeue, errors }, waitMs, now());
  }

  /**
   * How long a run is left alone until the next write of its status, in milliseconds. 0 if the run itself has changed
   * since, because it may have been cancelled or deleted. What its children report in this time is read once, at its
   * end, and not at each event.
   */
  function untilNextWriteMs(key: string): number {
    const { uid, pace } = paces.get(key) ?? {};
    if (pace?.nextWriteMs === undefined || pace.heldVersion === undefined) return 0;
    const run = cluster.getRun(key)?.metadata;
    const isSame = run?.uid === uid && run?.resourceVersion === pace.heldVersion;
    return isSame ? Math.max(0, pace.nextWriteMs - elapsed()) : 0;
  }

  function rest(key: string): ReturnType<Reconciler['rest']> {
    if (memory.takers.has(cluster.getRun(key)?.metadata.uid ?? '')) return undefined;
    const afterMs = finished.restMs(key);
    if (afterMs === undefined) return undefined;
    recall(key, undefined);
    return afterMs === Infinity ? 'done' : { afterMs };
  }

  /**
   * The pace of the run of this name and uid. If another run had the name, everything remembered of that run is
   * deleted.
   */
  function recall(key: string, uid: string | undefined): Pace {
    const known = paces.get(key);
    if (known !== undefined && known.uid === uid) return known.pace;
    if (known !== undefined) for (const part of Object.values(memory)) part.delete(known.uid);
    // A contested run is reported once, even if the other controller ends it and then starts it again.
    const isThere = uid === undefined && cluster.getRun(key)?.metadata.uid === known?.uid;
    if (isThere && known?.pace.isContested === true) return known.pace;
    paces.delete(key);
    if (uid !== undefined) paces.set(key, { uid, pace: {} });
    return {};
  }

  function forgetAbsent(): readonly string[] {
    const absent = [...paces].flatMap(([key, { uid }]) => (cluster.getRun(key)?.metadata.uid === uid ? [] : [key]));
    for (const key of absent) recall(key, undefined);
    return absent;
  }

  function listUnrecorded(): readonly string[] {
    return [...paces].flatMap(([key, { uid }]) => (isUnrecorded(key, memory.created.get(uid)) ? [key] : []));
  }

  function isUnrecorded(key: string, created: ReadonlyMap<string, string> | undefined): boolean {
    const run = cluster.getRun(key);
    if (run === undefined || created === undefined) return false;
    if (cluster.untilOwnWritesSeenMs(key) > 0) return true;
    const { stepStatuses } = readRun(run, false).status;
    return stepStatuses.some(
      (step) => isIntent(step) && step.resourceRef.uid === undefined && created.has(step.resourceRef.name),
    );
  }

  async function recordChildren(key: string): Promise<void> {
    const observation = await observeRun(cluster, key, memory, { ...options, now });
    if (observation === undefined || observation.run.isContested) return;
    const actions = await planWithOpenings(cluster, observation, now(), options);
    const status = actions.filter(({ type }) => type === 'PatchStatus');
    await act({ cluster, key, run: observation.run, memory, slots, elapsed }, status);
  }

  return { reconcile, rest, forgetAbsent, listUnrecorded, recordChildren };
}

/** Returns the soonest of everything that a reconcile asks for. */
function conclude(
  { isOutdated, isNow, atMs, errors = [] }: Requeue,
  waitMs: number | undefined,
  nowMs: number,
): ReconcileResult {
  const waits = [waitMs, isNow ? 0 : undefined, atMs === undefined ? undefined : Math.max(0, atMs - nowMs)];
  const soonest = Math.min(...waits.filter((wait) => wait !== undefined));
  const timed = Number.isFinite(soonest) ? { afterMs: soonest } : undefined;
  if (errors.length > 0) return { errors, ...timed };
  return isOutdated ? 'retry' : (timed ?? 'done');
}

function waitFrom({ lazySinceMs: _, ...pace }: Pace, { lazySinceMs }: Pace): Pace {
  return { ...pace, ...(lazySinceMs !== undefined && { lazySinceMs }) };
}

interface Regulated {
  readonly due: readonly Action[];
  readonly waitMs?: number;
  readonly next: Pace;
}

/**
 * Delays actions that are not urgent. A status that only adds uids waits for other changes. A status is not written
 * again right after its last write; all other actions then wait too, because they rely on what the status says. The
 * write that ends the run does not wait, because no other change follows that it could include.
 */
function regulate(actions: readonly Action[], { run }: Observation, pace: Pace, nowMs: number): Regulated {
  const { isContested } = run;
  // A contested run is reported once.
  if (isContested)
    return { due: actions.filter(({ type }) => !pace.isContested || type !== 'EmitEvent'), next: { isContested } };
  const patch = actions.find((action) => action.type === 'PatchStatus');
  const { lazySinceMs = nowMs, nextWriteMs = 0 } = pace;
  const resting = { ...(pace.nextWriteMs !== undefined && { nextWriteMs }) };
  if (patch === undefined) return { due: actions, next: resting };
  if (nowMs < nextWriteMs && !isRunFinal(patch.status)) {
    const next = { ...resting, lazySinceMs, heldVersion: run.resourceVersion };
    return { due: [], waitMs: nextWriteMs - nowMs, next };
  }
  if (!patch.isUrgent && nowMs < lazySinceMs + LAZY_WRITE_MS) {
    const due = actions.filter((action) => action !== patch && action.type !== 'EmitEvent');
    return { due, waitMs: lazySinceMs + LAZY_WRITE_MS - nowMs, next: { ...resting, lazySinceMs } };
  }
  const isClaim = run.status.runId === undefined;
  // After a write of uids alone, the next write does not wait for steps that end together. It waits only as long as the
  // size of the status requires.
  const restMs = writeWindowMs(patch.status) - (patch.isUrgent ? 0 : SMALLEST_WINDOW_MS);
  return { due: actions, next: isClaim ? {} : { nextWriteMs: nowMs + restMs } };
}
