import { dependentsOf, type Graph } from './graph.ts';

/**
 * The waves in which the steps would run if every step took the same time. A step is one level after the last of its
 * dependencies. Steps of one level are in declaration order. Steps on a loop, and their descendants, can never run:
 * they are in `stuck`, in declaration order. Cost: linear in steps and edges, plus the sorting of each level.
 */
export interface Levels {
  readonly levels: readonly (readonly number[])[];
  readonly stuck: readonly number[];
}

/** Kahn's algorithm (CACM 5(11), 1962): a step is emitted after the last of its dependencies. */
export function findLevels(graph: Graph): Levels {
  const dependents = dependentsOf(graph);
  const waitingFor = Int32Array.from(graph.dependencies, (targets) => targets.length);
  const levels: number[][] = [];
  let level = [...waitingFor.keys()].filter((step) => waitingFor[step] === 0);
  while (level.length > 0) {
    levels.push(level);
    const next: number[] = [];
    for (const dependent of level.flatMap((step) => dependents[step] ?? [])) {
      waitingFor[dependent] = (waitingFor[dependent] as number) - 1;
      if (waitingFor[dependent] === 0) next.push(dependent);
    }
    level = next.sort((left, right) => left - right);
  }
  return { levels, stuck: [...waitingFor.keys()].filter((step) => waitingFor[step] !== 0) };
}

/** Sorts the steps so that each comes after its dependencies, level by level. Steps that can never run are left out. */
export function topologicalOrder(graph: Graph): readonly number[] {
  return findLevels(graph).levels.flat();
}
