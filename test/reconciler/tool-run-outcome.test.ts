import { expect, test } from 'vitest';
import type { StoredObject } from '../../src/objects/object.ts';
import { stepKinds } from '../../src/orchestration/kinds/table.ts';
import { writeToolRunState } from '../../src/orchestration/tool-run-state.ts';
import { Annotation } from '../../src/orchestration/vocabulary/metadata.ts';
import { observeAttempt } from '../../src/reconciler/attempts.ts';
import { keepObject } from '../../src/reconciler/kept.ts';
import type { Observation } from '../../src/reconciler/observation.ts';

const startedAt = '2026-01-01T00:00:00Z';
const failed = { phase: 'Failed', reason: 'JobFailed', message: 'exit 3', finishedAt: startedAt } as const;
const begun = { job: { name: 'j', uid: 'u' }, startedAt };

/** The outcome of a ToolRun step whose child has this phase and this annotation. */
function observe(phase: string, text: string | undefined) {
  const child = keepObject({
    apiVersion: 'tools.proompteng.ai/v1alpha1',
    kind: 'ToolRun',
    metadata: {
      ...{ name: 'c', namespace: 'agents', uid: 'child', ownerReferences: [{ uid: 'run', controller: true }] },
      annotations: text === undefined ? {} : { [Annotation.ToolRunState]: text },
    },
    status: { phase },
  } as unknown as StoredObject);
  const step = { name: 'a', kind: 'ToolRun', dependsOn: [], toolRef: { name: 'echo' } };
  const resourceRef = { apiVersion: child.apiVersion, kind: 'ToolRun', namespace: 'agents', name: 'c', uid: 'child' };
  const observation = {
    run: { uid: 'run' },
    kinds: stepKinds,
    children: new Map([['c', child]]),
    created: new Map(),
    unreadable: new Map(),
  };
  const status = { name: 'a', kind: 'ToolRun', phase: 'Running', attempt: 1, resourceRef };
  return observeAttempt(observation as unknown as Observation, step as never, status as never);
}

test('a ToolRun step ends as the annotation of its child says, whatever the phase of the child', () => {
  const ended = writeToolRunState({ uid: 'child' }, { ...begun, outcome: failed });
  for (const phase of ['Ready', 'Running', 'Succeeded', 'Failed'])
    expect(observe(phase, ended)).toEqual({ state: 'Failed', reason: 'ChildFailed', message: 'exit 3' });
});

test('a ToolRun whose annotation has no end is running, whatever its phase', () => {
  expect(observe('Succeeded', writeToolRunState({ uid: 'child' }, begun))).toEqual({ state: 'Running' });
});

test.each([
  ['there is no annotation', undefined],
  ['it is of another object', writeToolRunState({ uid: 'copied' }, { ...begun, outcome: failed })],
  ['it cannot be read', '{"of":"child","outcome":{"phase":"Failed"}}'],
])('if %s, the phase of a ToolRun is its end', (_, text) => {
  expect(observe('Succeeded', text)).toEqual({ state: 'Succeeded' });
  expect(observe('Ready', text)).toEqual({ state: 'Running' });
});
