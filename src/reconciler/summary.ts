import { displayName, listNames } from '../dag/display.ts';
import { type Condition, keepTransition } from '../orchestration/conditions.ts';
import type { ProblemCode } from '../orchestration/judge.ts';
import { cutMessage } from '../orchestration/messages.ts';
import {
  type FinalRunPhase,
  isRunFinal,
  isStepFinal,
  type RunPhase,
  type RunStatus,
  type StepPhase,
  type StepStatus,
} from '../orchestration/run-status.ts';
import { ConditionType } from '../orchestration/vocabulary/conditions.ts';
import { RunReason } from '../orchestration/vocabulary/run-reasons.ts';
import { StepReason } from '../orchestration/vocabulary/step-reasons.ts';
import type { Ending } from './ending.ts';
import { lifetimeCondition } from './lifetime.ts';

const FINAL_PHASES: readonly StepPhase[] = ['Succeeded', 'Failed', 'Skipped', 'Cancelled'];

/** The state of a run: phase and reason for programs, a message for people. */
export interface Standing {
  readonly phase: RunPhase;
  readonly reason: RunReason | ProblemCode;
  readonly message: string;
  /** Why the run ends before its steps do, if its status has to record it. */
  readonly ending?: Ending;
}

/** The state of a run that is over. */
export type EndStanding = Standing & { readonly phase: FinalRunPhase };

/** Why a run cannot continue, whatever the state of its steps. */
export interface Failure {
  readonly reason: RunReason & StepReason;
  readonly message: string;
}

interface SummaryInput {
  readonly statuses: readonly StepStatus[];
  readonly failure?: Failure;
  readonly ending?: Ending;
}

/**
 * Derives the state of a started run from its steps. The run has ended if every step is final, or if the run cannot
 * continue.
 */
export function summarise({ statuses, failure, ending }: SummaryInput, isSuspended: boolean): Standing {
  const named = (reason: StepReason) => statuses.filter((status) => status.reason === reason).map(({ name }) => name);
  if (failure !== undefined) {
    const { reason, message } = failure;
    const names = named(reason);
    return { phase: 'Failed', reason, message: names.length > 0 ? `${message}: ${listNames(names)}` : message };
  }
  if (!statuses.every(isStepFinal)) return describeProgress(statuses, isSuspended, ending);
  if (ending?.isRecorded) return { ...describeCleanup(statuses, ending), ending };
  if (statuses.some(({ phase }) => phase === 'Cancelled')) {
    return {
      phase: 'Cancelled',
      reason: RunReason.RunCancelled,
      message: `the run was cancelled: ${listNames(named(StepReason.RunCancelled))}`,
    };
  }
  const ended = statuses.find(({ reason }) => reason === StepReason.RunTimedOut);
  if (ended !== undefined) {
    const message = `${ended.message ?? ended.reason}: ${listNames(named(StepReason.RunTimedOut))}`;
    return { phase: 'Failed', reason: RunReason.RunTimedOut, message };
  }
  const failed = statuses.filter(({ phase, ignored }) => phase === 'Failed' && ignored !== true);
  if (failed.length > 0) {
    const first = `: ${failed[0]?.message ?? failed[0]?.reason ?? ''}`;
    return {
      phase: 'Failed',
      reason: RunReason.StepFailed,
      message: `${listNames(failed.map(({ name }) => name))} failed${failed.length === 1 ? first : ''}`,
    };
  }
  const ignored = statuses.filter((status) => status.ignored === true).length;
  return ignored === 0
    ? { phase: 'Succeeded', reason: RunReason.Completed, message: describeSuccess(statuses) }
    : {
        phase: 'Succeeded',
        reason: RunReason.CompletedWithIgnoredFailures,
        message: `ignored failures: ${ignored} of ${statuses.length} steps`,
      };
}

function describeProgress(statuses: readonly StepStatus[], isSuspended: boolean, ending: Ending | undefined): Standing {
  const progress = `${statuses.filter(isStepFinal).length} of ${statuses.length} steps done`;
  if (ending !== undefined) {
    const message = `${ending.message}; cleaning up: ${progress}`;
    return { phase: 'Running', reason: RunReason.CleaningUp, message, ending };
  }
  const message = `${progress}${explainUnknown(statuses)}`;
  if (!isSuspended) return { phase: 'Running', reason: RunReason.Running, message };
  const held = `${message}; nothing new starts while the run is suspended`;
  return { phase: 'Running', reason: RunReason.Suspended, message: held };
}

/** The end of a run that cleaned up. The ending decides the phase, whatever the result of the cleanup. */
function describeCleanup(statuses: readonly StepStatus[], { reason, message }: Ending): Standing {
  const ended = statuses.filter((status) => status.reason === reason).map(({ name }) => name);
  const failed = statuses.filter(
    (step) => step.cleanup === true && step.phase === 'Failed' && step.ignored !== true && step.reason !== reason,
  );
  const names = ended.length > 0 ? `: ${listNames(ended)}` : '';
  const failures = failed.length > 0 ? `; cleanup failed: ${listNames(failed.map(({ name }) => name))}` : '';
  const phase = reason === RunReason.RunCancelled ? 'Cancelled' : 'Failed';
  return { phase, reason, message: `${message}${names}${failures}` };
}

function describeSuccess(statuses: readonly StepStatus[]): string {
  const skipped = statuses.filter(({ phase }) => phase === 'Skipped').length;
  const succeeded = statuses.length - skipped;
  if (statuses.length === 1 && skipped === 0) return 'the step succeeded';
  return skipped === 0
    ? `all ${succeeded} steps succeeded`
    : `${succeeded} of ${statuses.length} steps succeeded, ${skipped} skipped by their conditions`;
}

/**
 * Reports a step whose phase a newer version wrote. This version does not change it, and treats it as a step that is
 * not over.
 */
function explainUnknown(statuses: readonly StepStatus[]): string {
  const step = statuses.find(({ storedPhase }) => storedPhase !== undefined);
  if (step?.storedPhase === undefined) return '';
  const [name, phase] = [displayName(step.name), displayName(step.storedPhase)];
  return `; step ${name} has the phase ${phase}, which this version does not know: upgrade the reconciler to the version that wrote it, or cancel the run`;
}

/** Returns the stored status with this state in it. */
export function writeStatus(
  before: RunStatus,
  standing: Standing,
  fields: Partial<RunStatus>,
  now: string,
  ttlSeconds?: number,
): RunStatus {
  const lifetime = isRunFinal(standing) ? [lifetimeCondition(ttlSeconds, now)] : [];
  const conditions = [...describe(standing, fields.stepStatuses), ...describeEnding(standing), ...lifetime];
  const isReplaced = (type: string) =>
    type === ConditionType.EngineFault || conditions.some((condition) => condition.type === type);
  // The list is written as a whole, so conditions that others added, for example a newer version, are kept. EngineFault
  // is removed, because a run that makes progress has no fault.
  const others = before.conditions.filter(({ type }) => !isReplaced(type));
  return {
    ...before,
    ...fields,
    phase: standing.phase,
    ...(isRunFinal(standing) && { finishedAt: before.finishedAt ?? now }),
    conditions: [...conditions.map((condition) => keepTransition(before, condition, now)), ...others],
    updatedAt: now,
  };
}

function describe(
  { phase, reason, message }: Standing,
  statuses: readonly StepStatus[] = [],
): Omit<Condition, 'lastTransitionTime'>[] {
  const isRunning = !isRunFinal({ phase });
  const say = (type: ConditionType, status: Condition['status'], sentence = message) => ({
    type,
    status,
    reason,
    message: cutMessage(sentence),
  });
  const progress = isRunning || statuses.length === 0 ? message : countByPhase(statuses);
  return [
    say(ConditionType.Ready, phase === 'Succeeded' ? 'True' : 'False'),
    say(ConditionType.Progressing, isRunning && reason !== RunReason.Suspended ? 'True' : 'False', progress),
    say(ConditionType.Succeeded, isRunning ? 'Unknown' : phase === 'Succeeded' ? 'True' : 'False'),
  ];
}

/** The condition that records the ending of a run from its first to its last cleanup step. */
function describeEnding({ phase, ending }: Standing): Omit<Condition, 'lastTransitionTime'>[] {
  if (ending === undefined) return [];
  const { reason, message } = ending;
  return [{ type: ConditionType.CleaningUp, status: isRunFinal({ phase }) ? 'False' : 'True', reason, message }];
}

/**
 * Corrects the conditions of a run that another controller ended. Only conditions that we wrote before and that
 * contradict the end change.
 */
export function correctConditions(
  { phase, conditions }: RunStatus & { readonly phase: RunPhase },
  now: string,
): Condition[] {
  const standing = { phase, reason: RunReason.StatusContested, message: 'another controller ended the run' };
  const due = describe(standing).filter(({ type, status }) =>
    conditions.some((stored) => stored.type === type && stored.status !== status),
  );
  return conditions.map((stored) => {
    const right = due.find(({ type }) => type === stored.type);
    return right === undefined ? stored : { ...right, lastTransitionTime: now };
  });
}

/** The message that `kubectl get` shows for a finished run: `4 of 4 steps done: 2 succeeded, 1 failed, 1 skipped`. */
function countByPhase(statuses: readonly StepStatus[]): string {
  const counts = FINAL_PHASES.flatMap((phase) => {
    const count = statuses.filter((status) => status.phase === phase).length;
    return count === 0 ? [] : `${count} ${phase.toLowerCase()}`;
  });
  return `${statuses.length} of ${statuses.length} steps done: ${counts.join(', ')}`;
}
