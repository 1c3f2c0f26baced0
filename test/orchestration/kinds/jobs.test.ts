import { expect, test } from 'vitest';
import type { KubeObject } from '../../../src/objects/object.ts';
import { agentRun } from '../../../src/orchestration/kinds/agent-run.ts';
import { toolRun } from '../../../src/orchestration/kinds/tool-run.ts';
import { writeToolRunState } from '../../../src/orchestration/tool-run-state.ts';
import { Annotation } from '../../../src/orchestration/vocabulary/metadata.ts';

const child = (status: object, annotations: Readonly<Record<string, string>> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Child',
  metadata: { name: 'a', uid: 'u', annotations },
  status,
});

test('the Job of a ToolRun is the one in its state, or else the one in its status', () => {
  const state = writeToolRunState({ uid: 'u' }, { job: { name: 'ours' }, startedAt: '2026-01-31T12:00:00Z' });
  const status = { runtimeRef: { type: 'job', name: 'theirs' } };
  expect(toolRun.jobs?.(child(status, { [Annotation.ToolRunState]: state }))).toEqual(['ours']);
  expect(toolRun.jobs?.(child(status))).toEqual(['theirs']);
  expect(toolRun.jobs?.(child({}))).toEqual([]);
});

test('the Jobs of an AgentRun are its own, or those of its workflow, each once', () => {
  expect(agentRun.jobs?.(child({ runtimeRef: { type: 'job', name: 'one' } }))).toEqual(['one']);
  expect(agentRun.jobs?.(child({ runtimeRef: { type: 'temporal', name: 'one' } }))).toEqual([]);
  const steps = [
    { jobRef: { name: 'plan' } },
    {
      jobRef: { name: 'pass-2' },
      loop: { iterations: [{ jobRef: { name: 'pass-1' } }, { jobRef: { name: 'pass-2' } }] },
    },
    { phase: 'Pending' },
    'malformed',
  ];
  expect(agentRun.jobs?.(child({ workflow: { steps } }))).toEqual(['plan', 'pass-1', 'pass-2']);
});
