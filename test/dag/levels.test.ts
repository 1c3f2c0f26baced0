import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Step } from '../../src/dag/graph.ts';
import { buildGraph } from '../../src/dag/graph.ts';
import { findLevels, topologicalOrder } from '../../src/dag/levels.ts';
import { naiveDistances } from '../support/oracle.ts';
import { backwardChain, cleanSteps, ring, root, step } from '../support/steps.ts';

function namedLevels(...steps: Step[]) {
  const { levels, stuck } = findLevels(buildGraph(steps));
  const named = (indexes: readonly number[]) => indexes.map((i) => steps[i]?.name).join(' ');
  return { levels: levels.map(named), stuck: named(stuck) };
}

describe('findLevels', () => {
  test('puts a step one level after the last of its dependencies', () => {
    //   a ← b ← c ← d, and d also depends on a
    const { levels } = namedLevels(step('d', 'a', 'c'), step('c', 'b'), step('b', 'a'), root('a'));
    expect(levels).toEqual(['a', 'b', 'c', 'd']);
  });

  test('keeps the order of declaration within a level', () => {
    //   z ← y, a ← x: the order in which steps become ready does not matter
    expect(namedLevels(root('z'), root('a'), step('x', 'a'), step('y', 'z')).levels).toEqual(['z a', 'x y']);
  });

  test('reports steps on a loop and their descendants as stuck, but not their other ancestors', () => {
    //   before ← a ⇄ b ← after
    const loop = [step('after', 'b'), step('a', 'b', 'before'), step('b', 'a'), root('before')];
    expect(namedLevels(...loop)).toEqual({ levels: ['before'], stuck: 'after a b' });
  });

  test('has no levels if there are no steps', () => {
    expect(namedLevels()).toEqual({ levels: [], stuck: '' });
  });

  test('puts every step at the length of its longest path to a root, as a naive recursion does', () => {
    fc.assert(
      fc.property(cleanSteps, (steps) => {
        const graph = buildGraph(steps);
        const distance = naiveDistances(graph.dependencies);
        const loops = (i: number) => distance(i, i) < Infinity;
        const indexes = [...steps.keys()];
        const isStuck = (i: number) => loops(i) || indexes.some((j) => distance(i, j) < Infinity && loops(j));
        const levelOf = (i: number): number => Math.max(-1, ...(graph.dependencies[i] ?? []).map(levelOf)) + 1;

        const runnable = indexes.filter((i) => !isStuck(i));
        const height = Math.max(-1, ...runnable.map(levelOf)) + 1;
        const levels = Array.from({ length: height }, (_, level) => runnable.filter((i) => levelOf(i) === level));
        expect(findLevels(graph)).toEqual({ levels, stuck: indexes.filter(isStuck) });
        expect(topologicalOrder(graph)).toEqual(levels.flat());
      }),
      { numRuns: 2000 },
    );
  });

  test('follows 100,000 steps without overflowing the stack', () => {
    const { levels, stuck } = findLevels(buildGraph(backwardChain(100_000)));
    expect({ height: levels.length, first: levels[0], stuck }).toEqual({ height: 100_000, first: [99_999], stuck: [] });
    expect(findLevels(buildGraph(ring(100_000))).stuck).toHaveLength(100_000);
  });
});
