import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildGraph, dependentsOf, type Graph } from '../../src/dag/graph.ts';
import { findHeaviestPath, findWaiting } from '../../src/dag/paths.ts';
import { naiveDistances } from '../support/oracle.ts';
import { backwardChain, cleanSteps, root, step } from '../support/steps.ts';

const names = (graph: Graph, indexes: readonly number[]) => indexes.map((index) => graph.steps[index]?.name);

describe('the descendants of a step', () => {
  test('are its direct and indirect dependents, in declaration order', () => {
    const graph = buildGraph([step('d', 'b', 'c'), step('b', 'a'), root('a'), step('c', 'a'), root('x')]);
    const waiting = (index: number) => names(graph, findWaiting(dependentsOf(graph), index));
    expect([waiting(2), waiting(1), waiting(0)]).toEqual([['d', 'b', 'c'], ['d'], []]);
  });

  test('are the steps from which a path of dependencies leads to it', () => {
    fc.assert(
      fc.property(cleanSteps, (steps) => {
        const graph = buildGraph(steps);
        const distance = naiveDistances(graph.dependencies);
        for (const target of graph.steps.keys()) {
          const reaching = [...graph.steps.keys()].filter((from) => distance(from, target) < Infinity);
          expect(findWaiting(dependentsOf(graph), target)).toEqual(reaching);
        }
      }),
    );
  });

  test('can be a chain of any length', () => {
    const graph = buildGraph(backwardChain(20_000));
    expect(findWaiting(dependentsOf(graph), 19_999)).toHaveLength(19_999);
  });
});

describe('the heaviest path', () => {
  test('leads from a root to a leaf, and is heavier than the others', () => {
    const graph = buildGraph([root('a'), root('b'), step('c', 'a', 'b'), step('d', 'b')]);
    expect(names(graph, findHeaviestPath(graph, [1, 5, 2, 1]))).toEqual(['b', 'c']);
    expect(findHeaviestPath(buildGraph([]), [])).toEqual([]);
  });

  test('of several equal ones, is the one with the most steps, and then the one declared first', () => {
    const graph = buildGraph([root('a'), root('b'), step('c', 'b'), step('d', 'a', 'c')]);
    expect(names(graph, findHeaviestPath(graph, [0, 0, 0, 0]))).toEqual(['b', 'c', 'd']);
    const wide = buildGraph([root('a'), root('b'), step('c', 'a'), step('d', 'b')]);
    expect(names(wide, findHeaviestPath(wide, [1, 1, 1, 1]))).toEqual(['a', 'c']);
  });

  test('is a path, and no other path is heavier', () => {
    fc.assert(
      fc.property(cleanSteps, fc.array(fc.nat(5), { minLength: 9, maxLength: 9 }), (steps, weights) => {
        const graph = buildGraph(steps);
        const distance = naiveDistances(graph.dependencies);
        fc.pre([...graph.steps.keys()].every((index) => distance(index, index) === Infinity));
        const heaviest = (index: number): number =>
          (weights[index] ?? 0) + Math.max(0, ...(graph.dependencies[index] ?? []).map(heaviest));
        const path = findHeaviestPath(graph, weights);
        for (const [at, index] of path.slice(1).entries()) expect(graph.dependencies[index]).toContain(path[at]);
        expect(graph.dependencies[path[0] ?? 0]).toEqual([]);
        const weight = path.reduce((sum, index) => sum + (weights[index] ?? 0), 0);
        expect(weight).toBe(Math.max(...[...graph.steps.keys()].map(heaviest)));
      }),
    );
  });

  test('can have any length', () => {
    const graph = buildGraph(backwardChain(20_000));
    expect(findHeaviestPath(graph, new Array<number>(20_000).fill(1))).toHaveLength(20_000);
  });
});
