import { describe, expect, test } from 'vitest';
import { KubeError } from '../../src/kube/errors.ts';
import type { StoredObject } from '../../src/objects/object.ts';
import { Finalizer } from '../../src/orchestration/vocabulary/metadata.ts';
import { affectedRuns } from '../../src/reconciler/affected.ts';
import { listChildren, NAMESPACE, RUN, RUNS, resourceOf } from '../support/model/engine.ts';
import { type Step, tool } from '../support/model/play.ts';
import { type Stage, setStage } from '../support/model/stage.ts';
import { agent } from '../support/run-steps.ts';

const CLEANUP = 'agents.proompteng.ai/runtime-cleanup';
const TARGET = { namespace: NAMESPACE, name: RUN };

const agents = ({ api }: Stage) => listChildren(api).filter(({ kind }) => kind === 'AgentRun');
const finalizersOf = (run: Stage) => agents(run).map(({ metadata }) => metadata['finalizers']);

function setFinalizers(run: Stage, finalizers: readonly string[]): void {
  for (const { kind, metadata } of agents(run))
    run.api.patch(resourceOf(kind), metadata, { type: 'merge', body: { metadata: { finalizers } } });
}

function deleteAgents(run: Stage): void {
  for (const { kind, metadata } of agents(run)) run.api.delete(resourceOf(kind), metadata);
}

async function begin(...steps: readonly Step[]): Promise<Stage> {
  const run = setStage(steps);
  await run.look();
  return run;
}

/** In the next reconcile, every call that matches fails. Then another engine takes over. */
async function dieAt(run: Stage, wanted: RegExp): Promise<void> {
  run.circumstances.fail = (call) => {
    if (wanted.test(call)) throw new KubeError('Unavailable', 'no more calls');
  };
  await run.look(1);
  run.circumstances.fail = () => {};
  run.replaceEngine();
}

describe('an AgentRun', () => {
  test('carries our finalizer until its end is recorded; a child of another kind never does', async () => {
    const run = await begin(agent('a'), tool('b', []), agent('c', { dependsOn: ['a'] }));
    expect(listChildren(run.api).map(({ metadata }) => metadata['finalizers'])).toEqual([
      [Finalizer.Outcome],
      undefined,
    ]);
    setFinalizers(run, [Finalizer.Outcome, CLEANUP]);
    run.end('a', 'Succeeded');
    run.circumstances.calls.length = 0;
    await run.look(1);
    const calls = run.circumstances.calls.map((call) => call.split('.')[0]);
    expect(calls).toEqual([`patch OrchestrationRun ${RUN}`, 'release AgentRun a', 'create AgentRun c']);
    expect(finalizersOf(run)).toEqual([[CLEANUP], [Finalizer.Outcome]]);
  });

  test('that is deleted after it finished still ends its step as it ended, even if that is observed late', async () => {
    const run = await begin(agent('a'));
    run.end('a', 'Succeeded');
    deleteAgents(run);
    run.pass(600);
    run.replaceEngine();
    await run.look();
    expect(run.stepOf('a')).toMatchObject({ phase: 'Succeeded', attempt: 1 });
    expect(agents(run)).toEqual([]);
  });

  test('that is deleted while it runs fails its attempt when only our finalizer is left, and the next attempt starts when we have removed it', async () => {
    const run = await begin(agent('a', { retries: 1 }));
    setFinalizers(run, [Finalizer.Outcome, CLEANUP]);
    deleteAgents(run);
    await run.look();
    expect(run.stepOf('a')).toMatchObject({ phase: 'Running', attempt: 1 });
    setFinalizers(run, [Finalizer.Outcome]);
    await run.look(1);
    expect(run.stepOf('a')).toMatchObject({
      ...{ phase: 'Retrying', reason: 'ChildDeleted' },
      message: expect.stringMatching(/^AgentRun a\S+ was deleted before its end was observed; attempt 2 follows$/),
    });
    await run.look();
    expect(run.stepOf('a')).toMatchObject({ phase: 'Running', attempt: 2 });
    expect(finalizersOf(run)).toEqual([[Finalizer.Outcome]]);
  });

  test.each([
    ['its run is cancelled', (run: Stage) => run.annotate('cancel')],
    ['its time is over', (run: Stage) => run.pass(60)],
  ])('is released and deleted in the reconcile that ends it: %s', async (_, happen) => {
    const run = await begin(agent('a', { timeoutSeconds: 60 }));
    happen(run);
    await run.look(1);
    expect(run.calls(/^(release|delete)/)).toEqual([
      expect.stringMatching(/^release AgentRun a/),
      expect.stringMatching(/^delete AgentRun a/),
    ]);
    run.collectGarbage();
    expect(agents(run)).toEqual([]);
  });

  test.each([
    ['of an earlier attempt', [agent('a', { retries: 1 })], 'Failed'],
    ['of a run that continues', [agent('a'), tool('b', [])], 'Succeeded'],
    ['of a run that is over', [agent('a')], 'Succeeded'],
  ])('%s is released even if the engine crashed right after the record', async (_, steps, phase) => {
    const run = await begin(...steps);
    run.end('a', phase);
    await dieAt(run, /^(release|create)/);
    expect(finalizersOf(run)).toEqual([[Finalizer.Outcome]]);
    expect(run.restOf(RUN)).toBeUndefined();
    await run.look();
    expect(agents(run)[0]?.metadata['finalizers']).toEqual([]);
    expect(run.calls(/^create AgentRun/)).toHaveLength(phase === 'Failed' ? 3 : 1); // including the one that failed
  });

  test('that loses our finalizer while it runs gets it back, three times', async () => {
    const run = await begin(agent('a'));
    for (let time = 1; time <= 5; time++) {
      setFinalizers(run, [CLEANUP]);
      await run.look();
      expect(finalizersOf(run)).toEqual([time <= 3 ? [CLEANUP, Finalizer.Outcome] : [CLEANUP]]);
    }
  });

  test('whose finalizers have changed since the observation keeps the finalizers of others', async () => {
    const run = await begin(agent('a'));
    run.end('a', 'Succeeded');
    run.circumstances.fail = (call) => {
      run.circumstances.fail = () => {};
      if (call.startsWith('patch')) setFinalizers(run, [Finalizer.Outcome, CLEANUP]);
    };
    await run.look();
    expect(finalizersOf(run)).toEqual([[CLEANUP]]);
  });
});

describe('an AgentRun whose end will not be recorded is released because', () => {
  test.each([
    ['its run is being deleted', (run: Stage) => run.api.delete(RUNS, TARGET, { propagationPolicy: 'Foreground' })],
    ['its run is gone', (run: Stage) => run.api.delete(RUNS, TARGET)],
    [
      'its run was created again',
      ({ api }: Stage) => {
        const { apiVersion, kind, spec } = api.get(RUNS, TARGET);
        api.delete(RUNS, TARGET);
        api.create(RUNS, { apiVersion, kind, metadata: TARGET, spec });
      },
    ],
  ])('%s', async (_, happen) => {
    const run = await begin(agent('a'));
    const uid = agents(run)[0]?.metadata.uid;
    happen(run);
    run.replaceEngine();
    await run.lookAt(RUN);
    run.collectGarbage();
    expect(agents(run).map(({ metadata }) => metadata.uid)).not.toContain(uid);
  });

  test('it has lost its owner', async () => {
    const run = await begin(agent('a'));
    const [{ kind, metadata } = { kind: '', metadata: { name: '' } }] = agents(run);
    const body = { metadata: { ownerReferences: null } };
    const orphan = run.api.patch(resourceOf(kind), metadata, { type: 'merge', body });
    const keys = affectedRuns(orphan as StoredObject, () => []);
    expect(keys).toEqual([`${NAMESPACE}/${metadata.name}`]);
    await run.lookAt(metadata.name);
    expect(run.api.get(resourceOf(kind), metadata).metadata['finalizers']).toEqual([]);
  });
});

test('a child that the copy has before its run is not released', async () => {
  const run = await begin(agent('a'));
  run.cluster.getRun = () => undefined;
  await run.lookAt(RUN);
  expect(finalizersOf(run)).toEqual([[Finalizer.Outcome]]);
});
