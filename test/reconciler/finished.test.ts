import { describe, expect, test } from 'vitest';
import { ORCHESTRATIONS, RUNS } from '../../src/kube/kinds.ts';
import { namespacedResource } from '../../src/kube/resources.ts';
import type { KubeObject, StoredObject } from '../../src/objects/object.ts';
import { API_VERSION } from '../../src/orchestration/schema.ts';
import { Annotation } from '../../src/orchestration/vocabulary/metadata.ts';
import { keepObject } from '../../src/reconciler/kept.ts';
import { readRun } from '../../src/reconciler/read-run.ts';
import { measureBeside } from '../../src/reconciler/status-size.ts';
import { addRun, followRuns, nowMs, untilQuiet } from '../support/followed-runs.ts';
import { createModel, type Model } from '../support/model/model.ts';

const AGENT_RUNS = namespacedResource('agents.proompteng.ai', 'v1alpha1', 'AgentRun', 'agentruns');
const namespace = 'agents';
const step = { name: 'work', kind: 'AgentRun', agentRef: { name: 'coder' }, ttlSecondsAfterFinished: 60 };
const refTo = (name: string) => ({ apiVersion: 'agents.proompteng.ai/v1alpha1', kind: 'AgentRun', name, namespace });
const expires = (seconds: number) => ({
  ...{ type: 'Expires', status: 'True', reason: 'TTLAfterFinished', lastTransitionTime: '2026-01-01T00:00:00Z' },
  message: `the run is deleted ${seconds} s after its end`,
});

/** The child of a run's only step, as its controller left it. */
function addChild(model: Model, run: string, uid: string, phase: string): void {
  const owner = { apiVersion: API_VERSION, kind: 'OrchestrationRun', name: run, uid, controller: true };
  const metadata = {
    name: `${run}.work.1`,
    namespace,
    annotations: { [Annotation.ChildTtl]: '60' },
    ownerReferences: [owner],
  };
  model.create(AGENT_RUNS, { ...refTo(`${run}.work.1`), metadata, spec: {} } as KubeObject);
  const body = { status: { phase } };
  model.patch(AGENT_RUNS, { namespace, name: `${run}.work.1` }, { type: 'merge', body }, { subresource: 'status' });
}

/** The runs that are not deleted. */
const runsOf = (model: Model) =>
  model
    .list(RUNS)
    .items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata }) => metadata.name);

describe('a finished run', () => {
  test('is kept as a stub of a fixed size', () => {
    const model = createModel(() => nowMs);
    const steps = Array.from({ length: 1_000 }, (_, index) => ({ name: `step-${index}`, kind: 'Checkpoint' }));
    addRun(model, 'large', steps, { phase: 'Succeeded' });
    const [run] = model.list(RUNS).items;
    expect(JSON.stringify(run).length).toBeGreaterThan(100_000);
    expect(JSON.stringify(keepObject(run as StoredObject)).length).toBeLessThan(1_000);
  });

  test('is kept before it ends with all but what kubectl applied, and with the size that this had', () => {
    const model = createModel(() => nowMs);
    addRun(model, 'live', [step], { phase: 'Running' });
    const [run] = model.list(RUNS).items as readonly StoredObject[];
    const noted = (annotations: object) =>
      ({
        ...run,
        metadata: { ...run?.metadata, annotations: { 'example.com/note': 'long', ...annotations } },
      }) as StoredObject;
    const applied = noted({ 'kubectl.kubernetes.io/last-applied-configuration': 'x'.repeat(1_000) });
    const kept = keepObject(applied);
    expect(kept).toEqual({ ...noted({}), bytesBeside: measureBeside(applied) });
    expect(readRun(kept, false)).toMatchObject({ bytesBeside: measureBeside(applied) });
    expect(measureBeside(applied)).toBeGreaterThan(1_000 + measureBeside(noted({})));
  });

  test('that records how long it is kept needs no reconcile and no read of its snapshot after a restart', async () => {
    const model = createModel(() => nowMs);
    for (let index = 0; index < 1_000; index++) addRun(model, `kept-${index}`, [step], { phase: 'Succeeded' });
    addRun(model, 'later', [step], { phase: 'Succeeded', conditions: [expires(3_600)] });
    addRun(model, 'now', [step], { phase: 'Succeeded', conditions: [expires(0)] });
    const { counts } = await followRuns(model);
    await expect.poll(() => runsOf(model)).not.toContain('now');
    await untilQuiet(counts);
    expect(runsOf(model)).toHaveLength(1_001);
    expect(counts.snapshots).toBe(0);
  });

  test('that 0.2 ended is reconciled once, and then records how long it is kept', async () => {
    const model = createModel(() => nowMs);
    addRun(model, 'kept', [step], { phase: 'Succeeded', conditions: [] });
    addRun(model, 'due', [step], { phase: 'Succeeded', conditions: [], policies: { ttlSecondsAfterFinished: 0 } });
    const { counts } = await followRuns(model);
    await expect.poll(() => runsOf(model)).toEqual(['kept']);
    const conditions = () =>
      (model.get(RUNS, { namespace, name: 'kept' })['status'] as { conditions: object[] }).conditions;
    await expect.poll(conditions).toMatchObject([{ type: 'Expires', status: 'False', reason: 'NoTTL' }]);
    await untilQuiet(counts);
    expect(counts.snapshots).toBeLessThanOrEqual(4);
  });

  test('does not delay live runs, even after 0.2 ended a thousand runs', async () => {
    const model = createModel(() => nowMs);
    for (let index = 0; index < 1_000; index++)
      addRun(model, `old-${index}`, [step], { phase: 'Succeeded', conditions: [] });
    addRun(model, 'live', [{ name: 'work', kind: 'Checkpoint' }], { phase: 'Running' });
    const { counts } = await followRuns(model);
    const ended = () => (model.get(RUNS, { namespace, name: 'live' })['status'] as { phase: string }).phase;
    await expect.poll(ended).not.toBe('Pending');
    expect(counts.snapshots).toBeLessThan(20);
  });

  test('still deletes the children of a cancelled run after a crash', async () => {
    const model = createModel(() => nowMs);
    const uid = addRun(model, 'cancelled', [step], { phase: 'Cancelled', resourceRefs: [refTo('cancelled.work.1')] });
    addChild(model, 'cancelled', uid, 'Running');
    await followRuns(model);
    const isGoing = () => model.list(AGENT_RUNS).items[0]?.metadata.deletionTimestamp !== undefined;
    await expect.poll(isGoing).toBe(true);
  });

  test('still sets the lifetime that its step asks for on its child', async () => {
    const model = createModel(() => nowMs);
    const uid = addRun(model, 'ended', [step], { phase: 'Succeeded', resourceRefs: [refTo('ended.work.1')] });
    addChild(model, 'ended', uid, 'Succeeded');
    const { counts } = await followRuns(model);
    const child = () => model.list(AGENT_RUNS).items[0]?.['spec'];
    await expect.poll(child).toEqual({ ttlSecondsAfterFinished: 60 });
    await untilQuiet(counts);
    expect(counts.snapshots).toBe(1);
  });

  test('beyond the history limit is deleted, the oldest first; live and nested runs do not count', async () => {
    const model = createModel(() => nowMs);
    const finishedAt = (day: number) => `2026-01-0${day}T00:00:00Z`;
    for (const day of [3, 1, 4, 2])
      addRun(model, `day-${day}`, [step], { phase: 'Succeeded', finishedAt: finishedAt(day) });
    addRun(model, 'live', [step], { phase: 'Running' });
    const owner = { apiVersion: API_VERSION, kind: 'OrchestrationRun', name: 'live', uid: 'live', controller: true };
    addRun(model, 'inner', [step], { phase: 'Succeeded', finishedAt: finishedAt(1), ownerReferences: [owner] });
    const spec = { steps: [step], policies: { history: { limit: 2 } } };
    const metadata = { name: 'nightly', namespace };
    model.create(ORCHESTRATIONS, { apiVersion: API_VERSION, kind: 'Orchestration', metadata, spec });
    const { client } = await followRuns(model);
    await expect.poll(() => runsOf(model)).toEqual(['day-3', 'day-4', 'inner', 'live']);
    addRun(model, 'day-5', [step], { phase: 'Succeeded', finishedAt: finishedAt(5) });
    client.tell();
    await expect.poll(() => runsOf(model)).toEqual(['day-4', 'day-5', 'inner', 'live']);
  });

  test('beyond the history limit is deleted if replicas share the runs, and so are more of them than one reconcile deletes', async () => {
    const model = createModel(() => nowMs);
    for (let index = 0; index < 60; index++) addRun(model, `run-${index}`, [step], { phase: 'Succeeded' });
    const spec = { steps: [step], policies: { history: { limit: 2 } } };
    const metadata = { name: 'nightly', namespace };
    model.create(ORCHESTRATIONS, { apiVersion: API_VERSION, kind: 'Orchestration', metadata, spec });
    await followRuns(model, undefined, undefined, { holds: () => true, isWhole: () => false });
    await expect.poll(() => runsOf(model).length, { timeout: 20_000 }).toBe(2);
  });
});
