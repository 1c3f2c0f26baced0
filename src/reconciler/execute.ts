import type { Orchestration } from '../orchestration/decode.ts';
import { cleanupSeconds } from '../orchestration/durations.ts';
import { runIfOf } from '../orchestration/run-if.ts';
import { isStepFinal, type RunStatus, type StepStatus } from '../orchestration/run-status.ts';
import { StepReason } from '../orchestration/vocabulary/step-reasons.ts';
import { mustCleanUp } from './attempts.ts';
import { findContradiction } from './contradiction.ts';
import { describeLateStart } from './deadlines.ts';
import { createDraft, type Draft } from './draft.ts';
import { type Ending, runDeadline } from './ending.ts';
import type { createInputs } from './inputs.ts';
import type { NameChild } from './names.ts';
import type { Observation } from './observation.ts';
import { deadlineOf, endOf, recordOutcomes, retriesOf, timeOutAttempts } from './outcomes.ts';
import { createPass, type Pass, stepAt } from './pass.ts';
import { skipDependents, startAttempts } from './start.ts';
import type { Failure } from './summary.ts';

/** The result of one decision about the steps of a run. */
export interface Execution {
  readonly statuses: readonly StepStatus[];
  /** When something is due although nothing changes, in milliseconds since 1970. */
  readonly dueAt: readonly number[];
  /** Why the run has failed, whatever its steps say. */
  readonly failure?: Failure;
  /** Why the run ends before its steps do. */
  readonly ending?: Ending;
}

/**
 * Decides for the steps of a started run, in the order of docs/reference/semantics.md: child outcomes, end of the run,
 * cancel, run deadline, attempt timeouts, retries, new steps. After a cancel or the deadline, only the cleanup
 * continues. Pure. Cost: linear in steps and edges.
 */
export function executeSteps(
  observation: Observation,
  orchestration: Orchestration,
  nowMs: number,
  nameChild: NameChild,
  inputsOf?: typeof createInputs,
): Execution {
  const pass = createPass(observation, orchestration, nowMs, nameChild, inputsOf);
  const { draft, ending } = pass;
  const contradiction = findContradiction(draft, (index) => 1 + retriesOf(pass, index));
  if (contradiction !== undefined && !observation.run.isCancelled && ending?.isRecorded !== true) {
    const failure = {
      reason: StepReason.StatusContradiction,
      message: `the status contradicts itself: ${contradiction}`,
    };
    endSteps(draft, failure);
    return { statuses: draft.statuses, dueAt: [], failure };
  }
  recordOutcomes(pass);
  skipDependents(pass);
  if (draft.statuses.every(isStepFinal))
    return { statuses: draft.statuses, dueAt: [], ...(ending?.isRecorded && { ending }) };
  if (ending !== undefined) endRun(pass, ending);
  // The ending is recorded before the cleanup continues. Otherwise, a cleanup that ends at once would hide it.
  if (ending === undefined || ending.isRecorded) continueSteps(pass);
  return { statuses: draft.statuses, dueAt: findDueTimes(pass), ...(ending && { ending }) };
}

function continueSteps(pass: Pass): void {
  timeOutAttempts(pass);
  skipDependents(pass);
  startAttempts(pass);
}

/** Ends the steps of a run that cannot continue. */
export function abandonSteps(status: RunStatus, failure: Failure, nowMs: number): Execution {
  const draft = draftRecorded(status, nowMs);
  endSteps(draft, failure);
  return { statuses: draft.statuses, dueAt: [], failure };
}

/** Cancels the steps of a run when only its status is known. */
export function cancelRecorded(status: RunStatus, nowMs: number): Execution {
  const draft = draftRecorded(status, nowMs);
  endSteps(draft, { reason: StepReason.RunCancelled, message: 'the run was cancelled' });
  return { statuses: draft.statuses, dueAt: [] };
}

function draftRecorded(status: RunStatus, nowMs: number): Draft {
  const steps = status.stepStatuses.map(({ name, kind }) => ({ name, kind }));
  return createDraft(steps, status, new Date(nowMs).toISOString());
}

/**
 * Ends the steps of a run that is ending, except its cleanup: steps with `runIf: Always`, and nested runs with such
 * steps. When the time for the cleanup is over, and after a cancel with "now", the cleanup is ended too.
 */
function endRun({ draft, observation, nowMs }: Pass, ending: Ending): void {
  const { isCancelledNow } = observation.run;
  const isOver = isCancelledNow || nowMs >= ending.dueMs;
  const late = isCancelledNow ? ending : { ...ending, message: ending.lateMessage };
  for (const [index, status] of draft.statuses.entries()) {
    const isAlways = runIfOf(draft.steps[index] ?? {}) === 'Always';
    const isCleanup = isAlways || mustCleanUp(observation, status);
    if (!isCleanup || isOver) draft.change(index, endOf(isCleanup ? late : ending, status.phase));
    else if (!isAlways) draft.change(index, { reason: StepReason.CleaningUp, message: ending.message });
  }
}

/**
 * Ends the steps that are not final. They are not retried, and continueOnFailure does not apply. A step that never
 * began is skipped.
 */
function endSteps(draft: Draft, failure: Failure): void {
  for (const [index, { phase }] of draft.statuses.entries()) draft.change(index, endOf(failure, phase));
}

/** The deadlines, retries and late starts that are still to come. */
function findDueTimes(pass: Pass): readonly number[] {
  const { draft, nowMs, observation, orchestration, ending } = pass;
  if (draft.statuses.every(isStepFinal)) return [];
  const times = draft.statuses.flatMap((status, index) => {
    if (status.phase === 'Retrying') return [Date.parse(status.nextRetryAt ?? '')];
    if (status.phase !== 'Running') return [];
    const late = describeLateStart(observation, stepAt(pass, index).step, status, nowMs);
    const extraMs = status.reason === StepReason.CleaningUp ? cleanupSeconds(orchestration) * 1000 : 0;
    return [(deadlineOf(pass, index)?.dueMs ?? Infinity) + extraMs, late.dueMs ?? Infinity];
  });
  const endMs = ending?.dueMs ?? runDeadline(observation.run, orchestration, nowMs);
  return [endMs, ...times].filter((time) => time > nowMs && time < Infinity);
}
