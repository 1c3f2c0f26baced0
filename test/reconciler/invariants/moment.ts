import type { Condition } from '../../../src/orchestration/conditions.ts';
import type { Orchestration } from '../../../src/orchestration/decode.ts';
import { stepKinds } from '../../../src/orchestration/kinds/table.ts';
import { isStepFinal, type RunStatus, type StepStatus } from '../../../src/orchestration/run-status.ts';
import type { Observation } from '../../../src/reconciler/observation.ts';
import { type Moment, phaseOf } from '../../support/model/engine.ts';

export type Recorded = Extract<Moment, { type: 'Recorded' }>;
export type Planned = Extract<Moment, { type: 'Planned' }>;
export type Created = Extract<Moment, { type: 'Created' }>;

/** What a run has to do: its steps, and for each step the indexes of its dependencies. */
export interface Facts {
  readonly steps: Orchestration['steps'];
  readonly policies: Orchestration['policies'];
  readonly edges: readonly (readonly number[])[];
}

export type RunIf = 'Succeeded' | 'Failed' | 'Always';

/** One step before and after a write of the status. */
export interface Change {
  readonly index: number;
  readonly name: string;
  readonly step: Orchestration['steps'][number];
  readonly before: StepStatus;
  readonly after: StepStatus;
  /** The changes of its dependencies. */
  readonly dependencies: readonly Change[];
  /** An attempt has begun with the write. */
  readonly hasBegun: boolean;
  /** The child of the attempt before the write, as the process observed it. */
  readonly child: Created['child'] | undefined;
  /** The process observed a child of the step that must be gone before its next attempt, and before a cleanup. */
  readonly isLeft: boolean;
}

/**
 * Describes what is wrong with a moment; '' if nothing is. `changes` are those of the status of a started run, and
 * empty for any other moment.
 */
export type Check = (moment: Moment, facts: Facts, changes: readonly Change[]) => readonly string[];

/** The changes of each step; empty if the moment is not a write of the status of a started run. */
export function changesOf(moment: Moment, { steps, edges }: Facts): Change[] {
  if (moment.type !== 'Recorded' || moment.after.runId === undefined) return [];
  const { before, after, observation } = moment;
  const known = new Map<number, Change>();
  const changeOf = (index: number): Change => {
    const { name, kind } = steps[index] as Facts['steps'][number];
    const pending: StepStatus = { name, kind, phase: 'Pending', attempt: 0 };
    const [was = pending, is = pending] = [before.stepStatuses[index], after.stepStatuses[index]];
    const change: Change = {
      ...{ index, name, step: steps[index] as Change['step'], before: was, after: is },
      dependencies: (edges[index] ?? []).map((edge) => known.get(edge) ?? changeOf(edge)),
      hasBegun: is.attempt > was.attempt,
      child: observation.children.get(was.resourceRef?.name ?? '') as Change['child'],
      isLeft: isLeft(is, observation),
    };
    known.set(index, change);
    return change;
  };
  return steps.map((_, index) => known.get(index) ?? changeOf(index));
}

export function said(isViolated: boolean, detail: string): string {
  return isViolated ? detail : '';
}

export function runIfOf({ runIf }: { readonly runIf?: unknown }): RunIf {
  return runIf === 'Failed' || runIf === 'Always' ? runIf : 'Succeeded';
}

export function isSatisfied({ phase, ignored, reason }: StepStatus): boolean {
  const isNeutral = phase === 'Skipped' && reason === 'ConditionFalse';
  return phase === 'Succeeded' || (phase === 'Failed' && ignored === true) || isNeutral;
}

/** Whether a step ended and is not satisfied. */
export function isBroken(status: StepStatus): boolean {
  return isStepFinal(status) && !isSatisfied(status);
}

/** Whether a step leaves a failure to its dependents: its own, or an earlier one that its `runIf` accepts. */
export function leavesFailure({ step, after, dependencies }: Change): boolean {
  if (!isStepFinal(after)) return false;
  return isBroken(after) || (runIfOf(step) !== 'Succeeded' && dependencies.some(leavesFailure));
}

/** Whether a step and all of its ancestors are final, and none of them has left a child. */
export function isOver({ after, isLeft: hasLeft, dependencies }: Change): boolean {
  return isStepFinal(after) && !hasLeft && dependencies.every(isOver);
}

/** Whether the steps before a step let it run. */
export function isLetRun({ step, dependencies }: Change): boolean {
  const runIf = runIfOf(step);
  if (runIf === 'Succeeded') return dependencies.every((each) => isSatisfied(each.after) && !leavesFailure(each));
  return dependencies.every(isOver) && (runIf === 'Always' || dependencies.some(leavesFailure));
}

/** The result of the condition of a step. Tests use only `true`, `false` and a condition that fails. */
export function whenOf({ when }: { readonly when?: string | undefined }): 'True' | 'False' | 'Error' {
  return when === undefined || when === 'true' ? 'True' : when === 'false' ? 'False' : 'Error';
}

/** Whether a step waits for nothing but room and the end of a suspension. */
export function isReady(change: Change): boolean {
  return change.after.phase === 'Pending' && isLetRun(change) && whenOf(change.step) === 'True';
}

export function isChildKind({ kind }: StepStatus): boolean {
  return stepKinds.get(kind)?.type === 'Child';
}

export function hasEnded(child: { readonly kind: string; readonly status?: unknown }): boolean {
  return ['Succeeded', 'Failed', 'Cancelled'].includes(String(phaseOf(child)));
}

/** Whether a step ended with its run, whatever it was doing. */
export function isEndedWithRun({ reason = '' }: StepStatus): boolean {
  return ['RunTimedOut', 'RunCancelled', 'SnapshotLost'].includes(reason);
}

/** Whether a write decides a timeout. The end of a nested run that a timeout asked to end was decided before. */
export function hasTimedOut({ before, after }: Change): boolean {
  return after.reason === 'StepTimedOut' && !['StepTimedOut', 'CleaningUp'].includes(before.reason ?? '');
}

/** Whether the process observed a child of a step that was ended before the child ended by itself. */
function isLeft(status: StepStatus, { children }: Pick<Observation, 'children'>): boolean {
  const { phase, reason, resourceRef } = status;
  const child = children.get(resourceRef?.name ?? '');
  if (child === undefined || phase === 'Running') return false;
  return reason === 'StepTimedOut' || ((reason === 'ChildDeleted' || isEndedWithRun(status)) && !hasEnded(child));
}

/** `policies.maxParallel`. */
export function limitOf({ policies }: Facts): number {
  return Number(policies['maxParallel'] ?? 0) || Infinity;
}

/** Whether the run is past `policies.timeouts.totalSeconds`. */
function isPastDeadline({ after, nowMs }: Recorded, { policies }: Facts): boolean {
  const { totalSeconds = 0 } = (policies['timeouts'] ?? {}) as { totalSeconds?: number };
  return totalSeconds > 0 && nowMs >= Date.parse(after.startedAt ?? '') + totalSeconds * 1000;
}

/** `policies.timeouts.cleanupSeconds`, in milliseconds. */
export function cleanupMs({ policies }: Facts): number {
  const { cleanupSeconds = 300 } = (policies['timeouts'] ?? {}) as { cleanupSeconds?: number };
  return cleanupSeconds * 1000;
}

/** The condition that records that a run ends before its steps do. */
export function cleanupOf({ conditions }: RunStatus): Condition | undefined {
  return conditions.find(({ type }) => type === 'CleaningUp');
}

/** Why a run ends before its steps do: as recorded, or as the process observed it now. */
export function endingOf(moment: Recorded, facts: Facts): string | undefined {
  const recorded = cleanupOf(moment.before)?.reason;
  if (recorded !== undefined) return recorded;
  if (moment.observation.run.isCancelled) return 'RunCancelled';
  return isPastDeadline(moment, facts) ? 'RunTimedOut' : undefined;
}

/** Whether a write decides that the run ends before its steps do. Until that is recorded, nothing else moves on. */
export function isDeciding(moment: Recorded, facts: Facts): boolean {
  return cleanupOf(moment.before) === undefined && endingOf(moment, facts) !== undefined;
}

/** Whether nothing may start with a write: the run is suspended and does not end, or the write decides that it ends. */
export function isHolding(moment: Recorded, facts: Facts): boolean {
  const { isSuspended } = moment.observation.run;
  return isDeciding(moment, facts) || (isSuspended && endingOf(moment, facts) === undefined);
}

/** The status that a plan is about to write, or else the one that it has read. */
export function statusIn(actions: Planned['actions'], read: RunStatus): RunStatus {
  const patch = actions.find((action) => action.type === 'PatchStatus');
  return patch?.status ?? read;
}

/** Whether a child is a nested run that has not ended and has a cleanup step that is not final. */
export function mustCleanUp(child: Change['child']): boolean {
  const { stepStatuses = [] } = Object(child?.['status']) as Partial<RunStatus>;
  return (
    child?.kind === 'OrchestrationRun' &&
    !hasEnded(child) &&
    stepStatuses.some((step) => step.cleanup === true && !isStepFinal(step))
  );
}
