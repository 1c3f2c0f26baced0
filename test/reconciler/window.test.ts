import { expect, test } from 'vitest';
import { listChildren, NAMESPACE, RUN, TOOL_RUNS } from '../support/model/engine.ts';
import { tool } from '../support/model/play.ts';
import { setStage } from '../support/model/stage.ts';

test('a run whose status waits to be written is not read again until then, unless it changes itself', async () => {
  const names = ['a', 'b', 'c', 'd'];
  const run = setStage(names.map((name) => tool(name, [])));
  let reads = 0;
  const cluster = { ...run.cluster };
  Object.assign(run.cluster, {
    getObject: (...args: Parameters<typeof cluster.getObject>) => {
      reads++;
      return cluster.getObject(...args);
    },
  });
  const readsOf = async (end: () => void) => {
    const before = reads;
    end();
    const result = await run.lookAt(RUN);
    return { reads: reads - before, result };
  };
  const phases = () => names.map((name) => run.stepOf(name).phase);
  await run.look();
  await readsOf(() => run.end('a', 'Succeeded'));
  const held = await readsOf(() => run.end('b', 'Succeeded'));
  const heldAgain = await readsOf(() => run.end('c', 'Succeeded'));
  expect([held.reads > 0, held.result, heldAgain]).toEqual([
    true,
    { afterMs: 200 },
    { reads: 0, result: { afterMs: 200 } },
  ]);
  expect(phases()).toEqual(['Succeeded', 'Running', 'Running', 'Running']);
  expect((await readsOf(() => run.annotate('suspend'))).reads).toBeGreaterThan(0);
  run.pass(0.2);
  await run.lookAt(RUN);
  expect(phases()).toEqual(['Succeeded', 'Succeeded', 'Succeeded', 'Running']);
});

test('the write that ends a run does not wait', async () => {
  const run = setStage([tool('a', []), tool('b', [])]);
  await run.look();
  run.end('a', 'Succeeded');
  await run.lookAt(RUN);
  run.end('b', 'Succeeded');
  await run.lookAt(RUN);
  expect(run.status().phase).toBe('Succeeded');
});

test('a child that is deleted just before another engine continues is not created again', async () => {
  const run = setStage([tool('a', [])]);
  while (run.children().length === 0) await run.lookAt(RUN);
  const [child] = listChildren(run.api);
  expect(run.stepOf('a').resourceRef?.uid).toBeUndefined();
  await run.recordChildren();
  expect(run.stepOf('a').resourceRef?.uid).toBe(child?.metadata.uid);
  const writes = run.calls(/patch/).length;
  await run.recordChildren();
  expect(run.calls(/patch/)).toHaveLength(writes);
  run.api.delete(TOOL_RUNS, { namespace: NAMESPACE, name: child?.metadata.name ?? '' });
  run.replaceEngine();
  await run.look();
  expect(run.stepOf('a')).toMatchObject({ phase: 'Failed', reason: 'ChildDeleted' });
});
