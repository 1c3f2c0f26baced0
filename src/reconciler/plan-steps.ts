import { decodeRunStatus } from '../orchestration/decode-status.ts';
import { ttlSecondsAfterFinished } from '../orchestration/durations.ts';
import { isRunFinal, isStepFinal } from '../orchestration/run-status.ts';
import { ConditionType } from '../orchestration/vocabulary/conditions.ts';
import { EventReason } from '../orchestration/vocabulary/event-reasons.ts';
import { RunReason } from '../orchestration/vocabulary/run-reasons.ts';
import { askPeople } from './asks.ts';
import {
  cancelChildren,
  createMissing,
  deleteAll,
  deleteUnwanted,
  holdAgain,
  limitFinished,
  releaseRecorded,
} from './children.ts';
import { findOpenStep } from './contradiction.ts';
import { abandonSteps, cancelRecorded, type Execution, executeSteps } from './execute.ts';
import { lifetimeCondition, readLifetime } from './lifetime.ts';
import type { NameChild } from './names.ts';
import type { Action, Observation } from './observation.ts';
import { holdsPlace } from './places.ts';
import { releasePlaces } from './queue.ts';
import { patch, patchIfChanged } from './status-patch.ts';
import { type EndStanding, type Standing, summarise, writeStatus } from './summary.ts';
import { boundTime, stampNow } from './times.ts';

const SNAPSHOT_LOST = { reason: RunReason.SnapshotLost, message: 'the snapshot that the run follows was deleted' };

/** Plans the steps of a run that has started. */
export function planSteps(observation: Observation, nowMs: number, nameChild: NameChild): readonly Action[] {
  const { run, orchestration } = observation;
  if (orchestration.state === 'SnapshotUnreadable') return planUnread(observation, orchestration.words, nowMs);
  const execution =
    orchestration.state === 'Snapshotted'
      ? executeSteps(observation, orchestration.orchestration, nowMs, nameChild)
      : abandonSteps(run.status, SNAPSHOT_LOST, nowMs);
  return record(observation, nowMs, execution, summarise(execution, run.isSuspended));
}

/**
 * A run whose snapshot cannot be read stays as it is. It can still be cancelled, because a cancel needs only what its
 * status names. If it has to clean up, only a cancel with "now" ends it before its snapshot can be read.
 */
function planUnread(observation: Observation, words: string, nowMs: number): readonly Action[] {
  const { run } = observation;
  const awaitsCleanup = run.status.stepStatuses.some((step) => step.cleanup === true && !isStepFinal(step));
  if (run.isCancelledNow || (run.isCancelled && !awaitsCleanup)) {
    const message = `the run was cancelled, and its snapshot cannot be read: ${words}`;
    const standing: Standing = { phase: 'Cancelled', reason: RunReason.RunCancelled, message };
    return record(observation, nowMs, cancelRecorded(run.status, nowMs), standing);
  }
  const standing = { ...waitForSnapshot(words), phase: 'Running' as const };
  const fields = { observedGeneration: run.generation };
  return patchIfChanged(run, writeStatus(decodeRunStatus(run.stored), standing, fields, stampNow(observation, nowMs)));
}

/** The state of a run whose snapshot cannot be read. */
export function waitForSnapshot(words: string): Omit<Standing, 'phase'> {
  return { reason: RunReason.SnapshotUnreadable, message: `cannot read the snapshot that the run follows: ${words}` };
}

/**
 * A run that is over stays over. If one of its steps is not final, another client wrote that status, and the step ends.
 */
export function planEnded(observation: Observation, nowMs: number): readonly Action[] {
  const { status } = observation.run;
  const open = findOpenStep(status.phase ?? '', status.stepStatuses);
  if (open === undefined) return tidyUp(observation, nowMs);
  const failure = { reason: RunReason.StatusContradiction, message: `the status contradicts itself: ${open}` };
  const execution = abandonSteps(status, failure, nowMs);
  const standing = summarise(execution, false);
  return record(
    observation,
    nowMs,
    execution,
    status.phase === 'Cancelled' ? { ...standing, phase: 'Cancelled' } : standing,
  );
}

/** Writes the state of the steps, then does what follows from it. */
function record(
  observation: Observation,
  nowMs: number,
  { statuses, dueAt }: Execution,
  standing: Standing,
): readonly Action[] {
  const { run, orchestration } = observation;
  const now = stampNow(observation, nowMs);
  const fields = { stepStatuses: statuses, observedGeneration: run.generation };
  const written = writeStatus(run.status, standing, fields, now, ttlOf(observation));
  // The snapshot sets the lifetime of the run, so the lifetime is recorded once the snapshot can be read.
  const isUnread = orchestration.state === 'SnapshotUnreadable';
  const status = isUnread
    ? { ...written, conditions: written.conditions.filter(({ type }) => type !== ConditionType.Expires) }
    : written;
  const creates = createMissing(observation, statuses);
  return [
    ...(creates.length > 0 ? [patch(run, status)] : patchIfChanged(run, status)),
    ...(isRunFinal(standing) ? [endEvent(standing)] : askPeople(run.status.stepStatuses, statuses)),
    // This comes before all actions that change a child, because a child is released only if it is still as observed.
    ...releaseRecorded(observation, statuses),
    ...holdAgain(observation, statuses),
    ...cancelChildren(observation, statuses),
    ...(isRunFinal(status) ? deleteAll(observation, status) : deleteUnwanted(observation, statuses)),
    ...limitFinished(observation, statuses),
    ...creates,
    ...requeueAt(dueAt),
  ];
}

/** Deletes the children of a finished run that must not stay and, when its lifetime is over, the run itself. */
function tidyUp(observation: Observation, nowMs: number): readonly Action[] {
  const { status } = observation.run;
  return [
    ...noteLifetime(observation, nowMs),
    ...releasePlaces(observation, nowMs),
    ...releaseRecorded(observation, []),
    ...deleteAll(observation, status),
    ...limitFinished(observation, status.stepStatuses),
    ...expire(observation, nowMs),
  ];
}

/**
 * A run that 0.2 ended does not record how long it is kept. The first reconcile records it, so that its snapshot is not
 * read again.
 */
function noteLifetime(observation: Observation, nowMs: number): readonly Action[] {
  const { run, orchestration } = observation;
  const { status } = run;
  if (readLifetime(status) !== undefined || orchestration.state === 'SnapshotUnreadable') return [];
  const lifetime = lifetimeCondition(ttlOf(observation), new Date(nowMs).toISOString());
  return patchIfChanged(run, { ...status, conditions: [...status.conditions, lifetime] });
}

/** A run whose end time cannot be read never expires. */
function expire(observation: Observation, nowMs: number): readonly Action[] {
  const { status } = observation.run;
  if (observation.isAwaited || holdsPlace(status)) return [];
  const seconds = readLifetime(status) ?? ttlOf(observation) ?? Infinity;
  const expiryMs = boundTime(status.finishedAt, observation.run.creationTimestamp, nowMs) + seconds * 1000;
  return nowMs >= expiryMs ? [{ type: 'DeleteRun' }] : requeueAt([expiryMs]);
}

function ttlOf({ orchestration }: Observation): number | undefined {
  return orchestration.state === 'Snapshotted' ? ttlSecondsAfterFinished(orchestration.orchestration) : undefined;
}

/** The last time that a Date can hold. */
const LATEST_MS = 8.64e15;

/** Requeues at the first of these times. Returns nothing if there is no valid time. */
export function requeueAt(timesMs: readonly number[]): readonly Action[] {
  const soonestMs = Math.min(...timesMs);
  return soonestMs <= LATEST_MS ? [{ type: 'RequeueAt', time: new Date(soonestMs).toISOString() }] : [];
}

/** Reports the end of a run. */
export function endEvent({ phase, reason, message }: EndStanding): Action {
  return {
    type: 'EmitEvent',
    eventType: phase === 'Failed' ? 'Warning' : 'Normal',
    reason: EventReason[phase],
    message: `${reason}: ${message}`,
  };
}
