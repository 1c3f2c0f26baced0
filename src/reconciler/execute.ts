import type { Orchestration } from '../orchestration/decode.ts';
import { defaultRetries, maxParallel, readDuration, totalSeconds } from '../orchestration/durations.ts';
import {
  cutMessage,
  isRunning,
  isSatisfied,
  isStepFinal,
  type RunStatus,
  type StepStatus,
} from '../orchestration/run-status.ts';
import type { Step } from '../orchestration/schema.ts';
import { StepReason } from '../orchestration/vocabulary/step-reasons.ts';
import { describeWait, findChild, observeAttempt } from './attempts.ts';
import { findUnwanted } from './children.ts';
import { findContradiction } from './contradiction.ts';
import { attemptDeadline, type Deadline, describeLateStart } from './deadlines.ts';
import { createDraft, type Draft, type StepChange } from './draft.ts';
import type { ChildKind, Wait } from './kinds/kind.ts';
import { stepKinds } from './kinds/table.ts';
import type { NameChild } from './names.ts';
import type { Snapshot } from './snapshot.ts';
import type { Failure } from './summary.ts';
import { boundTime, stampNow } from './times.ts';

/** What a run's steps come to. */
export interface Execution {
  readonly statuses: readonly StepStatus[];
  /** When, without any event, something comes due: milliseconds since 1970. */
  readonly dueAt: readonly number[];
  /** The run has failed for this, whatever its steps say. */
  readonly failure?: Failure;
}

interface Pass {
  readonly snapshot: Snapshot;
  readonly orchestration: Orchestration;
  readonly draft: Draft;
  readonly nowMs: number;
  readonly now: string;
  readonly nameChild: NameChild;
  /** How many more children may run. */
  room: number;
}

/**
 * Decides for the steps of a started run, in the order of docs/semantics.md: child outcomes, end of the run, cancel, run
 * deadline, attempt timeouts, retries, new steps. Pure. Cost: linear in steps and edges.
 */
export function executeSteps(
  snapshot: Snapshot,
  orchestration: Orchestration,
  nowMs: number,
  nameChild: NameChild,
): Execution {
  const now = stampNow(snapshot, nowMs);
  const draft = createDraft(orchestration.steps, snapshot.run.status, now);
  const pass: Pass = { snapshot, orchestration, draft, nowMs, now, nameChild, room: Infinity };
  const contradiction = findContradiction(draft, (index) => 1 + retriesOf(pass, index));
  if (contradiction !== undefined && !snapshot.run.isCancelled) {
    const failure = {
      reason: StepReason.StatusContradiction,
      message: `the status contradicts itself: ${contradiction}`,
    };
    endSteps(draft, failure);
    return { statuses: draft.statuses, dueAt: [], failure };
  }
  recordOutcomes(pass);
  if (draft.statuses.every(isStepFinal)) return { statuses: draft.statuses, dueAt: [] };
  if (snapshot.run.isCancelled) cancelSteps(draft);
  else if (nowMs >= runDeadline(pass)) {
    endSteps(draft, {
      reason: StepReason.RunTimedOut,
      message: `the run took longer than ${totalSeconds(orchestration)} s`,
    });
  } else {
    timeOutAttempts(pass);
    if (!snapshot.run.isSuspended) {
      pass.room = countRoom(pass);
      retrySteps(pass);
      startSteps(pass);
    }
  }
  return { statuses: draft.statuses, dueAt: findDueTimes(pass) };
}

/** What becomes of the steps of a run that cannot go on: those that are not over end with it. */
export function abandonSteps(status: RunStatus, failure: Failure, nowMs: number): Execution {
  const draft = draftRecorded(status, nowMs);
  endSteps(draft, failure);
  return { statuses: draft.statuses, dueAt: [], failure };
}

/** What becomes of the steps of a run that is cancelled while nobody knows more of them than its status. */
export function cancelRecorded(status: RunStatus, nowMs: number): Execution {
  const draft = draftRecorded(status, nowMs);
  cancelSteps(draft);
  return { statuses: draft.statuses, dueAt: [] };
}

function draftRecorded(status: RunStatus, nowMs: number): Draft {
  const steps = status.stepStatuses.map(({ name, kind }) => ({ name, kind }));
  return createDraft(steps, status, new Date(nowMs).toISOString());
}

function recordOutcomes(pass: Pass): void {
  const { draft } = pass;
  for (const index of draft.steps.keys()) {
    if (isRunning(draft.statuses[index] as StepStatus)) recordOutcome(pass, index);
  }
  draft.skipDependents();
}

function recordOutcome(pass: Pass, index: number): void {
  const { draft, snapshot } = pass;
  const status = draft.statuses[index] as StepStatus;
  const outcome = observeAttempt(snapshot, draft.steps[index] as Step, status);
  const uid = findChild(snapshot, status)?.metadata.uid ?? snapshot.created.get(status.resourceRef?.name ?? '');
  if (uid !== undefined && status.resourceRef) draft.change(index, { resourceRef: { ...status.resourceRef, uid } });
  if (outcome.state === 'Running') draft.change(index, describeAttempt(pass, index, outcome.wait));
  if (outcome.state === 'Succeeded')
    draft.change(index, { phase: 'Succeeded', reason: StepReason.Completed, message: outcome.message ?? '' });
  if (outcome.state === 'Failed') endAttempt(pass, index, outcome.reason, outcome.message, outcome.isFinal);
}

/** What a running attempt waits for, if for anything. */
function describeAttempt({ draft, snapshot, nowMs }: Pass, index: number, wait: Wait | undefined): StepChange {
  const status = draft.statuses[index] as StepStatus;
  const late = describeLateStart(snapshot, draft.steps[index] as Step, status, nowMs);
  return describeWait(snapshot, status, wait ?? late.wait);
}

function retriesOf({ draft, orchestration }: Pass, index: number): number {
  const { retries } = draft.steps[index] as Step;
  return retries === undefined ? defaultRetries(orchestration) : readDuration(retries);
}

/** The attempt failed: another one waits for its time, or the step has failed. */
function endAttempt(pass: Pass, index: number, reason: StepReason, message: string, isFinal = false): void {
  const { draft, nowMs } = pass;
  const step = draft.steps[index] as Step;
  const { attempt } = draft.statuses[index] as StepStatus;
  if (!isFinal && attempt <= retriesOf(pass, index)) {
    const backoffSeconds = readDuration(step.retryBackoffSeconds);
    const nextRetryAt = new Date(nowMs + backoffSeconds * 1000).toISOString();
    const next = `; attempt ${attempt + 1} ${backoffSeconds > 0 ? `starts at ${nextRetryAt}` : 'follows'}`;
    draft.change(index, { phase: 'Retrying', reason, message: cutMessage(message, next), nextRetryAt });
    return;
  }
  draft.change(index, { phase: 'Failed', reason, message, ...(step.continueOnFailure === true && { ignored: true }) });
}

function cancelSteps(draft: Draft): void {
  const message = 'the run was cancelled';
  for (const index of draft.steps.keys())
    draft.change(index, { phase: 'Cancelled', reason: StepReason.RunCancelled, message });
}

/** Ends what is not over yet, neither retried nor tolerated; what never began is skipped. */
function endSteps(draft: Draft, { reason, message }: Failure): void {
  for (const [index, { phase }] of draft.statuses.entries()) {
    draft.change(index, { phase: phase === 'Pending' ? 'Skipped' : 'Failed', reason, message });
  }
}

/** When a run or a gate began, as far as that can be true. */
function boundedStart({ snapshot, nowMs }: Pass, { startedAt }: { readonly startedAt?: string }): number {
  return boundTime(startedAt, snapshot.run.creationTimestamp, nowMs);
}

function runDeadline(pass: Pass): number {
  const { orchestration, snapshot } = pass;
  const seconds = totalSeconds(orchestration);
  return seconds === 0 ? Infinity : boundedStart(pass, snapshot.run.status) + seconds * 1000;
}

function timeOutAttempts(pass: Pass): void {
  const { draft, nowMs } = pass;
  for (const index of draft.steps.keys()) {
    const deadline = deadlineOf(pass, index);
    if (deadline !== undefined && nowMs >= deadline.dueMs)
      endAttempt(pass, index, StepReason.StepTimedOut, deadline.message);
  }
  draft.skipDependents();
}

function deadlineOf({ draft, snapshot, nowMs }: Pass, index: number): Deadline | undefined {
  const status = draft.statuses[index] as StepStatus;
  if (!isRunning(status)) return undefined;
  return attemptDeadline(snapshot, draft.steps[index] as Step, status, nowMs);
}

/** A timed-out child runs until it is gone. */
function countRoom({ draft, orchestration, snapshot }: Pass): number {
  const limit = maxParallel(orchestration);
  if (limit === 0) return Infinity;
  const isTaking = (status: StepStatus) =>
    (status.phase === 'Running' && status.resourceRef !== undefined) || findUnwanted(snapshot, status) !== undefined;
  return limit - draft.statuses.filter(isTaking).length;
}

/** A timed-out child must be gone before the next attempt, or two would run at once. */
function retrySteps(pass: Pass): void {
  const { draft, nowMs, snapshot } = pass;
  for (const [index, status] of draft.statuses.entries()) {
    if (status.phase !== 'Retrying' || nowMs < Date.parse(status.nextRetryAt ?? '')) continue;
    if (findUnwanted(snapshot, status) === undefined) startAttempt(pass, index);
  }
}

/**
 * Starts what is ready: first what needs no child, since it may end at once and make others ready, then children, in
 * declaration order. Linear: each step is looked at once, when its last dependency is satisfied.
 */
function startSteps(pass: Pass): void {
  const { draft } = pass;
  const isPending = (index: number) => draft.statuses[index]?.phase === 'Pending';
  const countUnsatisfied = (index: number) =>
    draft.dependenciesOf(index).filter((status) => !isSatisfied(status)).length;
  const unsatisfied = draft.steps.map((_, index) => (isPending(index) ? countUnsatisfied(index) : 0));
  const ready = [...draft.steps.keys()].filter((index) => isPending(index) && unsatisfied[index] === 0);
  const children: number[] = [];
  for (const index of ready) {
    if (runsAsChild(pass, index)) {
      children.push(index);
      continue;
    }
    startAttempt(pass, index);
    if (!isSatisfied(draft.statuses[index] as StepStatus)) continue;
    for (const dependent of draft.dependents[index] ?? []) {
      const left = (unsatisfied[dependent] ?? 0) - 1;
      unsatisfied[dependent] = left;
      if (left === 0 && isPending(dependent)) ready.push(dependent);
    }
  }
  for (const index of children.sort((left, right) => left - right)) startAttempt(pass, index);
  draft.skipDependents();
}

function runsAsChild({ draft, snapshot }: Pass, index: number): boolean {
  const step = draft.steps[index] as Step;
  const kind = stepKinds.get(step.kind);
  return kind?.type === 'Child' && 'spec' in kind.buildSpec(step, snapshot.run);
}

/** Records the intent of an attempt, unless the limit of parallel children leaves no room. */
function startAttempt(pass: Pass, index: number): void {
  const { draft, now } = pass;
  const step = draft.steps[index] as Step;
  const kind = stepKinds.get(step.kind);
  const attempt = (draft.statuses[index] as StepStatus).attempt + 1;
  if (kind?.type === 'Child' && pass.room <= 0) {
    const who = attempt > 1 ? `attempt ${attempt} waits` : 'waits';
    draft.change(index, { message: `${who} for room: policies.maxParallel is ${maxParallel(pass.orchestration)}` });
    return;
  }
  draft.change(index, { phase: 'Running', reason: StepReason.Started, message: '', attempt, startedAt: now });
  if (kind?.type === 'Child') intendChild(pass, index, kind, attempt);
  else recordOutcome(pass, index);
}

function intendChild(pass: Pass, index: number, { apiVersion, kind, buildSpec }: ChildKind, attempt: number): void {
  const { draft, nameChild, snapshot } = pass;
  const step = draft.steps[index] as Step;
  const built = buildSpec(step, snapshot.run);
  if ('refusal' in built) {
    endAttempt(pass, index, StepReason.InvalidStep, built.refusal, true);
    return;
  }
  const { namespace } = snapshot.run;
  const name = nameChild(snapshot.run, step.name, attempt);
  draft.change(index, { resourceRef: { apiVersion, kind, name, namespace } });
  pass.room -= 1;
}

/** Deadlines, retries and late starts that are still ahead. */
function findDueTimes(pass: Pass): readonly number[] {
  const { draft, nowMs, snapshot } = pass;
  if (draft.statuses.every(isStepFinal)) return [];
  const times = draft.statuses.flatMap((status, index) => {
    if (status.phase === 'Retrying') return [Date.parse(status.nextRetryAt ?? '')];
    if (status.phase !== 'Running') return [];
    const late = describeLateStart(snapshot, draft.steps[index] as Step, status, nowMs);
    return [deadlineOf(pass, index)?.dueMs ?? Infinity, late.dueMs ?? Infinity];
  });
  return [runDeadline(pass), ...times].filter((time) => time > nowMs && time < Infinity);
}
