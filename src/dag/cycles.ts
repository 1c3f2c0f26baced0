import type { Graph } from './graph.ts';

const UNSEEN = -1;

/**
 * Returns one loop for each strongly connected component (a group of steps that depend on each other). A loop is a list
 * of step indexes. Each step depends on the next, and the last depends on the first. Each loop is a shortest one
 * through the first declared step of its component, and starts with that step. Loops are sorted by their first step. A
 * step that only depends on a loop, or that a loop depends on, is in no loop.
 *
 * Cost: linear in steps and edges. There is no recursion, so a chain of any length is safe.
 */
export function findCycles(graph: Graph): readonly (readonly number[])[] {
  if (graph.dependencies.every(leadsBack)) return [];
  const { componentOf, sizes } = findComponents(graph.dependencies);
  const cycles: (readonly number[])[] = [];
  const isDone = new Uint8Array(sizes.length);
  const reachedFrom = new Int32Array(componentOf.length).fill(UNSEEN);
  for (const [step, component] of componentOf.entries()) {
    if ((sizes[component] ?? 0) < 2 || isDone[component]) continue;
    isDone[component] = 1;
    cycles.push(shortestLoop(graph.dependencies, componentOf, step, reachedFrom));
  }
  return cycles;
}

/** If every step depends only on earlier steps, there is no cycle. Most authors write their steps in that order. */
function leadsBack(targets: readonly number[], step: number): boolean {
  return targets.every((target) => target < step);
}

type Edges = readonly (readonly number[])[];

/** Tarjan's algorithm (SIAM J. Comput. 1(2), 1972), with an explicit stack instead of recursion. */
// biome-ignore lint/complexity/noExcessiveCognitiveComplexity: one algorithm; it is easier to compare with the paper in one piece
function findComponents(edges: Edges) {
  const order = new Int32Array(edges.length).fill(UNSEEN);
  const low = new Int32Array(edges.length);
  const nextEdge = new Int32Array(edges.length);
  const componentOf = new Int32Array(edges.length).fill(UNSEEN);
  const sizes: number[] = [];
  const open: number[] = [];
  let visited = 0;

  const enter = (step: number, calls: number[]) => {
    order[step] = low[step] = visited++;
    open.push(step);
    calls.push(step);
  };
  const close = (root: number) => {
    let size = 0;
    for (let step = open.pop(); step !== undefined; step = open.pop()) {
      componentOf[step] = sizes.length;
      size++;
      if (step === root) break;
    }
    sizes.push(size);
  };

  for (let start = 0; start < edges.length; start++) {
    if (order[start] !== UNSEEN) continue;
    const calls: number[] = [];
    enter(start, calls);
    for (let step = calls.at(-1); step !== undefined; step = calls.at(-1)) {
      const target = edges[step]?.[nextEdge[step] as number];
      if (target === undefined) {
        calls.pop();
        const caller = calls.at(-1);
        if (caller !== undefined) low[caller] = Math.min(low[caller] as number, low[step] as number);
        if (low[step] === order[step]) close(step);
        continue;
      }
      nextEdge[step] = (nextEdge[step] as number) + 1;
      if (order[target] === UNSEEN) enter(target, calls);
      else if (componentOf[target] === UNSEEN) low[step] = Math.min(low[step] as number, order[target] as number);
    }
  }
  return { componentOf, sizes };
}

/**
 * Runs a breadth-first search inside the component of `first`, until an edge leads back to it. Linear in the component.
 * All components can use the same `reachedFrom`, because no two of them share a step.
 */
function shortestLoop(
  edges: Edges,
  componentOf: Int32Array,
  first: number,
  reachedFrom: Int32Array,
): readonly number[] {
  const queue = [first];
  for (const step of queue) {
    for (const target of edges[step] ?? []) {
      if (target === first) return walkBack(reachedFrom, first, step);
      if (componentOf[target] !== componentOf[first] || reachedFrom[target] !== UNSEEN) continue;
      reachedFrom[target] = step;
      queue.push(target);
    }
  }
  throw new Error('a strongly connected component without a loop through its first step');
}

function walkBack(reachedFrom: Int32Array, first: number, last: number): readonly number[] {
  const loop = [last];
  for (let step = last; step !== first; ) {
    step = reachedFrom[step] as number;
    loop.push(step);
  }
  return loop.reverse();
}
