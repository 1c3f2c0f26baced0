import { expect, test } from 'vitest';
import { decodeRunStatus } from '../../src/orchestration/decode-status.ts';

test('a step keeps fields that are unknown to this build, and loses fields of the wrong type', () => {
  const known = { name: 'a', kind: 'ToolRun', phase: 'Running', attempt: 1, startedAt: '2026-01-01T00:00:00Z' };
  const newer = { progress: '50%', pace: { perMinute: 3 } };
  const wrong = { reason: 7, nextRetryAt: null, ignored: 'yes', resourceRef: 'b' };
  const { stepStatuses } = decodeRunStatus({ stepStatuses: [{ ...known, ...newer, ...wrong }] });
  expect(stepStatuses).toEqual([{ ...known, ...newer }]);
});

test('a step keeps the previous attempts that have a number, a reason and an end, without what it cannot read of them', () => {
  const [first, second] = [1, 2].map((attempt) => ({
    attempt,
    reason: 'ChildFailed',
    message: 'exit 1',
    startedAt: '2026-01-01T00:00:00Z',
    finishedAt: '2026-01-01T00:00:05Z',
    child: `build-${attempt}`,
  }));
  const step = { name: 'a', kind: 'ToolRun', phase: 'Running', attempt: 3 };
  const previousAttempts = [first, 'x', { ...second, attempt: '2' }, { ...second, child: 7, message: null }];
  const { message: _, child: __, ...rest } = second ?? {};
  expect(decodeRunStatus({ stepStatuses: [{ ...step, previousAttempts }] }).stepStatuses).toEqual([
    { ...step, previousAttempts: [first, rest] },
  ]);
  expect(decodeRunStatus({ stepStatuses: [{ ...step, previousAttempts: 'none' }] }).stepStatuses).toEqual([step]);
});
