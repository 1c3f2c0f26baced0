import type { Condition } from '../../src/orchestration/conditions.ts';
import type { RunStatus, StepStatus } from '../../src/orchestration/run-status.ts';

// What tests ask of the status of a run.

export function hasEnded({ phase }: RunStatus): boolean {
  return phase === 'Succeeded' || phase === 'Failed' || phase === 'Cancelled';
}

export function stepOf(status: RunStatus, name: string): StepStatus {
  const step = status.stepStatuses.find((one) => one.name === name);
  if (step === undefined) throw new Error(`the run has no step ${name}: ${JSON.stringify(status.stepStatuses)}`);
  return step;
}

/** Whether a step is in this phase; false if the run has no steps yet. */
export function isStep(name: string, phase: StepStatus['phase']): (status: RunStatus) => boolean {
  return ({ stepStatuses }) => stepStatuses.some((step) => step.name === name && step.phase === phase);
}

/** Step to phase, in declaration order. */
export function phasesOf({ stepStatuses }: RunStatus): Record<string, string> {
  return Object.fromEntries(stepStatuses.map(({ name, phase }) => [name, phase]));
}

/** Whether the run came to the end it should, and why: the condition `Succeeded`. */
export function outcomeOf({ conditions }: RunStatus): Condition | undefined {
  return conditions.find(({ type }) => type === 'Succeeded');
}
