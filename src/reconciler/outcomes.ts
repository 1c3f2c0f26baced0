import { cleanupSeconds, defaultRetries, readDuration } from '../orchestration/durations.ts';
import type { Outcome, Wait } from '../orchestration/kinds/kind.ts';
import { cutMessage } from '../orchestration/messages.ts';
import { runIfOf } from '../orchestration/run-if.ts';
import {
  isRunning,
  MOST_PREVIOUS_ATTEMPTS,
  type PreviousAttempt,
  type StepPhase,
  type StepStatus,
} from '../orchestration/run-status.ts';
import { StepReason } from '../orchestration/vocabulary/step-reasons.ts';
import { recordApprovals } from './approvals.ts';
import { describeWait, findChild, mustCleanUp, observeAttempt } from './attempts.ts';
import { attemptDeadline, type Deadline, describeLateStart } from './deadlines.ts';
import type { StepChange } from './draft.ts';
import type { Ending } from './ending.ts';
import { collectOutputs } from './outputs.ts';
import { type Pass, stepAt } from './pass.ts';
import type { Failure } from './summary.ts';

/** Records the state of the attempts of all running steps. */
export function recordOutcomes(pass: Pass): void {
  for (const [index, status] of pass.draft.statuses.entries()) {
    if (isRunning(status)) recordOutcome(pass, index);
  }
}

/** Records the state of the attempt of a running step. */
export function recordOutcome(pass: Pass, index: number): void {
  const { draft, observation } = pass;
  recordApprovals(pass, index);
  const { step, status } = stepAt(pass, index);
  const outcome = observeAttempt(observation, step, status);
  const uid = findChild(observation, status)?.metadata.uid ?? observation.created.get(status.resourceRef?.name ?? '');
  if (uid !== undefined && status.resourceRef) draft.change(index, { resourceRef: { ...status.resourceRef, uid } });
  if (outcome.state === 'Running') {
    const isAskedToEnd = status.reason === StepReason.CleaningUp;
    const cleanup = mustCleanUp(observation, status) && { cleanup: true };
    draft.change(index, { ...(!isAskedToEnd && describeAttempt(pass, index, outcome.wait)), ...cleanup });
  }
  if (outcome.state === 'Succeeded') recordSuccess(pass, index, outcome);
  if (outcome.state !== 'Failed') return;
  if (status.reason === StepReason.CleaningUp) endCleaned(pass, index);
  else endAttempt(pass, index, outcome.reason, outcome.message, outcome.isFinal);
}

/**
 * Records an attempt that succeeded, with its outputs. If the outputs cannot be evaluated, or have no room in the
 * status, the attempt fails instead.
 */
function recordSuccess(pass: Pass, index: number, succeeded: Extract<Outcome, { state: 'Succeeded' }>): void {
  const { outputs, failure } = collectOutputs(pass, index, succeeded);
  if (failure !== undefined) {
    endAttempt(pass, index, StepReason.OutputFailed, failure);
    return;
  }
  const { message = '' } = succeeded;
  const ended = { phase: 'Succeeded', reason: StepReason.Completed, message } as const;
  pass.draft.change(index, { ...ended, ...(outputs && { outputs }) });
}

/**
 * Ends a step whose nested run has cleaned up: like its run if the run has ended the step, or else as an attempt that
 * timed out.
 */
function endCleaned(pass: Pass, index: number): void {
  const ending = endingOf(pass, index);
  const { message = '' } = stepAt(pass, index).status;
  if (ending === undefined) endAttempt(pass, index, StepReason.StepTimedOut, message);
  else pass.draft.change(index, endOf(ending, 'Running'));
}

/**
 * The recorded ending of the run if it concerns a step. A step with `runIf: Always` goes on. If the ending is not
 * recorded yet, only the timeout of a step can have asked its nested run to end.
 */
function endingOf(pass: Pass, index: number): Ending | undefined {
  const { ending } = pass;
  return ending?.isRecorded && runIfOf(stepAt(pass, index).step) !== 'Always' ? ending : undefined;
}

/** How a step ends when its run ends before it does. */
export function endOf({ reason, message }: Ending | Failure, phase: StepPhase): StepChange {
  if (reason === StepReason.RunCancelled) return { phase: 'Cancelled', reason, message };
  return { phase: phase === 'Pending' ? 'Skipped' : 'Failed', reason, message };
}

/** What a running attempt waits for, if anything. */
function describeAttempt(pass: Pass, index: number, wait: Wait | undefined): StepChange {
  const { observation, nowMs } = pass;
  const { step, status } = stepAt(pass, index);
  const late = describeLateStart(observation, step, status, nowMs);
  return describeWait(observation, status, wait ?? late.wait);
}

/** Ends the attempts that have passed their deadline. A nested run that has to clean up gets time for that first. */
export function timeOutAttempts(pass: Pass): void {
  const { draft, nowMs, observation, orchestration } = pass;
  for (const index of draft.steps.keys()) {
    const { status } = stepAt(pass, index);
    const deadline = endingOf(pass, index) === undefined ? deadlineOf(pass, index) : undefined;
    if (deadline === undefined || nowMs < deadline.dueMs) continue;
    const { message } = deadline;
    if (mustCleanUp(observation, status) && nowMs < deadline.dueMs + cleanupSeconds(orchestration) * 1000)
      draft.change(index, { reason: StepReason.CleaningUp, message });
    else endAttempt(pass, index, StepReason.StepTimedOut, message);
  }
}

/** The deadline of the attempt of a running step, if there is one. */
export function deadlineOf(pass: Pass, index: number): Deadline | undefined {
  const { step, status } = stepAt(pass, index);
  if (!isRunning(status)) return undefined;
  return attemptDeadline(pass.observation, step, status, pass.nowMs);
}

/** How many attempts of a step may follow the first. */
export function retriesOf(pass: Pass, index: number): number {
  const { retries } = stepAt(pass, index).step;
  return retries === undefined ? defaultRetries(pass.orchestration) : readDuration(retries);
}

/** Ends an attempt that failed: the step waits for its next attempt, or fails. */
export function endAttempt(pass: Pass, index: number, reason: StepReason, message: string, isFinal = false): void {
  const { draft, nowMs } = pass;
  const { step, status } = stepAt(pass, index);
  const { attempt } = status;
  if (!isFinal && attempt <= retriesOf(pass, index)) {
    const backoffSeconds = readDuration(step.retryBackoffSeconds);
    const nextRetryAt = new Date(nowMs + backoffSeconds * 1000).toISOString();
    const next = `; attempt ${attempt + 1} ${backoffSeconds > 0 ? `starts at ${nextRetryAt}` : 'follows'}`;
    const previousAttempts = recordAttempt(status, reason, message, pass.now);
    draft.change(index, {
      phase: 'Retrying',
      reason,
      message: cutMessage(message, { end: next }),
      nextRetryAt,
      previousAttempts,
    });
    return;
  }
  draft.change(index, { phase: 'Failed', reason, message, ...(step.continueOnFailure === true && { ignored: true }) });
}

/** The previous attempts of a step, with the one that ends now. */
function recordAttempt(
  { attempt, startedAt, resourceRef, previousAttempts = [] }: StepStatus,
  reason: StepReason,
  message: string,
  finishedAt: string,
): readonly PreviousAttempt[] {
  const ended: PreviousAttempt = {
    attempt,
    reason,
    ...(message !== '' && { message: cutMessage(message) }),
    ...(startedAt !== undefined && { startedAt }),
    finishedAt,
    ...(resourceRef !== undefined && { child: resourceRef.name }),
  };
  return [...previousAttempts, ended].slice(-MOST_PREVIOUS_ATTEMPTS);
}
