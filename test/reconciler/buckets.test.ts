import { describe, expect, test } from 'vitest';
import type { StoredObject } from '../../src/objects/object.ts';
import { bucketOf, bucketOfName, type Division, readBucket, WHOLE } from '../../src/orchestration/buckets.ts';
import { stepKinds } from '../../src/orchestration/kinds/table.ts';
import { Annotation, Label } from '../../src/orchestration/vocabulary/metadata.ts';
import { keepObject } from '../../src/reconciler/kept.ts';
import { connectModel } from '../support/model/cluster.ts';
import { listChildren, NAMESPACE, RUN, RUNS, resourceOf } from '../support/model/engine.ts';
import { type Step, tool } from '../support/model/play.ts';
import { type Stage, setStage, startEngine } from '../support/model/stage.ts';
import { agent } from '../support/run-steps.ts';

const KEY = `${NAMESPACE}/${RUN}`;
const run = { namespace: NAMESPACE, name: RUN };
const [HERE, THERE] = [17, 18];
const sub = (rest: Partial<Step> = {}): Step => ({
  ...{ name: 'sub', kind: 'SubOrchestration', orchestrationRef: { name: 'inner' }, dependsOn: [] },
  ...rest,
});

/** The division of a replica that holds some of the buckets. */
function holding(...buckets: readonly number[]): Division {
  return { holds: (bucket) => buckets.includes(bucket), isWhole: () => false };
}

function label(stage: Stage, bucket: number | string | null, name = RUN): void {
  const body = { metadata: { labels: { [Label.Bucket]: bucket === null ? null : String(bucket) } } };
  stage.api.patch(RUNS, { namespace: NAMESPACE, name }, { type: 'merge', body });
}

/** A run in a bucket, and a replica that holds only this bucket. */
function begin(steps: readonly Step[], options: Parameters<typeof setStage>[1] = {}): Stage {
  const stage = setStage(steps, options);
  label(stage, HERE);
  stage.circumstances.division = holding(HERE);
  return stage;
}

const bucketsOf = (stage: Stage) => listChildren(stage.api).map(({ metadata }) => readBucket(metadata.labels));
const labels = (stage: Stage) => stage.calls(/^label /);

describe('a run without a label', () => {
  test('gets that of its name before it starts if replicas share the buckets, and so do its children', async () => {
    const stage = setStage([tool('a', [])]);
    const own = bucketOfName(NAMESPACE, RUN);
    stage.circumstances.division = holding(own);
    await stage.look();
    expect(stage.circumstances.calls[0]).toBe(`label OrchestrationRun ${RUN}`);
    expect(labels(stage)).toHaveLength(1);
    expect(readBucket(stage.api.get(RUNS, run).metadata.labels)).toBe(own);
    expect(bucketsOf(stage)).toEqual([own]);
  });

  test('gets none if one replica holds all buckets, and its children have the same bucket', async () => {
    const stage = setStage([tool('a', [])]);
    await stage.look();
    expect(labels(stage)).toEqual([]);
    expect(bucketsOf(stage)).toEqual([bucketOfName(NAMESPACE, RUN)]);
  });

  test('gets none after it has started', async () => {
    const stage = setStage([tool('a', []), tool('b', ['a'])]);
    await stage.look();
    stage.circumstances.division = holding(bucketOfName(NAMESPACE, RUN));
    stage.end('a', 'Succeeded');
    await stage.look();
    stage.end('b', 'Succeeded');
    await stage.look();
    expect(stage.status().phase).toBe('Succeeded');
    expect(labels(stage)).toEqual([]);
  });

  test('that changes before the label is written is labelled in the next reconcile', async () => {
    const stage = setStage([tool('a', [])]);
    stage.circumstances.division = holding(bucketOfName(NAMESPACE, RUN));
    stage.circumstances.fail = (call) => {
      stage.circumstances.fail = () => {};
      if (call.startsWith('label')) stage.annotate('suspend');
    };
    await stage.look();
    expect(labels(stage)).toHaveLength(2);
    expect(readBucket(stage.api.get(RUNS, run).metadata.labels)).toBeDefined();
    expect(stage.children()).toEqual([]);
  });

  test('keeps its bucket in the copy as a stub, and so does a child', () => {
    const metadata = { ...run, uid: '1', labels: { [Label.Bucket]: '17', other: 'text' } };
    for (const kind of ['OrchestrationRun', 'AgentRun']) {
      const object = { apiVersion: RUNS.group, kind, metadata, status: { phase: 'Succeeded' } };
      const kept = keepObject(object as StoredObject, stepKinds);
      expect(bucketOf(kept)).toBe(HERE);
      expect(kept.metadata.labels).toEqual({ [Label.Bucket]: '17' });
    }
  });
});

describe('the children of a run', () => {
  test('have its bucket, at any depth', async () => {
    const inner = { steps: [tool('work', []), sub({ orchestrationRef: { name: 'innermost' } })] };
    const stage = begin([tool('a', []), sub()], { others: { inner, innermost: { steps: [agent('deep')] } } });
    await stage.look();
    expect(stage.children()).toEqual(expect.arrayContaining(['a', 'deep', 'sub', 'work']));
    expect(stage.children()).toHaveLength(5);
    expect(new Set(bucketsOf(stage))).toEqual(new Set([HERE]));
    expect(stage.circumstances.polls).toEqual([]);
  });

  test.each([[undefined], ['18'], ['99']])('are adopted if their label is %s', async (value) => {
    const stage = begin([tool('a', []), tool('b', ['a'])]);
    stage.circumstances.after = (call) => {
      // The engine dies after the create. The child has the label that another version would give it.
      if (!call.startsWith('create ToolRun a')) return;
      stage.circumstances.after = () => {};
      relabel(stage, 'a', value ?? null);
      throw new Error('the answer is lost');
    };
    await stage.look(1);
    await stage.look(1);
    stage.replaceEngine();
    stage.end('a', 'Succeeded');
    await stage.look();
    expect(stage.stepOf('a')).toMatchObject({ phase: 'Succeeded' });
    expect(stage.calls(/^create ToolRun a/).length).toBeLessThanOrEqual(2);
    expect(stage.children()).toEqual(['a', 'b']);
  });
});

describe('a run whose label was changed', () => {
  test('continues in its new bucket, and is reconciled again although no event announces the end of its child', async () => {
    const stage = begin([tool('a', []), tool('b', ['a'])]);
    await stage.look();
    label(stage, THERE);
    stage.circumstances.division = holding(THERE);
    stage.replaceEngine();
    await stage.look();
    expect(stage.stepOf('a')).toMatchObject({ phase: 'Running', attempt: 1 });
    expect(new Set(stage.circumstances.polls)).toEqual(new Set([KEY]));
    stage.end('a', 'Succeeded');
    await stage.look();
    stage.end('b', 'Succeeded');
    await stage.look();
    expect(stage.status().phase).toBe('Succeeded');
    expect(stage.calls(/^create ToolRun/)).toHaveLength(2);
    expect(bucketsOf(stage)).toEqual([HERE, THERE]);
  });

  test('is forgotten by the replica that has given its bucket back', async () => {
    const stage = begin([tool('a', [])]);
    await stage.look();
    expect(stage.forgetAbsent()).toEqual([]);
    stage.circumstances.division = holding(THERE);
    expect(stage.forgetAbsent()).toEqual([KEY]);
    expect(stage.forgetAbsent()).toEqual([]);
  });

  test('is cancelled with all its children', async () => {
    const stage = begin([tool('a', [])]);
    await stage.look();
    label(stage, THERE);
    stage.circumstances.division = holding(THERE);
    stage.annotate('cancel');
    await stage.look();
    expect(stage.status().phase).toBe('Cancelled');
    expect(stage.calls(/^delete ToolRun a/)).toHaveLength(1);
  });

  test('has its held children released by the replica that follows these, once their end is recorded', async () => {
    const stage = begin([agent('a'), agent('b')]);
    await stage.look();
    label(stage, THERE);
    const there = replicaOf(stage, holding(THERE));
    const finalizers = () => listChildren(stage.api).map(({ metadata }) => metadata.finalizers?.length ?? 0);
    stage.end('a', 'Succeeded');
    await stage.lookAt(RUN);
    expect(stage.circumstances.polls).toEqual([KEY]);
    expect(finalizers()).toEqual([1, 1]);
    await there.reconcile(KEY);
    await stage.lookAt(RUN);
    expect(finalizers()).toEqual([0, 1]);
    stage.end('b', 'Succeeded');
    await there.reconcile(KEY);
    expect(stage.status().phase).toBe('Succeeded');
    stage.circumstances.polls.length = 0;
    await stage.lookAt(RUN);
    expect(finalizers()).toEqual([0, 0]);
    expect(stage.circumstances.polls).toEqual([]);
  });
});

describe('a nested run in another bucket than its parent', () => {
  const others = { inner: { steps: [tool('work', [])], policies: { ttlSecondsAfterFinished: 0 } } };
  const nested = `sub.1.${RUN}.1`;

  test('stays until its parent has recorded its end, and polls it', async () => {
    const stage = begin([sub()], { others });
    await stage.look();
    stage.end('work', 'Succeeded');
    label(stage, THERE, nested);
    const there = replicaOf(stage, holding(THERE));
    relabel(stage, 'work', THERE);
    for (let time = 0; time < 5; time++) await there.reconcile(`${NAMESPACE}/${nested}`);
    expect(stage.api.get(RUNS, { ...run, name: nested })['status']).toMatchObject({ phase: 'Succeeded' });
    expect(there.polls).toContain(`${NAMESPACE}/${nested}`);
    await stage.look();
    expect(stage.status().phase).toBe('Succeeded');
    await there.reconcile(`${NAMESPACE}/${nested}`);
    stage.collectGarbage();
    expect(() => stage.api.get(RUNS, { ...run, name: nested })).toThrow('not found');
  });

  test('knows the runs that own it, so that a cycle ends', async () => {
    const back = { inner: { steps: [sub({ name: 'back', orchestrationRef: { name: 'nightly' } })] } };
    const stage = begin([sub()], { others: back });
    await stage.look(2);
    label(stage, THERE, nested);
    const there = replicaOf(stage, holding(THERE));
    await there.reconcile(`${NAMESPACE}/${nested}`);
    const innermost = listChildren(stage.api).find(({ metadata }) => metadata.name.startsWith('back.'));
    await there.reconcile(`${NAMESPACE}/${innermost?.metadata.name}`);
    expect(stage.api.get(RUNS, { ...run, name: String(innermost?.metadata.name) })['status']).toMatchObject({
      ...{ phase: 'Failed' },
      conditions: expect.arrayContaining([expect.objectContaining({ reason: 'SubOrchestrationCycle' })]),
    });
  });
});

test('a replica whose copy is whole reads no absent parent from the API server', async () => {
  const others = { inner: { steps: [tool('work', [])] } };
  const stage = setStage([sub()], { others });
  await stage.look();
  const name = `sub.1.${RUN}.1`;
  stage.api.patch(
    RUNS,
    { ...run, name },
    { type: 'merge', body: { metadata: { annotations: { [Annotation.Cancel]: 'now' } } } },
  );
  const whole = replicaOf(stage, WHOLE);
  await whole.reconcile(`${NAMESPACE}/${name}`);
  expect(whole.reads).toEqual([]);
});

/** Another replica, which uses the same API server. */
function replicaOf(stage: Stage, division: Division) {
  const cluster = connectModel(stage.api);
  const reads: string[] = [];
  cluster.circumstances.division = division;
  const readObject: typeof cluster.readObject = (apiVersion, kind, namespace, name) => {
    reads.push(`${kind} ${name}`);
    return cluster.readObject(apiVersion, kind, namespace, name);
  };
  const port = Object.defineProperties(
    {},
    { ...Object.getOwnPropertyDescriptors(cluster), readObject: { value: readObject } },
  );
  const nameChild = ({ uid }: { readonly uid: string }, step: string, attempt: number) =>
    [step, attempt, ...uid.split('/').slice(1)].join('.');
  const time = {
    get nowMs() {
      return stage.nowMs();
    },
  };
  const { reconcile } = startEngine(port as typeof cluster, time, { nameChild });
  return {
    reads,
    polls: cluster.circumstances.polls,
    async reconcile(key: string) {
      for (let time = 0; time < 5; time++) {
        await reconcile(key);
        stage.pass(1);
      }
    },
  };
}

/** Changes the label of the child of a step. */
function relabel(stage: Stage, step: string, bucket: number | string | null): void {
  const child = listChildren(stage.api).find(({ metadata }) => metadata.name.startsWith(`${step}.`));
  if (child === undefined) throw new Error(`step ${step} has no child`);
  const body = { metadata: { labels: { [Label.Bucket]: bucket === null ? null : String(bucket) } } };
  stage.api.patch(resourceOf(child.kind), child.metadata, { type: 'merge', body });
}
