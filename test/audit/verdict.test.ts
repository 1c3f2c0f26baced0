import { describe, expect, test } from 'vitest';
import { judgeStored } from '../../src/audit/verdict.ts';
import type { StoredObject } from '../../src/objects/object.ts';
import { defaultPolicy, type Severity } from '../../src/orchestration/judge.ts';
import { API_VERSION } from '../../src/orchestration/schema.ts';

const cycle = [
  { name: 'a', kind: 'Checkpoint', dependsOn: ['b'] },
  { name: 'b', kind: 'Checkpoint', dependsOn: ['a'] },
];
const enforce = { mode: 'enforce', policy: defaultPolicy } as const;

function stored(steps: readonly object[], metadata: object = {}): StoredObject {
  const identity = { namespace: 'ci', name: 'nightly', uid: 'u1', generation: 3 };
  return { apiVersion: API_VERSION, kind: 'Orchestration', metadata: { ...identity, ...metadata }, spec: { steps } };
}

function withSeverity(code: string, severity: Severity) {
  return { mode: 'enforce', policy: { ...defaultPolicy, severities: new Map([[code, severity]]) } } as const;
}

describe('a stored Orchestration', () => {
  test('with a cycle is one that the gate would deny, with the first problem in the notice', () => {
    const { denied, warned, notice } = judgeStored(stored(cycle), enforce);
    expect([denied, warned]).toEqual([['DependencyCycle'], []]);
    expect(notice?.message).toMatch(
      /^the gate would deny this Orchestration: spec\.steps\[1\]\.dependsOn\[0\]: dependency cycle a → b → a/,
    );
  });

  test('with more problems than an answer shows has the codes of all', () => {
    const unknown = Array.from({ length: 80 }, (_, i) => ({ name: `s${i}`, kind: 'Checkpoint', dependsOn: ['gone'] }));
    const { denied, notice } = judgeStored(stored([...unknown, ...cycle]), enforce);
    expect(new Set(denied)).toEqual(new Set(['MissingDependency', 'DependencyCycle']));
    expect(notice?.message).toMatch(/ \(and 80 more\)$/);
    expect(notice?.message.length).toBeLessThanOrEqual(1_024);
  });

  test('without a problem has no code and no notice', () => {
    expect(judgeStored(stored([{ name: 'a', kind: 'Checkpoint' }]), enforce)).toEqual({ denied: [], warned: [] });
  });

  test('that is being deleted has no problem', () => {
    const object = stored(cycle, { deletionTimestamp: '2026-01-01T00:00:00Z' });
    expect(judgeStored(object, enforce)).toEqual({ denied: [], warned: [] });
  });
});

describe('with the settings of the gate', () => {
  test('in mode warn, what would be denied is warned of', () => {
    const verdict = judgeStored(stored(cycle), { mode: 'warn', policy: defaultPolicy });
    expect(verdict).toEqual({ denied: [], warned: ['DependencyCycle'] });
  });

  test('in mode off, nothing is judged', () => {
    const verdict = judgeStored(stored(cycle), { mode: 'off', policy: defaultPolicy });
    expect(verdict).toEqual({ denied: [], warned: [] });
  });

  test('a severity decides between denied, warned and nothing', () => {
    const object = stored([{ name: 'Not-A-Label', kind: 'Checkpoint' }]);
    const verdictOf = (severity: Severity) => {
      const { denied, warned } = judgeStored(object, withSeverity('NonPortableStepName', severity));
      return [denied, warned];
    };
    expect(verdictOf('deny')).toEqual([['NonPortableStepName'], []]);
    expect(verdictOf('warn')).toEqual([[], ['NonPortableStepName']]);
    expect(verdictOf('off')).toEqual([[], []]);
  });
});

test('the identity of a notice changes with the object, its generation and its codes, and with nothing else', () => {
  const identityOf = (object: StoredObject) => judgeStored(object, enforce).notice?.identity;
  const identity = identityOf(stored(cycle));
  expect(identityOf(stored(cycle, { labels: { team: 'ci' }, resourceVersion: '7' }))).toBe(identity);
  const others = [
    stored(cycle, { uid: 'u2' }),
    stored(cycle, { generation: 4 }),
    stored([...cycle, { name: 'c', kind: 'Checkpoint', dependsOn: ['gone'] }]),
  ];
  expect(new Set([identity, ...others.map(identityOf)]).size).toBe(4);
});
