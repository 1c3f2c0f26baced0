import { buildGraph, dependentsOf, type Step } from '../dag/graph.ts';
import { findWaiting } from '../dag/paths.ts';

/** How the other steps relate to a step, as indexes. */
export interface Ancestry {
  /** The steps that have ended when the step starts. It can read them. */
  readonly ancestors: ReadonlySet<number>;
  /** The steps that its `dependsOn` can name in addition. */
  readonly candidates: ReadonlySet<number>;
}

/**
 * Finds the ancestors of a step, and the steps that can become ancestors. The step itself and its descendants cannot,
 * because they would close a loop. If the graph is sequential, no step can, because one dependsOn would change all
 * steps. Linear.
 */
export function findAncestry(steps: readonly Step[], index: number): Ancestry {
  const graph = buildGraph(steps);
  const ancestors = new Set(findWaiting(graph.dependencies, index));
  const descendants = new Set(graph.isSequential ? steps.keys() : findWaiting(dependentsOf(graph), index));
  const candidates = [...steps.keys()].filter((at) => at !== index && !ancestors.has(at) && !descendants.has(at));
  return { ancestors, candidates: new Set(candidates) };
}
