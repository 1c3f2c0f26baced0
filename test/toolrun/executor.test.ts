import { expect, test } from 'vitest';
import type { StoredObject } from '../../src/objects/object.ts';
import { WHOLE } from '../../src/orchestration/buckets.ts';
import { type ToolRunState, writeToolRunState } from '../../src/orchestration/tool-run-state.ts';
import { Annotation } from '../../src/orchestration/vocabulary/metadata.ts';
import { type Cluster, createExecutor } from '../../src/toolrun/executor.ts';
import { buildConfigMap } from '../../src/toolrun/job.ts';
import type { Manifest } from '../../src/toolrun/observation.ts';
import { isConfigMapOurs } from '../../src/toolrun/outcome.ts';
import { complete, failed, nameChild, options, podOf, tool, toolRun } from './cluster.ts';

const ended = { phase: 'Succeeded', reason: 'Completed', message: '', finishedAt: '2026-01-01T00:00:00Z' } as const;

/** An executor of one ToolRun. The copy does not hold the Job, and the API server has it only if it is given. */
function createWorld(fields: Record<string, unknown>, job?: object, division = WHOLE) {
  const [events, reads, writes]: [string[], string[], string[]] = [[], [], []];
  const done = { outcome: 'Done' } as const;
  const cluster: Cluster = {
    division,
    getToolRun: () => toolRun(fields),
    getTool: () => tool(),
    getJob: () => undefined,
    readJob: (_, name) => {
      reads.push(name);
      return Promise.resolve(job as StoredObject | undefined);
    },
    readConfigMap: () => Promise.resolve(undefined),
    readPodRefusal: () => Promise.resolve(undefined),
    listPods: ({ metadata }) => {
      reads.push(`pods of ${metadata.name}`);
      return Promise.resolve([podOf(metadata, '{"digest":"sha256:1"}')]);
    },
    statusWriters: () => ({ isOurs: true, isForeign: true }),
    rivalUntilMs: () => undefined,
    untilOwnWritesSeenMs: () => 0,
    create: () => Promise.resolve(done),
    annotate: (_, __, text) => {
      writes.push(text);
      return Promise.resolve(done);
    },
    patchStatus: () => Promise.resolve(done),
    clearStatus: () => Promise.resolve(done),
    setTtl: () => Promise.resolve(done),
    emitEvent: (_, __, reason) => {
      events.push(reason);
      return Promise.resolve();
    },
  };
  return { events, reads, writes, executor: createExecutor({ ...options, cluster, now: () => 0 }) };
}

const name = nameChild(toolRun().metadata, 'job');
const annotated = (state: Partial<ToolRunState>) => {
  const text = writeToolRunState(toolRun().metadata, { startedAt: '2026-01-01T00:00:00Z', ...state });
  return { ...toolRun().metadata, annotations: { [Annotation.ToolRunState]: text } };
};
const owner = { uid: 'run-uid', controller: true };
const job = { metadata: { name, namespace: 'agents', uid: 'j', ownerReferences: [owner] }, spec: {}, status: {} };

test('another executor of a ToolRun causes one event, however often it writes', async () => {
  const { events, executor } = createWorld({
    metadata: annotated({ job: { name, uid: 'j' }, outcome: { ...ended, phase: 'Failed' } }),
    status: { phase: 'Running', runtimeRef: { type: 'job', name: 'lint-job' } },
  });
  for (let write = 0; write < 10; write++) await executor.reconcile('agents/lint');
  expect(events).toEqual(['StatusContested']);
});

test('a recorded Job that the copy does not hold is gone only if the API server says so', async () => {
  const metadata = annotated({ job: { name, uid: 'j' } });
  const there = createWorld({ metadata }, { ...job, metadata: { ...job.metadata, creationTimestamp: '2026' } });
  await there.executor.reconcile('agents/lint');
  expect([there.reads, there.writes]).toEqual([[name], []]);
  const gone = createWorld({ metadata });
  await gone.executor.reconcile('agents/lint');
  expect(gone.writes).toEqual([expect.stringContaining('JobDeleted')]);
});

test('a Job that is gone after its end was recorded is not read from the API server', async () => {
  const { reads, writes, executor } = createWorld({
    metadata: annotated({ job: { name, uid: 'j' }, outcome: ended }),
  });
  await executor.reconcile('agents/lint');
  expect([reads, writes]).toEqual([[], []]);
});

test('the pods of a Job are listed once: when it has completed, and before its end is recorded', async () => {
  const withJob = (fields: Partial<ToolRunState>, condition?: object) =>
    createWorld(
      { metadata: annotated({ job: { name, uid: 'j' }, ...fields }) },
      { ...job, status: { conditions: [condition].flatMap((one) => one ?? []) } },
    );
  const completed = withJob({}, complete);
  await completed.executor.reconcile('agents/lint');
  expect(completed.reads).toEqual([name, `pods of ${name}`]);
  expect(completed.writes).toEqual([expect.stringContaining('"outputs":{"digest":"sha256:1"}')]);
  for (const other of [
    withJob({}, failed),
    withJob({ outcome: ended }, complete),
    withJob({ outcome: { ...ended, phase: 'Failed', reason: 'OutputFailed' } }, complete),
  ]) {
    await other.executor.reconcile('agents/lint');
    expect(other.reads).not.toContain(`pods of ${name}`);
  }
});

test('a ConfigMap that has our name is ours only if it cannot change and holds nothing more', () => {
  const wanted = buildConfigMap(toolRun(), tool(), nameChild) as Manifest;
  const stored = { ...wanted, metadata: { ...wanted.metadata, uid: 'u' } };
  expect(isConfigMapOurs(stored, wanted, toolRun())).toBe(true);
  expect(isConfigMapOurs({ ...stored, immutable: false }, wanted, toolRun())).toBe(false);
  expect(isConfigMapOurs({ ...stored, binaryData: { 'run.json': '' } }, wanted, toolRun())).toBe(false);
  expect(isConfigMapOurs({ ...stored, data: {} }, wanted, toolRun())).toBe(false);
});

test.each([
  ['one replica has all Jobs in its copy', WHOLE, []],
  ['another replica may follow it', { holds: () => true, isWhole: () => false }, [name]],
])('a Job of an intent is read from the API server only if %s', async (_, division, reads) => {
  const world = createWorld({ metadata: annotated({ job: { name } }) }, undefined, division);
  await world.executor.reconcile('agents/lint');
  expect(world.reads).toEqual(reads);
});
