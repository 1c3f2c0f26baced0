import { expect, test } from 'vitest';
import { type Cluster, createExecutor } from '../../src/toolrun/executor.ts';
import { buildConfigMap } from '../../src/toolrun/job.ts';
import { isConfigMapOurs } from '../../src/toolrun/outcome.ts';
import type { Manifest } from '../../src/toolrun/snapshot.ts';
import { nameChild, options, tool, toolRun } from './cluster.ts';

/** An executor of one running ToolRun, of whose events it tells. */
function contestedExecutor() {
  const events: string[] = [];
  const writers = { isOurs: true, isForeign: true };
  const cluster: Cluster = {
    getToolRun: () => toolRun({ status: { phase: 'Running', conditions: [] } }),
    getTool: () => tool(),
    getJob: () => undefined,
    readConfigMap: () => Promise.resolve(undefined),
    readPodRefusal: () => Promise.resolve(undefined),
    statusWriters: () => writers,
    untilOwnWritesSeenMs: () => 0,
    create: () => Promise.resolve({ outcome: 'Done' }),
    patchStatus: () => Promise.resolve({ outcome: 'Done' }),
    setTtl: () => Promise.resolve({ outcome: 'Done' }),
    emitEvent: (_, __, reason) => {
      events.push(reason);
      return Promise.resolve();
    },
  };
  return { events, writers, executor: createExecutor({ ...options, cluster, now: () => 0 }) };
}

test('a contest over a ToolRun is one event, however often the rival writes, and another one if it begins again', async () => {
  const { events, writers, executor } = contestedExecutor();
  for (let write = 0; write < 10; write++) await executor.reconcile('agents/lint');
  expect(events).toEqual(['StatusContested']);
  writers.isForeign = false;
  await executor.reconcile('agents/lint');
  writers.isForeign = true;
  await executor.reconcile('agents/lint');
  expect(events).toEqual(['StatusContested', 'StatusContested']);
});

test('a ConfigMap that stands under our name is ours only if nobody can change it, and it holds nothing more', () => {
  const wanted = buildConfigMap(toolRun(), tool(), nameChild) as Manifest;
  const stored = { ...wanted, metadata: { ...wanted.metadata, uid: 'u' } };
  expect(isConfigMapOurs(stored, wanted, toolRun())).toBe(true);
  expect(isConfigMapOurs({ ...stored, immutable: false }, wanted, toolRun())).toBe(false);
  expect(isConfigMapOurs({ ...stored, binaryData: { 'run.json': '' } }, wanted, toolRun())).toBe(false);
  expect(isConfigMapOurs({ ...stored, data: {} }, wanted, toolRun())).toBe(false);
});
