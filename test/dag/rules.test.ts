import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Step } from '../../src/dag/graph.ts';
import {
  checkGraph,
  checkLimits,
  defaultLimits,
  type GraphRule,
  graphRules,
  type Limits,
  limitRules,
} from '../../src/dag/rules.ts';
import { naiveProblems } from '../support/oracle.ts';
import {
  backwardChain,
  collidingNames,
  hostileName,
  messySteps,
  ring,
  root,
  step,
  withoutEmoji,
} from '../support/steps.ts';

/** The problems of the limits or, if there are none, those of the graph. Each has its code. */
function problemsOf(steps: readonly Step[], limits = defaultLimits) {
  const overLimits = checkLimits(steps, limits);
  const findings = overLimits.length > 0 ? overLimits : checkGraph(steps);
  return findings.flatMap(({ code, problems }) => problems.map((problem) => ({ code, ...problem })));
}

/** One line for each problem: `code at.the.path: message`. */
function verdictOn(steps: readonly Step[], limits?: Limits): string[] {
  return problemsOf(steps, limits).map(({ code, path, describe }) => `${code} ${path.join('.')}: ${describe()}`);
}

function codesOf(steps: readonly Step[], limits?: Limits): string[] {
  return problemsOf(steps, limits).map(({ code }) => code);
}

function firstNamed(steps: readonly Step[], wanted: string | undefined): number {
  return steps.findIndex(({ name }) => name === wanted);
}

const unlimited: Limits = { maxSteps: Infinity, maxDependencies: Infinity };

describe('the message of', () => {
  test('TooManySteps', () => {
    expect(verdictOn([root('a'), root('b'), root('c')], { maxSteps: 2, maxDependencies: 9 })).toEqual([
      'TooManySteps : 3 steps, but at most 2 are allowed: replace some of them with SubOrchestration steps (the graph was not checked)',
    ]);
  });

  test('TooManyDependencies', () => {
    expect(verdictOn([root('a'), root('b'), step('c', 'a', 'b')], { maxSteps: 9, maxDependencies: 1 })).toEqual([
      'TooManyDependencies 2.dependsOn: 2 entries, but at most 1 are allowed: combine some of them in a Checkpoint step (the graph was not checked)',
    ]);
  });

  test('DuplicateStep', () => {
    expect(verdictOn([root('a'), root('build'), root('build')])).toEqual([
      'DuplicateStep 2.name: "build" is already the name of steps[1]: rename one of the two',
    ]);
  });

  test('MissingDependency suggests a step with a similar name', () => {
    expect(verdictOn([root('build'), step('deploy', 'biuld')])).toEqual([
      'MissingDependency 1.dependsOn.0: no step is named "biuld": did you mean "build"?',
    ]);
  });

  test('MissingDependency lists the other steps if no name is similar', () => {
    expect(verdictOn([root('build'), root(''), step('deploy', 'build', 'push')])).toEqual([
      'MissingDependency 2.dependsOn.1: no step is named "push": the other steps are "build"',
    ]);
  });

  test('MissingDependency never suggests that a step depends on itself', () => {
    expect(verdictOn([step('deploy', 'deplyo')])).toEqual([
      'MissingDependency 0.dependsOn.0: no step is named "deplyo": there is no other step',
    ]);
  });

  test('SelfDependency', () => {
    expect(verdictOn([root('a'), step('build', 'a', 'build')])).toEqual([
      'SelfDependency 1.dependsOn.1: "build" waits for itself and could never start: remove this entry',
    ]);
  });

  test('DependencyCycle is reported at the entry that closes the loop', () => {
    expect(verdictOn([root('x'), step('a', 'b'), step('b', 'x', 'a')])).toEqual([
      'DependencyCycle 2.dependsOn.1: dependency cycle a → b → a: none of them could ever start; remove one of these dependencies',
    ]);
  });

  test('DuplicateDependency', () => {
    expect(verdictOn([root('a'), step('b', 'a', 'a')])).toEqual([
      'DuplicateDependency 1.dependsOn.1: "a" is listed twice and counts once: remove this entry',
    ]);
  });

  test('MixedDependsOn', () => {
    expect(verdictOn([step('a'), step('b', 'a'), step('c'), step('d'), step(''), step('e'), step('f')])).toEqual([
      'MixedDependsOn : dependsOn is declared by other steps, but not by "c", "d", "e" and 1 more: a step without it starts at once; if you intend that, write dependsOn: []',
    ]);
  });
});

describe('checkGraph', () => {
  test('accepts a diamond, a sequence and an empty list', () => {
    //   d → b → a
    //    ↘ c ↗
    expect(verdictOn([root('a'), step('b', 'a'), step('c', 'a'), step('d', 'b', 'c')])).toEqual([]);
    expect(verdictOn([step('a'), step('b'), step('c')])).toEqual([]);
    expect(verdictOn([])).toEqual([]);
  });

  test('does not check a graph that is over a limit, nor any step of a list that is too long', () => {
    const steps = [step('a', 'a', 'nope'), step('a', 'a')];
    expect(codesOf(steps, { maxSteps: 2, maxDependencies: 1 })).toEqual(['TooManyDependencies']);
    expect(codesOf(steps, { maxSteps: 1, maxDependencies: 1 })).toEqual(['TooManySteps']);
  });

  test('allows exactly 1,000 steps and 256 dependencies a step', () => {
    const names = Array.from({ length: 1000 }, (_, i) => `s${i}`);
    const steps = (count: number, entries: number) =>
      names
        .slice(0, count)
        .map(root)
        .concat(step('end', ...names.slice(0, entries)));
    expect(codesOf(steps(999, 256))).toEqual([]);
    expect(codesOf(steps(1000, 256))).toEqual(['TooManySteps']);
    expect(codesOf(steps(999, 257))).toEqual(['TooManyDependencies']);
  });

  test('uses rules that deny graphs that cannot run, warn about the rest, and always deny if checks need them', () => {
    const rules: readonly GraphRule[] = [...limitRules, ...graphRules];
    expect(rules.map(({ code, severity, isFixed }) => `${isFixed ? 'always ' : ''}${severity} ${code}`)).toEqual([
      'always deny TooManySteps',
      'always deny TooManyDependencies',
      'always deny DuplicateStep',
      'deny MissingDependency',
      'deny SelfDependency',
      'deny DependencyCycle',
      'warn DuplicateDependency',
      'warn MixedDependsOn',
    ]);
  });

  test('counts every problem and returns the requested number, sorted by place', () => {
    const pair = (own: string, other: string) => [step(own, other, 'x', 'y'), step(other, own)];
    const [missing, cycles] = checkGraph([...pair('a', 'b'), ...pair('c', 'd')], 1);
    expect(missing).toMatchObject({ code: 'MissingDependency', count: 4, problems: [{ path: [0, 'dependsOn', 1] }] });
    expect(cycles).toMatchObject({ code: 'DependencyCycle', count: 2, problems: [{ path: [1, 'dependsOn', 0] }] });
    const nested = [step('a', 'd'), step('b', 'c'), step('c', 'b'), step('d', 'a')];
    expect(checkGraph(nested, 1)).toMatchObject([{ count: 2, problems: [{ loop: ['b', 'c'] }] }]);
  });

  test('checks the limits of a list with entries of any type', () => {
    const odd = [null, 7, 'a', undefined, { dependsOn: 'x'.repeat(9) }, { dependsOn: { length: 9 } }];
    expect(checkLimits(odd, { maxSteps: 6, maxDependencies: 1 })).toEqual([]);
    const over = checkLimits([...odd, { dependsOn: [null, {}] }], { maxSteps: 7, maxDependencies: 1 });
    expect(over).toMatchObject([{ code: 'TooManyDependencies', count: 1, problems: [{ path: [6, 'dependsOn'] }] }]);
  });

  test('finds exactly the problems of a naive search, in the same order', () => {
    fc.assert(
      fc.property(messySteps(collidingNames), (steps) => {
        const problems = problemsOf(steps).map(({ code, path, loop }) => ({ code, path, loop }));
        const found = problems.map(({ code, path, loop }) => ({
          code,
          path: loop ? [firstNamed(steps, loop[0])] : path,
        }));
        const isCycle = ({ code }: { code: string }) => code === 'DependencyCycle';
        const byFirst = found.filter(isCycle).toSorted((left, right) => Number(left.path[0]) - Number(right.path[0]));
        expect(found.map((problem) => (isCycle(problem) ? byFirst.shift() : problem))).toEqual(naiveProblems(steps));
        for (const { path, loop } of problems) {
          if (loop === undefined) continue;
          const last = firstNamed(steps, loop.at(-1));
          expect(path).toEqual([last, 'dependsOn', steps[last]?.dependsOn?.indexOf(loop[0] ?? '')]);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('finds the same problems if the steps are in another order', () => {
    const distinct = messySteps(collidingNames).map((steps) =>
      [...new Map(steps.map((step) => [step.name, step])).values()].map(({ name, dependsOn = [] }) => ({
        name,
        dependsOn,
      })),
    );
    const twoOrders = distinct.chain((steps) =>
      fc.tuple(fc.constant(steps), fc.shuffledSubarray(steps, { minLength: steps.length })),
    );
    const verdictByName = (steps: readonly Step[]) =>
      problemsOf(steps)
        .map(({ code, path: [i, , entry], loop }) => (loop ? code : `${code} ${steps[Number(i)]?.name} ${entry}`))
        .toSorted();
    fc.assert(
      fc.property(twoOrders, ([steps, others]) => {
        expect(verdictByName(others)).toEqual(verdictByName(steps));
      }),
      { numRuns: 1000 },
    );
  });

  test('never throws because of a name, and never repeats hostile characters', () => {
    const steps = fc.array(hostileName, { minLength: 1, maxLength: 5 }).chain(messySteps);
    fc.assert(
      fc.property(steps, (steps) => {
        for (const { describe } of problemsOf(steps)) {
          const message = describe();
          expect(withoutEmoji(message)).not.toMatch(/\p{C}|\p{Zl}|\p{Zp}/u);
          expect(message.length).toBeLessThan(700);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test.each(['x', '"', '\u0007', '😀'])('keeps a message under 700 characters if names are full of %j', (text) => {
    const name = (i: number) => `${i}${text.repeat(300)}`;
    const loop = Array.from({ length: 1000 }, (_, i) => step(name(i), name((i + 1) % 1000)));
    const wanting = loop.map((step) => ({ ...step, dependsOn: [name(-1)] }));
    for (const [problem] of [problemsOf(loop), problemsOf(wanting)]) {
      const { length } = problem?.describe() ?? '';
      expect(length).toBeGreaterThan(300);
      expect(length).toBeLessThan(700);
    }
  });

  test('follows 100,000 steps without overflowing the stack', () => {
    expect(problemsOf(backwardChain(100_000), unlimited)).toEqual([]);
    const [problem] = problemsOf(ring(100_000), unlimited);
    expect(problem?.loop).toHaveLength(100_000);
    expect(problem?.describe()).toMatch(/^dependency cycle s0 → s1 → s2 → s3 → … 99992 more … → s99996 → .* → s0: /u);
  });
});
