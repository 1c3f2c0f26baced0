import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildGraph, dependentsOf } from '../../src/dag/graph.ts';
import { naiveEdges } from '../support/oracle.ts';
import { collidingNames, messySteps, root, step } from '../support/steps.ts';

describe('buildGraph', () => {
  test('resolves names to indexes, in the order written, wherever the steps are declared', () => {
    //   deploy ← test ← build
    //        ↖ scan ↙
    const graph = buildGraph([
      step('deploy', 'test', 'scan'),
      step('scan', 'build'),
      step('test', 'build'),
      root('build'),
    ]);
    expect(graph.dependencies).toEqual([[2, 1], [3], [3], []]);
    expect(dependentsOf(graph)).toEqual([[], [0], [0], [1, 2]]);
  });

  test('makes each step depend on the step before it if none declares dependsOn', () => {
    const graph = buildGraph([step('a'), step('b'), step('c')]);
    expect(graph).toMatchObject({ isSequential: true, dependencies: [[], [0], [1]] });
  });

  test.each([[step('b', 'a')], [root('b')]])(
    'makes a step without dependsOn a root as soon as one declares it: %j',
    (declaring) => {
      const { isSequential, dependencies } = buildGraph([step('a'), declaring, step('c')]);
      expect({ isSequential, third: dependencies[2] }).toEqual({ isSequential: false, third: [] });
    },
  );

  test('resolves a name to the first step that has it', () => {
    const graph = buildGraph([root('a'), root('a'), root('a'), step('b', 'a')]);
    expect(graph.dependencies[3]).toEqual([0]);
    expect(graph.duplicates).toEqual([
      { step: 1, first: 0 },
      { step: 2, first: 0 },
    ]);
  });

  test('keeps entries that are not edges separately', () => {
    const graph = buildGraph([root('a'), step('b', 'a', 'nope', 'b', 'a', 'nope')]);
    expect(graph.dependencies).toEqual([[], [0]]);
    expect(graph.missing.map(({ entry }) => entry)).toEqual([1, 4]);
    expect(graph.reflexive).toEqual([{ step: 1, entry: 2 }]);
    expect(graph.repeated).toEqual([{ step: 1, entry: 3 }]);
  });

  test('never resolves the empty name of a malformed step', () => {
    const { dependencies, duplicates, missing, reflexive } = buildGraph([root(''), step('', ''), step('a', '')]);
    expect({ dependencies, duplicates, missing, reflexive }).toEqual({
      dependencies: [[], [], []],
      duplicates: [],
      missing: [],
      reflexive: [],
    });
  });

  test('does not resolve the names of prototype properties', () => {
    const inherited = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    expect(buildGraph([step('a', ...inherited)]).missing).toHaveLength(4);
    expect(buildGraph([...inherited.map(root), step('a', ...inherited)]).dependencies[4]).toEqual([0, 1, 2, 3]);
  });

  test('has the edges of a naive search, and the same edges reversed', () => {
    fc.assert(
      fc.property(messySteps(collidingNames), (steps) => {
        const graph = buildGraph(steps);
        const edges = naiveEdges(steps);
        expect(graph.dependencies).toEqual(edges);
        const waitFor = (target: number) => [...edges.keys()].filter((i) => edges[i]?.includes(target));
        expect(dependentsOf(graph)).toEqual(steps.map((_, target) => waitFor(target)));
      }),
      { numRuns: 1000 },
    );
  });
});
