import { expect, test } from 'vitest';
import { RUN } from '../support/model/engine.ts';
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
