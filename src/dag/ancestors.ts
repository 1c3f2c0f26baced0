import type { Graph } from './graph.ts';
import { topologicalOrder } from './levels.ts';

const WORD = 32;

/**
 * Returns a function that says whether a step has one of `wanted` as an ancestor. It returns undefined for a step that
 * is on a loop or waits for one, because the ancestors of such a step are not known. Cost: steps and edges, times the
 * number of `wanted` divided by 32. Memory: one bit for each pair of a step and one of `wanted`.
 */
export function findAncestors(
  graph: Graph,
  wanted: Iterable<number>,
): (step: number, ancestor: number) => boolean | undefined {
  const bits = new Map([...new Set(wanted)].map((step, bit) => [step, bit]));
  const words = Math.ceil(bits.size / WORD);
  const rows = new Map<number, Uint32Array>();
  for (const step of topologicalOrder(graph)) {
    const row = new Uint32Array(words);
    for (const dependency of graph.dependencies[step] ?? []) {
      const before = rows.get(dependency);
      for (let word = 0; word < words; word++) row[word] = (row[word] ?? 0) | (before?.[word] ?? 0);
      const bit = bits.get(dependency);
      if (bit !== undefined) row[bit >>> 5] = (row[bit >>> 5] ?? 0) | (1 << (bit & 31));
    }
    rows.set(step, row);
  }
  return (step, ancestor) => {
    const bit = bits.get(ancestor) ?? 0;
    const row = rows.get(step);
    return row && ((row[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0;
  };
}
