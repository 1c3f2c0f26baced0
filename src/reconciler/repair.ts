import { readWhole } from '../orchestration/durations.ts';
import type { StepKind } from '../orchestration/kinds/kind.ts';
import type { StepKinds } from '../orchestration/kinds/step-kinds.ts';
import { cutMessage } from '../orchestration/messages.ts';
import { runIfOf } from '../orchestration/run-if.ts';
import {
  isSatisfied,
  isStepFinal,
  MOST_PREVIOUS_ATTEMPTS,
  type PreviousAttempt,
  type StepStatus,
} from '../orchestration/run-status.ts';
import type { Step } from '../orchestration/schema.ts';
import { StepReason } from '../orchestration/vocabulary/step-reasons.ts';
import type { NameChild } from './names.ts';
import type { ObservedRun } from './observation.ts';

/**
 * Returns the step entries of the status of a run as far as they can be trusted, because others can write a status too.
 * The kind of a step comes from the snapshot. The kind, namespace and name of its child come from run, step and
 * attempt. Of what is stored about a child, only the uid counts, and only if the owner of the child matches. Entries
 * for steps that the snapshot does not have are dropped, and so are approvals of steps that are not gates. Only a run
 * that continues another one has inherited steps. Duplicate entries count once, and a step that has begun keeps the
 * attempt that it records. In declaration order. If the run has lost its snapshot (`steps` is undefined), it keeps its
 * entries. Linear.
 */
export function repairSteps(
  run: Pick<ObservedRun, 'name' | 'namespace' | 'uid' | 'status' | 'resumption'>,
  steps: readonly Step[] | undefined,
  nameChild: NameChild,
  kinds: StepKinds,
): readonly StepStatus[] {
  const { stepStatuses } = run.status;
  const repair = (status: StepStatus, step: DeclaredStep) =>
    repairStep(run, status, step, nameChild, kinds.get(step.kind));
  if (steps === undefined) return stepStatuses.map((status) => repair(status, { ...status, ...asRecorded(status) }));
  const indexes = new Map(steps.map(({ name }, index) => [name, index]));
  const entries = new Map<number, StepStatus>();
  for (const status of stepStatuses) {
    const index = status.index ?? indexes.get(status.name);
    if (index !== undefined) entries.set(index, choose(entries.get(index), status));
  }
  return steps.flatMap((step, index) => {
    const status = entries.get(index);
    return status === undefined ? [] : [repair(status, step)];
  });
}

/**
 * Chooses between two entries for one step: the one of the later attempt or, for the same attempt, the one that is not
 * final, because the child of that one has the real state.
 */
function choose(one: StepStatus | undefined, other: StepStatus): StepStatus {
  if (one === undefined || other.attempt > one.attempt) return other;
  return other.attempt === one.attempt && isStepFinal(one) ? other : one;
}

/** What the status alone says about the declaration of a step. */
function asRecorded({ cleanup }: StepStatus): Pick<Step, 'continueOnFailure' | 'runIf'> {
  return { continueOnFailure: true, ...(cleanup === true && { runIf: 'Always' }) };
}

type DeclaredStep = Pick<Step, 'name' | 'kind' | 'continueOnFailure' | 'runIf'>;

function repairStep(
  run: Pick<ObservedRun, 'name' | 'namespace' | 'uid' | 'resumption'>,
  { resourceRef: stored, uid = stored?.uid, index: _, ...status }: StepStatus,
  { name, kind, continueOnFailure, runIf }: DeclaredStep,
  nameChild: NameChild,
  child: StepKind | undefined,
): StepStatus {
  const { ignored, cleanup, outputs, approvals, previousAttempts: __, ...rest } = repairResumption(run, status, child);
  const begun = readWhole(status.attempt) ?? 0;
  const isAtWork = status.phase === 'Running' || status.phase === 'Retrying';
  const attempt = isAtWork && status.storedPhase === undefined ? Math.max(1, begun) : begun;
  const hasChild = child?.type === 'Child' && attempt > 0 && status.reason !== StepReason.InvalidStep;
  const childOf = (number: number) => (child?.type === 'Child' ? nameChild(run, name, number) : undefined);
  return {
    ...rest,
    name,
    kind,
    attempt,
    phase: status.phase === 'Pending' && attempt > 0 ? 'Running' : status.phase,
    ...(hasChild && {
      resourceRef: {
        ...stored,
        apiVersion: child.apiVersion,
        kind: child.kind,
        name: nameChild(run, name, attempt),
        namespace: run.namespace,
        ...(uid !== undefined && { uid }),
      },
    }),
    ...(approvals !== undefined && child?.type === 'Gate' && { approvals }),
    ...(outputs !== undefined && status.phase === 'Succeeded' && { outputs }),
    ...(ignored === true && continueOnFailure === true && { ignored }),
    ...((runIfOf({ runIf }) === 'Always' || (hasChild && cleanup === true)) && { cleanup: true }),
    ...repairAttempts({ ...status, attempt }, childOf),
  };
}

/**
 * The previous attempts that the step can have had: in order, each once, and before the current one. A step that waits
 * for its next attempt, or ended meanwhile, has recorded the current one too. The name of a child comes from the number
 * of its attempt.
 */
function repairAttempts(
  { phase, attempt: current, previousAttempts = [] }: StepStatus,
  childOf: (attempt: number) => string | undefined,
): Pick<StepStatus, 'previousAttempts'> {
  const last = phase === 'Running' || phase === 'Succeeded' ? current - 1 : current;
  let before = 0;
  const kept = previousAttempts.filter(({ attempt }) => {
    const isNext = Number.isSafeInteger(attempt) && attempt > before && attempt <= last;
    if (isNext) before = attempt;
    return isNext;
  });
  if (kept.length === 0) return {};
  return { previousAttempts: kept.slice(-MOST_PREVIOUS_ATTEMPTS).map((one) => repairAttempt(one, childOf)) };
}

function repairAttempt(
  { child: named, message, ...attempt }: PreviousAttempt,
  childOf: (attempt: number) => string | undefined,
): PreviousAttempt {
  const child = named === undefined ? undefined : childOf(attempt.attempt);
  return {
    ...attempt,
    ...(message !== undefined && { message: cutMessage(message) }),
    ...(child !== undefined && { child }),
  };
}

/** Only a run that continues another one has inherited steps, and nested runs that continue others. */
function repairResumption(
  { resumption }: Pick<ObservedRun, 'resumption'>,
  { inheritedFrom, resumeFrom, ...status }: Omit<StepStatus, 'resourceRef' | 'uid' | 'index'>,
  child: StepKind | undefined,
): Omit<StepStatus, 'resourceRef' | 'uid' | 'index'> {
  const { reason, ...unexplained } = status;
  const isInherited = resumption !== undefined && status.attempt === 0 && isSatisfied(status);
  if (reason === StepReason.Inherited)
    return isInherited ? { ...status, ...(inheritedFrom !== undefined && { inheritedFrom }) } : unexplained;
  const isResumed = resumption !== undefined && child?.type === 'Child' && child.runs !== undefined;
  return isResumed && resumeFrom !== undefined ? { ...status, resumeFrom } : status;
}
