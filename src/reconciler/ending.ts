import { type Condition, findCondition } from '../orchestration/conditions.ts';
import type { Orchestration } from '../orchestration/decode.ts';
import { cleanupSeconds, totalSeconds } from '../orchestration/durations.ts';
import type { RunStatus } from '../orchestration/run-status.ts';
import { ConditionType } from '../orchestration/vocabulary/conditions.ts';
import { RunReason } from '../orchestration/vocabulary/run-reasons.ts';
import type { ObservedRun } from './observation.ts';
import { boundTime } from './times.ts';

/** Why a run ends before its steps do. It decides the final phase, whatever happens later. */
export interface Ending {
  readonly reason: 'RunCancelled' | 'RunTimedOut';
  readonly message: string;
  /** When the cleanup must end, in milliseconds since 1970, and the message that it then gets. */
  readonly dueMs: number;
  readonly lateMessage: string;
  /** Whether the status records it, in the condition CleaningUp. */
  readonly isRecorded: boolean;
}

/**
 * The ending that the status records, or else the one that is due now: by a cancel, or by the deadline of the run. If
 * the cancel annotation is removed later, the recorded ending holds.
 */
export function findEnding(run: ObservedRun, orchestration: Orchestration, nowMs: number): Ending | undefined {
  const recorded = findCleanup(run.status);
  const reason = recorded === undefined ? findDue(run, orchestration, nowMs) : reasonOf(recorded);
  if (reason === undefined) return undefined;
  const seconds = cleanupSeconds(orchestration);
  const sinceMs = recorded === undefined ? nowMs : boundTime(recorded.lastTransitionTime, run.creationTimestamp, nowMs);
  return {
    reason,
    message:
      reason === RunReason.RunCancelled
        ? 'the run was cancelled'
        : `the run took longer than ${totalSeconds(orchestration)} s`,
    dueMs: sinceMs + seconds * 1000,
    lateMessage: `the cleanup took longer than ${seconds} s`,
    isRecorded: recorded !== undefined,
  };
}

/** Whether a run is to be cancelled, or its cleanup has begun. */
export function isEnding({ isCancelled, status }: ObservedRun): boolean {
  return isCancelled || findCleanup(status) !== undefined;
}

function findCleanup({ conditions }: RunStatus) {
  const condition = findCondition(conditions, ConditionType.CleaningUp);
  return condition?.status === 'True' ? condition : undefined;
}

function reasonOf({ reason }: Pick<Condition, 'reason'>): Ending['reason'] {
  return reason === RunReason.RunTimedOut ? RunReason.RunTimedOut : RunReason.RunCancelled;
}

function findDue(run: ObservedRun, orchestration: Orchestration, nowMs: number): Ending['reason'] | undefined {
  if (run.isCancelled) return RunReason.RunCancelled;
  return nowMs >= runDeadline(run, orchestration, nowMs) ? RunReason.RunTimedOut : undefined;
}

/**
 * The deadline of the run, in milliseconds since 1970. It counts from the start of the run, limited to what the API
 * server's own times allow.
 */
export function runDeadline(
  { status, creationTimestamp }: ObservedRun,
  orchestration: Orchestration,
  nowMs: number,
): number {
  const seconds = totalSeconds(orchestration);
  return seconds === 0 ? Infinity : boundTime(status.startedAt, creationTimestamp, nowMs) + seconds * 1000;
}
