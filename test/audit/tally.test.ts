import { describe, expect, test } from 'vitest';
import { createTally } from '../../src/audit/tally.ts';

const denied = (identity: string, ...codes: string[]) => ({
  denied: codes,
  warned: [],
  notice: { message: 'no', identity },
});
const warned = (...codes: string[]) => ({ denied: [], warned: codes });
const fine = { denied: [], warned: [] };

describe('the counts', () => {
  test('are by namespace, code and severity, and by namespace for what the gate would deny', () => {
    const tally = createTally();
    tally.set('ci/a', denied('1', 'DependencyCycle', 'MissingDependency'));
    tally.set('ci/b', denied('2', 'DependencyCycle'));
    tally.set('ci/c', warned('UnknownField'));
    tally.set('prod/a', denied('4', 'DependencyCycle'));
    tally.set('prod/b', fine);
    const { judged, denied: inNamespaces, problems } = tally.count();
    expect(judged).toBe(5);
    expect([...inNamespaces]).toEqual([
      ['ci', 2],
      ['prod', 1],
    ]);
    expect(problems).toEqual([
      { namespace: 'ci', code: 'DependencyCycle', severity: 'deny', orchestrations: 2 },
      { namespace: 'ci', code: 'MissingDependency', severity: 'deny', orchestrations: 1 },
      { namespace: 'ci', code: 'UnknownField', severity: 'warn', orchestrations: 1 },
      { namespace: 'prod', code: 'DependencyCycle', severity: 'deny', orchestrations: 1 },
    ]);
  });

  test('lose an object that is fixed, deleted or no longer listed', () => {
    const tally = createTally();
    for (const key of ['ci/fixed', 'ci/deleted', 'ci/unlisted', 'prod/a']) tally.set(key, denied(key, 'EmptySteps'));
    tally.set('ci/fixed', fine);
    tally.remove('ci/deleted');
    tally.retain((key) => key !== 'ci/unlisted');
    expect([tally.count().judged, [...tally.count().denied]]).toEqual([2, [['prod', 1]]]);
  });
});

test('a notice is news once, and again after the object was fixed', () => {
  const tally = createTally();
  const set = (verdict: Parameters<typeof tally.set>[1]) => tally.set('ci/a', verdict);
  const verdicts = [denied('1', 'X'), denied('1', 'X'), denied('2', 'X'), fine, denied('2', 'X')];
  expect(verdicts.map(set)).toEqual([true, false, true, false, true]);
});
