import { defaultRetries, readDuration } from '../orchestration/durations.ts';
import type { Wait } from '../orchestration/kinds/kind.ts';
import { cutMessage } from '../orchestration/messages.ts';
import { isRunning } from '../orchestration/run-status.ts';
import { StepReason } from '../orchestration/vocabulary/step-reasons.ts';
import { describeWait, findChild, observeAttempt } from './attempts.ts';
import { attemptDeadline, type Deadline, describeLateStart } from './deadlines.ts';
import type { StepChange } from './draft.ts';
import { type Pass, stepAt } from './pass.ts';

/** Records the state of the attempts of all running steps. */
export function recordOutcomes(pass: Pass): void {
  for (const [index, status] of pass.draft.statuses.entries()) {
    if (isRunning(status)) recordOutcome(pass, index);
  }
}

/** Records the state of the attempt of a running step. */
export function recordOutcome(pass: Pass, index: number): void {
  const { draft, observation } = pass;
  const { step, status } = stepAt(pass, index);
  const outcome = observeAttempt(observation, step, status);
  const uid = findChild(observation, status)?.metadata.uid ?? observation.created.get(status.resourceRef?.name ?? '');
  if (uid !== undefined && status.resourceRef) draft.change(index, { resourceRef: { ...status.resourceRef, uid } });
  if (outcome.state === 'Running') draft.change(index, describeAttempt(pass, index, outcome.wait));
  if (outcome.state === 'Succeeded')
    draft.change(index, { phase: 'Succeeded', reason: StepReason.Completed, message: outcome.message ?? '' });
  if (outcome.state === 'Failed') endAttempt(pass, index, outcome.reason, outcome.message, outcome.isFinal);
}

/** What a running attempt waits for, if anything. */
function describeAttempt(pass: Pass, index: number, wait: Wait | undefined): StepChange {
  const { observation, nowMs } = pass;
  const { step, status } = stepAt(pass, index);
  const late = describeLateStart(observation, step, status, nowMs);
  return describeWait(observation, status, wait ?? late.wait);
}

/** Ends the attempts that have passed their deadline. */
export function timeOutAttempts(pass: Pass): void {
  for (const index of pass.draft.steps.keys()) {
    const deadline = deadlineOf(pass, index);
    if (deadline !== undefined && pass.nowMs >= deadline.dueMs)
      endAttempt(pass, index, StepReason.StepTimedOut, deadline.message);
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
    draft.change(index, { phase: 'Retrying', reason, message: cutMessage(message, { end: next }), nextRetryAt });
    return;
  }
  draft.change(index, { phase: 'Failed', reason, message, ...(step.continueOnFailure === true && { ignored: true }) });
}
