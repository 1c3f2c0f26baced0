import { displayName } from '../dag/display.ts';
import { isStepFinal, type StepStatus } from '../orchestration/run-status.ts';
import type { Draft } from './draft.ts';

/**
 * What a stored status says that no run of these steps can have come to, of the first such step in declaration order. A
 * step whose phase a newer build has written is left out, as is what depends on it. Linear.
 */
export function findContradiction(
  { statuses, dependenciesOf }: Draft,
  mostAttempts: (step: number) => number,
): string | undefined {
  for (const [index, status] of statuses.entries()) {
    if (status.storedPhase !== undefined) continue;
    const { name, phase, attempt } = status;
    if (attempt > mostAttempts(index))
      return `step ${displayName(name)} is at attempt ${attempt}, and has ${mostAttempts(index)} at most`;
    const hasBegun = attempt > 0 || phase === 'Succeeded';
    const open = hasBegun ? dependenciesOf(index).find(isOpen) : undefined;
    if (open !== undefined)
      return `step ${displayName(name)} is ${phase}, while ${displayName(open.name)}, on which it depends, is ${open.phase}`;
  }
  return undefined;
}

/** What a run that is over says of a step that is not. */
export function findOpenStep(phase: string, statuses: readonly StepStatus[]): string | undefined {
  const open = statuses.find(isOpen);
  return open && `the run is ${phase}, while step ${displayName(open.name)} is ${open.phase}`;
}

function isOpen(status: StepStatus): boolean {
  return status.storedPhase === undefined && !isStepFinal(status);
}
