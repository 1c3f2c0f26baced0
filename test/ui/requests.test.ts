import { expect, test } from 'vitest';
import { readAction, readLogQuery, readStreamQuery } from '../../src/ui/requests.ts';

const uuid = '11111111-0000-4000-8000-000000000000';
const run = { verb: 'run', namespace: 'ci', orchestration: 'o', parameters: { a: 'b' }, deliveryId: uuid };
const approve = { verb: 'approve', namespace: 'ci', run: 'r', step: 'gate', comment: '' };

test.each([
  run,
  approve,
  { verb: 'rerun', namespace: 'ci', run: 'r', steps: ['a'], isLatest: false, deliveryId: uuid },
  { verb: 'cancel', namespace: 'ci', run: 'r', isNow: true },
  { verb: 'suspend', namespace: 'ci', run: 'r' },
  { verb: 'resume', namespace: 'ci', run: 'r' },
])('an action is read without what it does not need: $verb', (action) => {
  expect(readAction({ ...action, other: 1 })).toEqual(action);
});

test.each([
  undefined,
  null,
  [],
  { ...run, verb: 'delete' },
  { ...run, namespace: '../kube-system' },
  { ...run, orchestration: 'o/status' },
  { ...run, parameters: { a: 1 } },
  { ...run, parameters: undefined },
  { ...run, deliveryId: 'x' },
  { ...approve, run: '..' },
  { ...approve, step: undefined },
  { verb: 'cancel', namespace: 'ci', run: 'r', isNow: 'yes' },
])('an action that the page never sends is not read: %j', (action) => {
  expect(readAction(action)).toBeUndefined();
});

test('a query names whole objects or none, and numbers are bounded', () => {
  expect(readStreamQuery({})).toEqual({});
  expect(readStreamQuery({ namespace: 'ci', kind: 'Orchestration', name: 'o' })).toBeDefined();
  for (const query of [{ kind: 'Orchestration' }, { name: 'o' }, { kind: 'Pod', name: 'o' }, { namespace: ['a', 'b'] }])
    expect(readStreamQuery(query)).toBeUndefined();
  const log = { namespace: 'ci', run: 'r', step: 'a' };
  expect(readLogQuery({ ...log, attempt: '2', tail: '10' })).toEqual({ ...log, attempt: '2', tail: '10' });
  for (const tail of ['-1', '1e9', '10000000', '']) expect(readLogQuery({ ...log, tail })).toBeUndefined();
});
