import { buildGraph, type Graph } from '../dag/graph.ts';
import { findWaiting } from '../dag/paths.ts';
import type { Ancestors, FinalStep } from '../orchestration/kinds/kind.ts';
import { isStepFinal, type StepStatus } from '../orchestration/run-status.ts';
import type { Step } from '../orchestration/schema.ts';

/**
 * Returns a function that finds the ancestors of a step. A step can read only those that are final. All of them are
 * final when the step starts, and a final step never changes, so an attempt always gets the same answer. Costs nothing
 * until the first lookup. The first lookup of each step is linear in the steps and edges of the run.
 */
export function viewAncestors(steps: readonly Step[], statuses: readonly StepStatus[]): (step: string) => Ancestors {
  let graph: Graph | undefined;
  return (step) => {
    let known: ReadonlyMap<string, FinalStep> | undefined;
    return (name) => {
      graph ??= buildGraph(steps);
      known ??= listFinal(graph, steps, statuses, step);
      return known.get(name);
    };
  };
}

function listFinal(
  { dependencies }: Graph,
  steps: readonly Step[],
  statuses: readonly StepStatus[],
  step: string,
): ReadonlyMap<string, FinalStep> {
  const index = steps.findIndex(({ name }) => name === step);
  const names = new Set(findWaiting(dependencies, index).map((ancestor) => steps[ancestor]?.name));
  const found = statuses.filter((status) => names.has(status.name) && isStepFinal(status));
  return new Map(
    found.map(({ name, phase, reason, attempt, outputs }) => [
      name,
      { phase, attempt, ...(reason !== undefined && { reason }), ...(outputs !== undefined && { outputs }) },
    ]),
  );
}
