import { expect, test } from 'vitest';
import { decodeRunStatus } from '../../src/orchestration/decode-status.ts';

test('a step keeps fields that are unknown to this build, and loses fields of the wrong type', () => {
  const known = { name: 'a', kind: 'ToolRun', phase: 'Running', attempt: 1, startedAt: '2026-01-01T00:00:00Z' };
  const newer = { progress: '50%', pace: { perMinute: 3 } };
  const wrong = { reason: 7, nextRetryAt: null, ignored: 'yes', resourceRef: 'b' };
  const { stepStatuses } = decodeRunStatus({ stepStatuses: [{ ...known, ...newer, ...wrong }] });
  expect(stepStatuses).toEqual([{ ...known, ...newer }]);
});
