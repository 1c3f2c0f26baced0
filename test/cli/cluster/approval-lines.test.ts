import { expect, test } from 'vitest';
import { status } from '../../../src/cli/commands/status.ts';
import { fakeCluster, runIn, storedRun } from './fake-cluster.ts';
import { timeAfter } from './runs.ts';

test('status shows who has decided about a step, when and why, and how many approvals are missing', async () => {
  const gate = { kind: 'ApprovalGate', attempt: 1, startedAt: timeAfter(0) };
  const approval = { user: 'ann', decision: 'Approved', at: timeAfter(3415), comment: 'seen\non staging' };
  const stepStatuses = [
    { ...gate, name: 'ask', phase: 'Running', approvers: { count: 2 }, approvals: [approval] },
    { ...gate, name: 'sign', phase: 'Running' },
    { ...gate, name: 'done', phase: 'Failed', approvals: [{ user: 'bob', decision: 'Denied', at: timeAfter(0) }] },
  ];
  const cluster = fakeCluster({ objects: [storedRun('r', { phase: 'Running', stepStatuses })] });
  const { stdout } = await runIn(cluster, status, ['r']);
  expect(stdout.split('\n').slice(1, -1)).toEqual([
    '  ▶ Running   ask   1h00m',
    `      ann approved it 3m05s ago (${timeAfter(3415)}): seen\\u000aon staging`,
    '      1 of 2 approvals are missing',
    '  ▶ Running   sign  1h00m',
    '      1 of 1 approval is missing',
    '  ✗ Failed    done  1h00m',
    `      bob denied it 1h00m ago (${timeAfter(0)})`,
  ]);
});
