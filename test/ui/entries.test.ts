import { expect, test } from 'vitest';
import { keepStub } from '../../src/ui/entries.ts';
import { object, runOf } from '../support/ui-namespace.ts';

const entryOf = (...run: Parameters<typeof runOf>) => keepStub(runOf(...run)).entry;

test('the entry of a run has all that a list shows, and leaves out what is absent', () => {
  const steps = [
    { name: 'a', kind: 'ToolRun', phase: 'Succeeded' },
    { name: 'b', kind: 'ToolRun', phase: 'Retrying' },
    { name: 'c', kind: 'ToolRun', phase: 'Skipped' },
    { name: 'gate', kind: 'ApprovalGate', phase: 'Running' },
    { name: 'z', kind: 'ToolRun', phase: 'Pending' },
  ];
  const owner = { apiVersion: 'v1', kind: 'OrchestrationRun', name: 'outer', uid: 'u', controller: true };
  const metadata = {
    labels: { team: 'infra' },
    ownerReferences: [owner],
    annotations: {
      'orchestration.proompteng.ai/suspend': 'true',
      'orchestration.proompteng.ai/resume-from': 'before',
    },
  };
  expect(entryOf('r', 'Running', steps, metadata)).toEqual({
    kind: 'OrchestrationRun',
    name: 'r',
    phase: 'Running',
    orchestration: 'o',
    createdAt: Date.parse('2026-01-01T00:00:00Z'),
    labels: { team: 'infra' },
    steps: { total: 5, running: 2, succeeded: 1, skipped: 1 },
    parent: 'outer',
    resumes: 'before',
    waitsForApproval: ['gate'],
    isSuspended: true,
  });
  expect(entryOf('r', 'Failed', [steps[3] ?? {}])).not.toHaveProperty('waitsForApproval');
});

test('an entry needs no status, and keeps nothing of the spec but the name of the Orchestration', () => {
  const spec = { orchestrationRef: { name: 'o' }, parameters: { secret: 'x'.repeat(10_000) } };
  const stub = keepStub(object('OrchestrationRun', 'r', { spec }));
  expect(stub.entry).toEqual({
    kind: 'OrchestrationRun',
    name: 'r',
    orchestration: 'o',
    createdAt: Date.parse('2026-01-01T00:00:00Z'),
  });
  expect(JSON.stringify(stub).length).toBeLessThan(400);
  expect(keepStub(object('Orchestration', 'o', { spec: { steps: [] }, status: { phase: 7 } })).entry).toEqual({
    kind: 'Orchestration',
    name: 'o',
    createdAt: Date.parse('2026-01-01T00:00:00Z'),
  });
});
