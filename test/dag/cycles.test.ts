import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findCycles } from '../../src/dag/cycles.ts';
import type { Step } from '../../src/dag/graph.ts';
import { buildGraph } from '../../src/dag/graph.ts';
import { naiveDistances } from '../support/oracle.ts';
import { backwardChain, cleanSteps, ring, root, step } from '../support/steps.ts';

function namedCycles(...steps: Step[]): string[] {
  return findCycles(buildGraph(steps)).map((cycle) => cycle.map((i) => steps[i]?.name).join(' → '));
}

describe('findCycles', () => {
  test('finds none in a diamond', () => {
    //   d → b → a
    //    ↘ c ↗
    expect(namedCycles(step('d', 'b', 'c'), step('b', 'a'), step('c', 'a'), root('a'))).toEqual([]);
  });

  test('finds two steps that depend on each other', () => {
    expect(namedCycles(step('a', 'b'), step('b', 'a'))).toEqual(['a → b']);
  });

  test('leaves out the descendants of a loop, and its ancestors', () => {
    //   before ← a ⇄ b ← after ← last
    const loop = [step('a', 'before', 'b'), step('b', 'a')];
    expect(namedCycles(root('before'), step('last', 'after'), step('after', 'b'), ...loop)).toEqual(['a → b']);
  });

  test('finds every loop that shares no step with another, sorted by first declared step', () => {
    //   x ⇄ y → a → b → c → a
    const loops = [step('x', 'y'), step('y', 'x', 'a'), step('a', 'b'), step('b', 'c'), step('c', 'a')];
    expect(namedCycles(...loops)).toEqual(['x → y', 'a → b → c']);
    expect(namedCycles(...loops.toReversed())).toEqual(['c → a → b', 'y → x']);
  });

  test('prefers the shortest loop through the first declared step, even if another loop is shorter', () => {
    //   a → b → c → d → a, with the shortcut b → d, and c ⇄ d
    const steps = [step('a', 'b'), step('b', 'c', 'd'), step('c', 'd'), step('d', 'c', 'a')];
    expect(namedCycles(...steps)).toEqual(['a → b → d']);
  });

  test('prefers, of two shortest loops, the one whose dependency is written first', () => {
    //   b ⇄ a ⇄ c
    const rest = [step('b', 'a'), step('c', 'a')];
    expect(namedCycles(step('a', 'c', 'b'), ...rest)).toEqual(['a → c']);
    expect(namedCycles(step('a', 'b', 'c'), ...rest)).toEqual(['a → b']);
  });

  test('agrees with Floyd-Warshall on the steps that are on loops, and on the length of their shortest loops', () => {
    fc.assert(
      fc.property(cleanSteps, (steps) => {
        const { dependencies } = buildGraph(steps);
        const distance = naiveDistances(dependencies);
        const isMutual = (i: number, j: number) => distance(i, j) < Infinity && distance(j, i) < Infinity;
        const indexes = [...steps.keys()];
        const isFirst = (i: number) => isMutual(i, i) && !indexes.some((j) => j < i && isMutual(i, j));

        const cycles = findCycles(buildGraph(steps));
        expect(cycles.map(([first]) => first)).toEqual(indexes.filter(isFirst));
        for (const cycle of cycles) {
          const [first = -1] = cycle;
          expect(cycle).toHaveLength(distance(first, first));
          for (const [place, i] of cycle.entries()) expect(dependencies[i]).toContain(cycle[place + 1] ?? first);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('follows 100,000 steps without overflowing the stack', () => {
    expect(findCycles(buildGraph(backwardChain(100_000)))).toEqual([]);
    expect(findCycles(buildGraph(ring(100_000)))).toEqual([[...Array(100_000).keys()]]);
  });
});
