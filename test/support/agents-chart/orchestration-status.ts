import { type Condition, condition, withConditions } from './conditions.ts';
import type { Stored } from './kinds.ts';
import type { Invalidity } from './orchestration-judge.ts';
import type { StepStatus } from './orchestration-steps.ts';

/** The reason of conditions that follow from the others. */
const DERIVED = 'Derived';

export function orchestrationStatus({ metadata, status = {} }: Stored, invalidity: Invalidity | undefined): object {
  const ready = invalidity
    ? condition('Ready', false, invalidity.reason, invalidity.message)
    : condition('Ready', true, 'ValidSpec');
  const conditions = withConditions(status.conditions, [ready]);
  return { observedGeneration: metadata.generation, phase: invalidity ? 'Invalid' : 'Ready', conditions };
}

/** A run is Failed as soon as one step is, whatever its siblings do. */
export function runStatus(run: Stored, stepStatuses: readonly StepStatus[]): object {
  const isFailed = stepStatuses.some(({ phase }) => phase === 'Failed');
  const isDone = stepStatuses.every(({ phase }) => phase === 'Succeeded');
  const phase = isFailed ? 'Failed' : isDone ? 'Succeeded' : 'Running';
  return { ...phased(run, phase, { reason: isFailed ? 'StepFailed' : phase, message: '' }), stepStatuses };
}

/** A run that fails before any of its steps. */
export function failedRun(run: Stored, cause: { readonly reason: string; readonly message: string }): object {
  return phased(run, 'Failed', cause);
}

/** The status of a ToolRun, as it follows from its Job. */
export function toolRunStatus(toolRun: Stored, phase: 'Running' | 'Succeeded' | 'Failed', runtimeRef: object): object {
  return { ...phased(toolRun, phase, { reason: phase, message: '' }), runtimeRef };
}

function phased(
  { metadata, status = {} }: Stored,
  phase: 'Running' | 'Succeeded' | 'Failed',
  { reason, message }: { readonly reason: string; readonly message: string },
): object {
  const isOver = phase !== 'Running';
  const own = [
    condition('Accepted', true, 'Submitted'),
    condition('InProgress', !isOver, reason),
    condition('Running', !isOver, reason),
    ...(isOver ? [condition(phase, true, reason, message)] : []),
  ];
  const derived = [
    condition('Ready', phase === 'Succeeded', DERIVED),
    condition('Progressing', !isOver, DERIVED),
    condition('Degraded', phase === 'Failed', DERIVED),
  ];
  const now = new Date().toISOString();
  return {
    observedGeneration: metadata.generation,
    phase,
    startedAt: status.startedAt ?? now,
    ...(isOver && { finishedAt: now }),
    conditions: withConditions(status.conditions, [...own, ...derived.filter(isOpen(status.conditions))]),
  };
}

/** A condition of the same type that somebody else wrote stays as it is. */
function isOpen(conditions: readonly Condition[] = []): (derived: Condition) => boolean {
  return ({ type }) => conditions.every((one) => one.type !== type || one.reason === DERIVED);
}
