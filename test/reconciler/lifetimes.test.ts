import { describe, expect, test } from 'vitest';
import type { StoredObject } from '../../src/objects/object.ts';
import { affectedRuns } from '../../src/reconciler/affected.ts';
import { buildChild, buildSnapshot } from '../../src/reconciler/child-object.ts';
import { readRun } from '../../src/reconciler/read-run.ts';
import { topicOfRun } from '../../src/reconciler/topics.ts';
import { NAMESPACE, RUN, RUNS } from '../support/model/engine.ts';
import { type Step, tool } from '../support/model/play.ts';
import { type Stage, setStage } from '../support/model/stage.ts';

const sub = (rest: Partial<Step> = {}): Step => ({
  name: 'sub',
  kind: 'SubOrchestration',
  orchestrationRef: { name: 'inner' },
  dependsOn: [],
  ...rest,
});

describe('a nested run', () => {
  test('with a lifetime of zero stays until its parent has recorded its end', async () => {
    const others = { inner: { steps: [tool('work', [])], policies: { ttlSecondsAfterFinished: 0 } } };
    const run = setStage([sub({ retries: 1 })], { others });
    await run.look();
    run.end('work', 'Succeeded');
    await run.look(5, 'Nested');
    run.collectGarbage();
    expect(run.children()).toContain('sub');
    await run.look();
    expect(run.stepOf('sub')).toMatchObject({ phase: 'Succeeded', attempt: 1 });
    expect(run.calls(/^create OrchestrationRun/)).toHaveLength(1);
    expect(run.calls(/^delete OrchestrationRun sub/)).toHaveLength(1);
    expect(run.status().phase).toBe('Succeeded');
  });

  test('is deleted once its attempt is over, whatever the next attempt does', async () => {
    const others = { inner: { steps: [tool('work', [])], policies: { ttlSecondsAfterFinished: 0 } } };
    const run = setStage([sub({ retries: 1 })], { others });
    await run.look();
    run.end('work', 'Failed');
    await run.look(5, 'Nested');
    run.collectGarbage();
    await run.look();
    expect(run.stepOf('sub')).toMatchObject({ phase: 'Running', attempt: 2 });
    expect(run.calls(/^delete OrchestrationRun sub.1/)).toHaveLength(1);
  });

  test.each([
    ['is gone', (run: Stage) => run.api.delete(RUNS, { namespace: NAMESPACE, name: RUN })],
    [
      'is over',
      (run: Stage) => {
        const body = { status: { phase: 'Failed', finishedAt: '2026-01-01T00:00:00Z' } };
        run.api.patch(RUNS, { namespace: NAMESPACE, name: RUN }, { type: 'merge', body }, { subresource: 'status' });
      },
    ],
  ])('does not wait for a parent that %s', async (_, change) => {
    const others = { inner: { steps: [tool('work', [])], policies: { ttlSecondsAfterFinished: 0 } } };
    const run = setStage([sub()], { others });
    await run.look();
    change(run);
    run.end('work', 'Succeeded');
    await run.look();
    expect(run.calls(/^delete OrchestrationRun sub/)).toHaveLength(1);
  });

  test('that waits for its parent is reconciled when the parent changes', async () => {
    const others = { inner: { steps: [tool('work', [])], policies: { ttlSecondsAfterFinished: 0 } } };
    const run = setStage([sub()], { others });
    await run.look();
    expect(run.circumstances.heard).toEqual([]);
    run.end('work', 'Succeeded');
    await run.look();
    const [parent, child] = [`${NAMESPACE}/${RUN}`, `${NAMESPACE}/sub.1.${RUN}.1`];
    expect(new Set(run.circumstances.heard)).toEqual(new Set([`${child} of ${parent}`]));
    const stored = run.api.get(RUNS, { namespace: NAMESPACE, name: RUN }) as StoredObject;
    const interested = (topic: string) => (topic === topicOfRun(parent) ? [child] : []);
    expect(affectedRuns(stored, interested)).toEqual([parent, child]);
  });
});

test('children block the deletion of their run, and its snapshot does not', () => {
  const { api } = setStage([tool('a', [])]);
  const run = readRun(api.get(RUNS, { namespace: NAMESPACE, name: RUN }) as StoredObject, false);
  const ref = { apiVersion: 'v1', kind: 'ToolRun', name: 'child', namespace: NAMESPACE };
  const child = buildChild(run, { type: 'CreateChild', step: 'a', ref, spec: {} });
  expect(child.metadata.ownerReferences).toMatchObject([{ uid: run.uid, controller: true, blockOwnerDeletion: true }]);
  const orchestration = { name: 'nightly', namespace: NAMESPACE, steps: [], policies: {} };
  const snapshot = buildSnapshot(run, { type: 'CreateSnapshot', orchestration });
  expect(snapshot.metadata.ownerReferences[0]).not.toHaveProperty('blockOwnerDeletion');
});

test('a child whose end is recorded stays after its run, even if another controller puts its phase back', async () => {
  const run = setStage([tool('a', [], { retries: 1 }), tool('b', ['a'])]);
  await run.look();
  run.end('a.1', 'Failed');
  await run.look();
  run.end('a.2', 'Succeeded');
  await run.look();
  run.end('a.1', 'Ready');
  run.end('a.2', 'Ready');
  run.end('b', 'Succeeded');
  await run.look();
  expect(run.status().phase).toBe('Succeeded');
  expect(run.calls(/^delete /)).toEqual([]);
});
