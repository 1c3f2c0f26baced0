import type { Orchestration } from '../../../src/orchestration/decode.ts';
import { stepKinds } from '../../../src/orchestration/kinds/table.ts';
import { isStepFinal, type StepStatus } from '../../../src/orchestration/run-status.ts';
import type { Observation } from '../../../src/reconciler/observation.ts';
import { type Moment, phaseOf } from '../../support/model/engine.ts';

export type Recorded = Extract<Moment, { type: 'Recorded' }>;
export type Created = Extract<Moment, { type: 'Created' }>;

/** What a run has to do: its steps, and for each step the indexes of its dependencies. */
export interface Facts {
  readonly steps: Orchestration['steps'];
  readonly policies: Orchestration['policies'];
  readonly edges: readonly (readonly number[])[];
}

/** One step before and after a write of the status, with its dependencies after the write. */
export interface Change {
  readonly index: number;
  readonly name: string;
  readonly step: Orchestration['steps'][number];
  readonly before: StepStatus;
  readonly after: StepStatus;
  readonly dependencies: readonly StepStatus[];
  readonly hasBegun: boolean;
  /** The child of the attempt before the write, as the process observed it. */
  readonly child: Created['child'] | undefined;
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
  return steps.map((step, index) => {
    const { name, kind } = step;
    const pending: StepStatus = { name, kind, phase: 'Pending', attempt: 0 };
    const [was = pending, is = pending] = [before.stepStatuses[index], after.stepStatuses[index]];
    const dependencies = (edges[index] ?? []).map((edge) => after.stepStatuses[edge] ?? pending);
    const child = observation.children.get(was.resourceRef?.name ?? '') as Created['child'] | undefined;
    return { index, name, step, before: was, after: is, dependencies, hasBegun: is.attempt > was.attempt, child };
  });
}

export function said(isViolated: boolean, detail: string): string {
  return isViolated ? detail : '';
}

export function isSatisfied({ phase, ignored }: StepStatus): boolean {
  return phase === 'Succeeded' || (phase === 'Failed' && ignored === true);
}

/** Whether a step ended and is not satisfied. */
export function isBroken(status: StepStatus): boolean {
  return isStepFinal(status) && !isSatisfied(status);
}

export function isStartable({ phase }: StepStatus, dependencies: readonly StepStatus[]): boolean {
  return phase === 'Pending' && dependencies.every(isSatisfied);
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

/** Whether the child of a step, if it was observed, must be gone before the next attempt begins. */
export function isLeft({ reason, resourceRef }: StepStatus, { children }: Pick<Observation, 'children'>): boolean {
  const child = children.get(resourceRef?.name ?? '');
  return child !== undefined && (reason === 'StepTimedOut' || (reason === 'ChildDeleted' && !hasEnded(child)));
}

/** `policies.maxParallel`. */
export function limitOf({ policies }: Facts): number {
  return Number(policies['maxParallel'] ?? 0) || Infinity;
}

/** Whether the run is past `policies.timeouts.totalSeconds`. */
export function isPastDeadline({ after, nowMs }: Recorded, { policies }: Facts): boolean {
  const { totalSeconds = 0 } = (policies['timeouts'] ?? {}) as { totalSeconds?: number };
  return totalSeconds > 0 && nowMs >= Date.parse(after.startedAt ?? '') + totalSeconds * 1000;
}
