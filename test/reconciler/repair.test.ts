import { expect, test } from 'vitest';
import { decodeRunStatus } from '../../src/orchestration/decode-status.ts';
import { stepKinds } from '../../src/orchestration/kinds/table.ts';
import { repairSteps } from '../../src/reconciler/repair.ts';

const nameChild = (_: unknown, step: string, attempt: number) => `${step}-${attempt}`;

/** The previous attempts of a step that stay: the number, the child and the length of the message of each. */
function keep(step: object, previousAttempts: readonly object[], kind = 'ToolRun') {
  const stepStatuses = [{ name: 'a', kind, ...step, previousAttempts }];
  const run = { name: 'nightly-1', namespace: 'agents', uid: 'run-uid', status: decodeRunStatus({ stepStatuses }) };
  const [repaired] = repairSteps(run, [{ name: 'a', kind }], nameChild, stepKinds);
  return repaired?.previousAttempts?.map(({ attempt, child, message }) => [attempt, child, message?.length]);
}

const ended = (attempt: number, more = {}) => ({
  attempt,
  reason: 'ChildFailed',
  finishedAt: '2026-01-01T00:00:05Z',
  ...more,
});

test('previous attempts that a status cannot have are dropped, and their children are named after their numbers', () => {
  const running = { phase: 'Running', attempt: 4 };
  const forged = [0, 1.5, 2, 2, 1, 3, 4, 9].map((attempt) => ended(attempt, { child: 'stranger' }));
  expect(keep(running, forged)).toEqual([
    [2, 'a-2', undefined],
    [3, 'a-3', undefined],
  ]);
  expect(keep(running, [ended(1, { message: 'x'.repeat(9_999) })])).toEqual([[1, undefined, 256]]);
  expect(keep(running, [ended(1, { child: 'stranger' })], 'ApprovalGate')).toEqual([[1, undefined, undefined]]);
  expect(keep({ phase: 'Pending', attempt: 0 }, [ended(1)])).toBeUndefined();
});

test('a step between two attempts, or that ended there, keeps the attempt that has its own number', () => {
  for (const phase of ['Retrying', 'Cancelled', 'Failed'])
    expect(keep({ phase, attempt: 2 }, [ended(1), ended(2)])).toHaveLength(2);
  expect(keep({ phase: 'Succeeded', attempt: 2 }, [ended(1), ended(2)])).toHaveLength(1);
});

test('no more than the last five previous attempts are kept', () => {
  const many = Array.from({ length: 9 }, (_, index) => ended(index + 1));
  expect(keep({ phase: 'Running', attempt: 10 }, many)?.map(([attempt]) => attempt)).toEqual([5, 6, 7, 8, 9]);
});
