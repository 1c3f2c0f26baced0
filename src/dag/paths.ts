import type { Graph } from './graph.ts';
import { topologicalOrder } from './levels.ts';

/**
 * Returns all descendants of `step`, in declaration order. `dependents` is the result of `dependentsOf`. A step on a
 * loop is its own descendant. Cost: linear in the part of the graph that is reached, plus the sorting.
 */
export function findWaiting(dependents: readonly (readonly number[])[], step: number): readonly number[] {
  const reached = new Set(dependents[step]);
  for (const waiting of reached) for (const next of dependents[waiting] ?? []) reached.add(next);
  return [...reached].sort((left, right) => left - right);
}

/**
 * Returns the path from a root whose weights have the largest sum. Of equal paths, it returns the one with the most
 * steps, and then the one that is declared first. A step that can never run is on no path. Cost: linear in steps and
 * edges. Weights must not be negative.
 */
export function findHeaviestPath(graph: Graph, weights: readonly number[]): readonly number[] {
  const best = new Map<number, { readonly weight: number; readonly length: number; readonly before?: number }>();
  let last: number | undefined;
  const compare = (left: number | undefined, right: number): boolean => {
    const [one, other] = [best.get(left ?? -1), best.get(right)];
    if (one === undefined || other === undefined) return other !== undefined;
    return other.weight > one.weight || (other.weight === one.weight && other.length > one.length);
  };
  for (const step of topologicalOrder(graph)) {
    let before: number | undefined;
    for (const target of graph.dependencies[step] ?? []) if (compare(before, target)) before = target;
    const { weight = 0, length = 0 } = best.get(before ?? -1) ?? {};
    best.set(step, {
      weight: weight + (weights[step] ?? 0),
      length: length + 1,
      ...(before !== undefined && { before }),
    });
    if (compare(last, step)) last = step;
  }
  const path: number[] = [];
  for (let step = last; step !== undefined; step = best.get(step)?.before) path.push(step);
  return path.reverse();
}
