import { dependentsOf, type Graph } from './graph.ts';

/**
 * The waves in which the steps could run if each took as long as the others: a step stands one level after the last of
 * its dependencies, in declaration order within its level. Steps on a loop, or behind one, can never run and are in
 * `stuck`, in declaration order. Cost: linear in steps and edges.
 */
export interface Levels {
  readonly levels: readonly (readonly number[])[];
  readonly stuck: readonly number[];
}

/** Kahn's algorithm (CACM 5(11), 1962), which hands out a step when the last of its dependencies has been. */
export function findLevels(graph: Graph): Levels {
  const dependents = dependentsOf(graph);
  const waitingFor = Int32Array.from(graph.dependencies, (targets) => targets.length);
  const levelOf = new Int32Array(graph.steps.length);
  const ready = [...waitingFor.keys()].filter((step) => waitingFor[step] === 0);
  for (const step of ready) {
    for (const dependent of dependents[step] ?? []) {
      levelOf[dependent] = Math.max(levelOf[dependent] as number, (levelOf[step] as number) + 1);
      waitingFor[dependent] = (waitingFor[dependent] as number) - 1;
      if (waitingFor[dependent] === 0) ready.push(dependent);
    }
  }
  const isStuck = (step: number) => waitingFor[step] !== 0;
  const steps = [...graph.steps.keys()];
  const runnable = steps.filter((step) => !isStuck(step));
  const byLevel = [...Map.groupBy(runnable, (step) => levelOf[step] as number)].sort(([left], [right]) => left - right);
  return { levels: byLevel.map(([, level]) => level), stuck: steps.filter(isStuck) };
}

/** An order in which every step follows its dependencies: level by level. Steps that can never run are left out. */
export function topologicalOrder(graph: Graph): readonly number[] {
  return findLevels(graph).levels.flat();
}
