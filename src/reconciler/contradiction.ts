import { displayName } from '../dag/display.ts';
import { isStepFinal, type StepStatus } from '../orchestration/run-status.ts';
import type { Draft } from './draft.ts';

/**
 * Describes the first step, in declaration order, whose stored status no run of these steps can reach. Ignores steps
 * whose phase a newer version wrote. Linear.
 */
export function findContradiction(
  { statuses, dependenciesOf }: Draft,
  mostAttempts: (step: number) => number,
): string | undefined {
  for (const [index, status] of statuses.entries()) {
    if (status.storedPhase !== undefined) continue;
    const { name, phase, attempt } = status;
    if (attempt > mostAttempts(index))
      return `step ${displayName(name)} is at attempt ${attempt}, but has ${mostAttempts(index)} attempts at most`;
    const hasBegun = attempt > 0 || phase === 'Succeeded';
    const open = hasBegun
      ? dependenciesOf(index)
          .map((at) => statuses[at] as StepStatus)
          .find(isOpen)
      : undefined;
    if (open !== undefined)
      return `step ${displayName(name)} is ${phase}, but its dependency ${displayName(open.name)} is ${open.phase}`;
  }
  return undefined;
}

/** Describes a step that is not final although its run is over. */
export function findOpenStep(phase: string, statuses: readonly StepStatus[]): string | undefined {
  const open = statuses.find(isOpen);
  return open && `the run is ${phase}, but step ${displayName(open.name)} is ${open.phase}`;
}

function isOpen(status: StepStatus): boolean {
  return status.storedPhase === undefined && !isStepFinal(status);
}
