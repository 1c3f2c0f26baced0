import { afterEach, describe, expect, test } from 'vitest';
import { followCluster } from '../../src/kube/cluster.ts';
import { type KubeObject, namespacedResource } from '../../src/kube/resources.ts';
import { defaultPolicy } from '../../src/orchestration/judge.ts';
import { API_VERSION } from '../../src/orchestration/schema.ts';
import { createRunQueue, ORCHESTRATIONS, RUNS, STEP_RESOURCES } from '../../src/reconciler/main.ts';
import { nameSnapshot } from '../../src/reconciler/names.ts';
import type { KubeObject as StoredObject } from '../../src/reconciler/snapshot.ts';
import { topicsOf } from '../../src/reconciler/topics.ts';
import { TOOL_RUNS } from '../../src/toolrun/main.ts';
import { connectModel } from '../support/model/client.ts';
import { REVISIONS } from '../support/model/engine.ts';
import { createModel, type Model } from '../support/model/model.ts';
import { settle, silentLog, systemTiming } from '../support/timing.ts';

const DELIVERIES = namespacedResource('signals.proompteng.ai', 'v1alpha1', 'SignalDelivery', 'signaldeliveries');
const nowMs = Date.parse('2026-01-01T00:00:00Z');
const time = '2026-01-01T00:00:00Z';

const named = (kind: string, name: string, namespace = 'agents', apiVersion = API_VERSION) => ({
  apiVersion,
  kind,
  metadata: { name, namespace },
});

type Steps = readonly { readonly name: string; readonly kind: string; readonly [field: string]: unknown }[];

/** A run of an Orchestration of its own snapshot, whose steps all stand at `phase`; a run is over where they are. */
function addRun(model: Model, name: string, steps: Steps, phase: 'Running' | 'Succeeded', namespace = 'agents'): void {
  const spec = { orchestrationRef: { name: 'nightly' } };
  const { metadata } = model.create(RUNS, { ...named('OrchestrationRun', name, namespace), spec } as KubeObject);
  const owner = { apiVersion: API_VERSION, kind: 'OrchestrationRun', name, uid: metadata.uid ?? '', controller: true };
  const revision = named('ControllerRevision', nameSnapshot(metadata.uid ?? ''), namespace, 'apps/v1');
  const data = { orchestration: { name: 'nightly', namespace, policies: {}, steps } };
  model.create(REVISIONS, { ...revision, metadata: { ...revision.metadata, ownerReferences: [owner] }, data });
  const stepStatuses = steps.map((step) => ({
    ...{ name: step.name, kind: step.kind, phase, attempt: 1, startedAt: time, lastTransitionTime: time },
    ...(phase === 'Succeeded' && { reason: 'Completed', message: '', finishedAt: time }),
  }));
  const status = { phase, runId: name, startedAt: time, conditions: [], stepStatuses };
  const body = { status: { ...status, ...(phase === 'Succeeded' && { finishedAt: time }) } };
  model.patch(RUNS, { namespace, name }, { type: 'merge', body }, { subresource: 'status' });
}

function addDelivery(model: Model, name: string, signal: string): void {
  const object = named('SignalDelivery', name, 'agents', 'signals.proompteng.ai/v1alpha1');
  model.create(DELIVERIES, { ...object, spec: { signalRef: { name: signal } } } as KubeObject);
}

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** A real queue of runs over a real copy of the model, and how often the steps of a run were read in all. */
async function follow(model: Model) {
  const counts = { statuses: 0, looks: 0 };
  const client = connectModel(model, (object) => (object.kind === RUNS.kind ? countReads(object, counts) : object));
  const followed = followCluster({
    client,
    resources: [RUNS, ORCHESTRATIONS, TOOL_RUNS, ...STEP_RESOURCES],
    namespaces: undefined,
    fieldManager: 'test',
    topicsOf: (object) => topicsOf(object as StoredObject),
    onChange: (object) => queue.see(object as StoredObject),
    timing: systemTiming,
    log: silentLog,
  });
  const queue = createRunQueue({
    followed: { ...followed, statusWriters: () => ({ isOurs: true, isForeign: false }) },
    now: () => nowMs + systemTiming.now(),
    timing: systemTiming,
    workers: 16,
    hash: (text) => text,
    nameChild: ({ uid }, step, attempt) => `${uid}.${step}.${attempt}`,
    missingOrchestrationSeconds: 300,
    policy: () => defaultPolicy,
    onError: (key, error) => {
      throw new Error(`${key} could not be looked at`, { cause: error });
    },
    observer: { setDepth: () => {}, finish: () => counts.looks++, countRetry: () => {} },
    guard: (process) => process,
    emitEvent: () => Promise.resolve(),
    runObserver: { observeReaction: () => {}, countEnded: () => {} },
  });
  stops.push(() => Promise.all([queue.stop(), followed.stop()]));
  await followed.whenSynced([RUNS, ORCHESTRATIONS, TOOL_RUNS, ...STEP_RESOURCES].map(({ kind }) => kind));
  queue.start();
  return { client, counts };
}

/** The same object, whose steps are counted when somebody reads them. */
function countReads(object: KubeObject, counts: { statuses: number }): KubeObject {
  const { stepStatuses, ...status } = object['status'] as Record<string, unknown>;
  const counted = Object.defineProperty(status, 'stepStatuses', {
    enumerable: true,
    get: () => {
      counts.statuses++;
      return stepStatuses;
    },
  });
  return { ...object, status: counted };
}

/** Resolves when nothing has been read for a while. */
async function untilQuiet(counts: { readonly statuses: number; readonly looks: number }): Promise<void> {
  for (let quiet = 0, before = -1; quiet < 20; before = counts.statuses + counts.looks) {
    await settle();
    quiet = before === counts.statuses + counts.looks ? quiet + 1 : 0;
  }
}

const gate = (signal: string) => ({ name: 'wait', kind: 'SignalWait', signalRef: { name: signal } });
const work = { name: 'work', kind: 'Checkpoint' };

describe('with 10,000 finished runs and 100 live ones', () => {
  const model = createModel(() => nowMs);
  for (let index = 0; index < 10_000; index++) addRun(model, `old-${index}`, [work], 'Succeeded');
  for (let index = 0; index < 100; index++) addRun(model, `live-${index}`, [gate(`signal-${index}`)], 'Running');

  test('5,000 deliveries cost what they concern: no status is read but those of the runs that wait for them', async () => {
    for (let index = 0; index < 2_500; index++) addDelivery(model, `before-${index}`, 'nobody waits for this');
    const { client, counts } = await follow(model);
    await untilQuiet(counts);
    const before = counts.statuses;
    // One look reads a status a few times.
    expect(before).toBeLessThan(3 * 10_100);
    for (let index = 0; index < 2_500; index++) addDelivery(model, `after-${index}`, 'nobody waits for this');
    client.tell();
    await untilQuiet(counts);
    expect(counts.statuses - before).toBe(0);
    addDelivery(model, 'awaited', 'signal-7');
    client.tell();
    const phase = () => (model.get(RUNS, { namespace: 'agents', name: 'live-7' })['status'] as { phase: string }).phase;
    await expect.poll(phase).toBe('Succeeded');
    await untilQuiet(counts);
    expect(counts.statuses - before).toBeLessThan(20);
  });

  test('a change of every Orchestration reads no status', async () => {
    for (let index = 0; index < 89; index++)
      model.create(ORCHESTRATIONS, { ...named('Orchestration', `o-${index}`), spec: { steps: [work] } } as KubeObject);
    const { client, counts } = await follow(model);
    await untilQuiet(counts);
    const before = counts.statuses;
    for (let index = 0; index < 89; index++) {
      const body = { metadata: { labels: { seen: 'true' } } };
      model.patch(ORCHESTRATIONS, { namespace: 'agents', name: `o-${index}` }, { type: 'merge', body });
    }
    client.tell();
    await untilQuiet(counts);
    expect(counts.statuses - before).toBe(0);
  });
});
