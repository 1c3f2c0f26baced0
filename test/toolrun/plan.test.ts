import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StoredObject } from '../../src/objects/object.ts';
import { isFinal } from '../../src/toolrun/status.ts';
import { complete, createCluster, failed, nameChild, tool, toolRun } from './cluster.ts';

const start = Date.parse('2026-01-01T00:00:00Z');

type Cluster = ReturnType<typeof createCluster>;

/** `phase reason: message`, as a step quotes the end, and as the status shows it after the quiet time. */
function standingOf(cluster: Cluster): string {
  settle(cluster);
  const { phase, conditions } = cluster.status();
  const { reason, message } = conditions.find(({ type }) => type === 'Succeeded') ?? {};
  const { outcome } = cluster.state() ?? {};
  if (outcome !== undefined) expect(outcome).toMatchObject({ phase, reason, message });
  return `${phase} ${reason}: ${message}`;
}

/** Reconciles until nothing is left to do. By default, the time is after every wait except the one for a Tool. */
function settle(cluster: Cluster, nowMs = start + 3_000): void {
  while (cluster.reconcile({ nowMs }).some((action) => action !== 'RequeueAt'));
}

function startedCluster(spec: Record<string, unknown> = {}) {
  const cluster = createCluster(toolRun(), tool(spec));
  cluster.reconcile();
  return cluster;
}

const owner = { apiVersion: 'tools.proompteng.ai/v1alpha1', kind: 'ToolRun', name: 'lint' };
const jobName = nameChild(toolRun().metadata, 'job');

describe('a ToolRun', () => {
  test('records its intent, then creates ConfigMap and Job, then records the Job’s uid, then its end, and shows each', () => {
    const cluster = createCluster(toolRun(), tool());
    expect(cluster.reconcile()).toEqual(['WriteState', 'CreateConfigMap', 'CreateJob']);
    expect(cluster.state()).toEqual({ job: { name: jobName }, startedAt: '2026-01-01T00:00:00.000Z' });
    expect(cluster.reconcile()).toEqual(['WriteState']);
    expect(cluster.state()?.job?.uid).toBe(cluster.job()?.metadata.uid);
    expect(cluster.reconcile()).toEqual(['RequeueAt', 'RequeueAt']);
    expect(cluster.reconcile({ nowMs: start + 1_000 })).toEqual(['PatchStatus', 'RequeueAt']);
    expect(cluster.status()).toMatchObject({ phase: 'Running', observedGeneration: 1 });
    expect(cluster.reconcile({ nowMs: start + 1_000 })).toEqual(['RequeueAt']);
    cluster.endJob(complete);
    expect(cluster.reconcile({ nowMs: start + 1_000 })).toEqual(['WriteState']);
    expect(cluster.state()?.outcome).toMatchObject({ phase: 'Succeeded', finishedAt: '2026-01-01T00:05:00Z' });
    expect(cluster.status().phase).toBe('Running');
    expect(cluster.reconcile({ nowMs: start + 1_000 })).toEqual(['PatchStatus']);
    expect(cluster.status().phase).toBe('Succeeded');
    expect(cluster.reconcile({ nowMs: start + 1_000 })).toEqual([]);
    expect(cluster.events).toEqual([]);
    expect(cluster.states.length + cluster.statuses.length).toBe(5);
  });

  test('is left to the agents chart’s executor as long as that executor may begin it, and continues if we have begun', () => {
    const cluster = createCluster(toolRun(), tool());
    cluster.rivalUntilMs = start + 3_000;
    expect(cluster.reconcile()).toEqual(['RequeueAt']);
    expect(cluster.requeueAt).toBe(new Date(start + 3_000).toISOString());
    cluster.rivalUntilMs = undefined;
    expect(cluster.reconcile()).toEqual(['WriteState', 'CreateConfigMap', 'CreateJob']);
    cluster.rivalUntilMs = start + 3_000;
    expect(cluster.reconcile()).toEqual(['WriteState']);
  });

  test('that ends within a second is never shown Running', () => {
    const cluster = startedCluster();
    cluster.endJob(complete);
    settle(cluster, start + 500);
    expect(cluster.statuses.map(({ phase }) => phase)).toEqual(['Succeeded']);
  });

  test('reports the exit code of a failed Job', () => {
    const cluster = startedCluster();
    cluster.endJob(failed);
    expect(cluster.reconcile()).toEqual(['WriteState', 'EmitEvent']);
    expect(standingOf(cluster)).toBe('Failed JobFailed: exit 3');
    expect(cluster.events).toEqual(['JobFailed: exit 3']);
  });

  test.each([
    [
      'reports that its Job took too long',
      { reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' },
      'Failed DeadlineExceeded: took longer than 30 s',
    ],
    [
      'quotes any other failure of its Job',
      { reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' },
      'Failed JobFailed: Job has reached the specified backoff limit',
    ],
    ['fails with its Job even without a word', { reason: '', message: '' }, `Failed JobFailed: Job ${jobName} failed`],
  ])('%s', (_, condition, standing) => {
    const cluster = startedCluster({ timeoutSeconds: 30 });
    cluster.endJob({ ...failed, ...condition });
    cluster.reconcile();
    expect(standingOf(cluster)).toBe(standing);
  });

  test('keeps running while its Job is about to fail, because a pod of the Job may still run', () => {
    const cluster = startedCluster();
    cluster.endJob({ ...failed, type: 'FailureTarget' });
    settle(cluster);
    expect(cluster.status().phase).toBe('Running');
  });

  test('fails when its recorded Job is gone, and creates no other', () => {
    const cluster = startedCluster();
    cluster.reconcile();
    cluster.deleteJob();
    cluster.reconcile();
    expect(standingOf(cluster)).toBe(`Failed JobDeleted: Job ${jobName} was deleted before its end was observed`);
    expect(cluster.reconcile()).toEqual([]);
    expect(cluster.jobsCreated).toBe(1);
  });

  test('accepts only an object with the uid of its recorded Job, and no other object of that name', () => {
    const cluster = startedCluster();
    cluster.reconcile();
    const job = cluster.job() as StoredObject;
    cluster.jobs.set(jobName, {
      ...job,
      metadata: { ...job.metadata, uid: 'another' },
      status: { conditions: [complete] },
    });
    cluster.reconcile();
    expect(standingOf(cluster)).toContain('Failed JobDeleted');
  });

  test.each([
    ['no owner', undefined],
    ['another ToolRun', [{ ...owner, uid: 'another', controller: true }]],
    ['itself, not as controller', [{ ...owner, uid: 'run-uid' }]],
  ])('fails when a Job of its name belongs to %s', (_, ownerReferences) => {
    const cluster = createCluster(toolRun(), tool());
    const foreign = {
      ...{ apiVersion: 'batch/v1', kind: 'Job' },
      metadata: { name: jobName, namespace: 'agents', uid: 'x', ...(ownerReferences && { ownerReferences }) },
    };
    cluster.jobs.set(jobName, foreign);
    cluster.reconcile();
    expect(standingOf(cluster)).toBe(
      `Failed ChildNameTaken: Job ${jobName} exists but does not belong to this ToolRun`,
    );
  });

  test('fails when the ConfigMap that has its name has other content', () => {
    const cluster = createCluster(toolRun(), tool());
    cluster.reconcile({ most: 2 });
    const [[name, configMap] = ['']] = cluster.configMaps;
    cluster.configMaps.set(name, { ...(configMap as StoredObject), data: { 'run.json': '{}' } });
    cluster.reconcile();
    expect(standingOf(cluster)).toBe(
      `Failed ChildNameTaken: ConfigMap ${name} exists but is not what this ToolRun would create`,
    );
    expect(cluster.jobsCreated).toBe(0);
  });

  test('fails with the API server’s message when the API server refuses the Job', () => {
    const cluster = createCluster(toolRun(), tool());
    cluster.reconcile({ most: 2 });
    cluster.refusals.set(
      jobName,
      `Job.batch "${jobName}" is invalid: spec.template.spec.containers[0].image: Required value`,
    );
    cluster.reconcile();
    expect(standingOf(cluster)).toContain('Failed ChildRefused: Job.batch');
    expect(cluster.jobsCreated).toBe(0);
  });

  test('reads and reports why its Job has no pod when one is due, and stops when there is one', () => {
    const cluster = startedCluster();
    settle(cluster);
    expect(cluster.requeueAt).toBe('2026-01-01T00:00:05.000Z');
    cluster.podRefusal = 'Error creating: pods "x" is forbidden: violates PodSecurity "restricted:latest"';
    settle(cluster, start + 5_000);
    expect(cluster.requeueAt).toBe('2026-01-01T00:01:05.000Z');
    expect(standingOf(cluster)).toBe(`Running PodRefused: Job ${jobName}: ${cluster.podRefusal}`);
    cluster.podRefusal = undefined;
    cluster.changeJob({ status: { active: 1 } });
    expect(cluster.reconcile({ nowMs: start + 60_000 })).toEqual(['PatchStatus']);
    expect(standingOf(cluster)).toBe(`Running Running: Job ${jobName} is running`);
  });

  test('waits for its Tool, then fails', () => {
    const cluster = createCluster(toolRun());
    expect(cluster.reconcile()).toEqual(['PatchStatus', 'RequeueAt']);
    expect(standingOf(cluster)).toBe('Pending MissingTool: waits for Tool "echo" to appear');
    expect(cluster.requeueAt).toBe('2026-01-01T00:05:00.000Z');
    expect(cluster.reconcile({ nowMs: start + 299_000 })).toEqual(['RequeueAt']);
    settle(cluster, start + 300_000);
    expect(standingOf(cluster)).toBe('Failed MissingTool: Tool "echo" did not appear within 300 s');
  });

  test('starts when its Tool appears in time', () => {
    const cluster = createCluster(toolRun());
    cluster.reconcile();
    cluster.tool = tool();
    expect(cluster.reconcile({ nowMs: start + 10_000 })).toContain('CreateJob');
  });

  test('never returns to Pending if its Tool is deleted before its Job is seen', () => {
    const cluster = startedCluster();
    const job = cluster.jobs.get(jobName) as StoredObject;
    cluster.deleteJob();
    cluster.tool = undefined;
    cluster.reconcile();
    expect(standingOf(cluster)).toBe('Running MissingTool: waits for Tool "echo" to appear');
    cluster.jobs.set(jobName, job);
    cluster.reconcile();
    expect(cluster.state()?.job?.uid).toBe(job.metadata.uid);
  });

  test('does not need its Tool once it has its Job', () => {
    const cluster = startedCluster();
    cluster.tool = undefined;
    cluster.endJob(complete);
    settle(cluster);
    expect(cluster.status().phase).toBe('Succeeded');
  });

  test('fails at once when it names no Tool', () => {
    const cluster = createCluster(toolRun({ spec: { toolRef: { name: '' } } }));
    cluster.reconcile();
    expect(standingOf(cluster)).toBe('Failed MissingTool: spec.toolRef.name is empty: name the Tool to run');
  });

  test('fails with every mistake in its Tool', () => {
    const cluster = createCluster(toolRun(), tool({ image: '', serviceAccount: 'orchestration-gate' }));
    cluster.reconcile();
    expect(standingOf(cluster)).toBe(
      'Failed InvalidTool: Tool echo: spec.image is absent: name the image to run; ' +
        'spec.serviceAccount is "orchestration-gate", the controller\'s own: name another',
    );
    expect(cluster.events).toHaveLength(1);
    expect(cluster.states).toHaveLength(1);
  });

  test('fails when its parameters make the Job too large', () => {
    const parameters = { message: 'x'.repeat(700_000) };
    const args = ['{{parameters.message}}', '{{parameters.message}}'];
    const cluster = createCluster(toolRun({ spec: { toolRef: { name: 'echo' }, parameters } }), tool({ args }));
    cluster.reconcile();
    expect(standingOf(cluster)).toBe('Failed InvalidToolRun: command, args and env with their parameters exceed 1 MiB');
  });

  test('fails when its runtime is nested too deeply to be written', () => {
    const runtime = JSON.parse('{"a":'.repeat(9_000).concat('0', '}'.repeat(9_000)));
    const cluster = createCluster(toolRun({ spec: { toolRef: { name: 'echo' }, runtime } }), tool());
    cluster.reconcile();
    expect(standingOf(cluster)).toBe('Failed InvalidToolRun: spec.runtime is nested too deeply');
  });

  test('lets its Job expire only once its own end is recorded, and sets that only once', () => {
    const cluster = startedCluster({ ttlSecondsAfterFinished: 0 });
    cluster.endJob(complete);
    expect(cluster.reconcile()).toEqual(['WriteState']);
    expect(cluster.job()?.['spec']).not.toHaveProperty('ttlSecondsAfterFinished');
    expect(cluster.reconcile()).toEqual(['PatchStatus', 'SetTtl']);
    expect(cluster.job()?.['spec']).toHaveProperty('ttlSecondsAfterFinished', 0);
    expect(cluster.reconcile()).toEqual([]);
    cluster.deleteJob();
    expect(cluster.reconcile()).toEqual([]);
    expect(cluster.status().phase).toBe('Succeeded');
  });

  test.each([
    ['is being deleted', { metadata: { ...toolRun().metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }],
    ['is executed by something else', { status: { phase: 'Running', runtimeRef: { type: 'temporal', name: 'w' } } }],
    ['was cancelled', { status: { phase: 'Cancelled' } }],
  ])('is not touched when it %s', (_, fields) => {
    expect(createCluster(toolRun(fields), tool()).reconcile()).toEqual([]);
  });

  test('does not end with a Job that its status names but that does not belong to it', () => {
    const runtimeRef = { type: 'job', name: 'other', namespace: 'agents', uid: 'theirs' };
    const cluster = createCluster(toolRun({ status: { phase: 'Running', runtimeRef, conditions: [] } }), tool());
    const other = {
      name: 'other',
      namespace: 'agents',
      uid: 'theirs',
      ownerReferences: [{ ...owner, uid: 'another' }],
    };
    cluster.jobs.set('other', {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: other,
      status: { conditions: [complete] },
    });
    expect(standingOf(cluster)).toContain('Failed JobDeleted');
  });

  test('has transition times in its conditions that move only with the status', () => {
    const cluster = startedCluster();
    settle(cluster, start + 60_000);
    cluster.podRefusal = 'no room';
    settle(cluster, start + 90_000);
    cluster.endJob(complete);
    settle(cluster, start + 120_000);
    expect(
      cluster.statuses.map(({ conditions }) =>
        conditions.map(
          ({ type, status, lastTransitionTime }) => `${type}=${status} ${lastTransitionTime.slice(11, 16)}`,
        ),
      ),
    ).toEqual([
      ['Ready=False 00:01', 'Progressing=True 00:01', 'Succeeded=Unknown 00:01'],
      ['Ready=False 00:01', 'Progressing=True 00:01', 'Succeeded=Unknown 00:01'],
      ['Ready=True 00:02', 'Progressing=False 00:02', 'Succeeded=True 00:02'],
    ]);
  });

  test('keeps its messages short, because every write stores them again', () => {
    const cluster = createCluster(toolRun(), tool());
    cluster.refusals.set(jobName, 'x'.repeat(10_000));
    settle(cluster);
    expect(cluster.status().conditions.map(({ message }) => message.length)).toEqual([1024, 1024, 1024]);
    expect(cluster.events[0]?.length).toBeLessThan(1_100);
  });
});

describe('a ToolRun whose status the supporting controller of the agents chart also writes', () => {
  const observed = { type: 'Ready', status: 'True', reason: 'Observed', message: 'tool run observed' };
  const writeReady = (cluster: Cluster, nowMs: number) => {
    const time = new Date(nowMs).toISOString();
    const conditions = [{ ...observed, lastTransitionTime: time }];
    cluster.isShared = true;
    cluster.setStatus({ phase: 'Ready', conditions, observedGeneration: 1, updatedAt: time });
  };

  test('is executed, keeps the condition of that controller, and has only its fields in the status', () => {
    const cluster = startedCluster();
    writeReady(cluster, start);
    cluster.endJob(complete);
    settle(cluster);
    expect(Object.keys(cluster.status()).sort()).toEqual(['conditions', 'observedGeneration', 'phase', 'updatedAt']);
    expect(cluster.status()).toMatchObject({
      phase: 'Succeeded',
      conditions: [observed, { type: 'Progressing', status: 'False' }, { type: 'Succeeded', status: 'True' }],
    });
  });

  test('gets an overwritten phase back once, after a second without writes', () => {
    const cluster = startedCluster();
    cluster.endJob(complete);
    settle(cluster);
    writeReady(cluster, start + 5_000);
    expect(cluster.reconcile({ nowMs: start + 5_100 })).toEqual(['RequeueAt']);
    writeReady(cluster, start + 5_900);
    expect(cluster.reconcile({ nowMs: start + 6_100 })).toEqual(['RequeueAt']);
    expect(cluster.requeueAt).toBe('2026-01-01T00:00:06.900Z');
    expect(cluster.reconcile({ nowMs: start + 6_900 })).toEqual(['PatchStatus']);
    expect(cluster.reconcile({ nowMs: start + 6_950 })).toEqual([]);
    expect(cluster.statuses.map(({ phase }) => phase)).toEqual(['Succeeded', 'Succeeded']);
    expect([cluster.states.length, cluster.events]).toEqual([2, []]);
  });

  test('gets it back at once if the clock of that controller is wrong', () => {
    const cluster = startedCluster();
    cluster.endJob(complete);
    settle(cluster);
    writeReady(cluster, start + 3_600_000);
    expect(cluster.reconcile({ nowMs: start + 5_000 })).toEqual(['PatchStatus']);
  });
});

describe('a ToolRun that another executor has begun', () => {
  const ref = { type: 'job', name: 'lint-job', namespace: 'agents', uid: 'theirs' };
  const time = '2026-01-01T00:00:00Z';
  const conditions = ['Accepted', 'InProgress', 'Running'].map((type) => ({
    ...{ type, status: 'True', reason: 'Submitted', message: '', lastTransitionTime: time },
  }));
  const begun = (runtimeRef: object = ref, fields: object = {}) =>
    createCluster(
      toolRun({ status: { phase: 'Running', runtimeRef, startedAt: time, conditions, ...fields } }),
      tool({ ttlSecondsAfterFinished: 0 }),
    );
  /** The Job of the other executor, which has labels but no owner. */
  const theirs = (fields: object = {}): StoredObject => ({
    ...{ apiVersion: 'batch/v1', kind: 'Job' },
    metadata: {
      ...{ name: 'lint-job', namespace: 'agents', uid: 'theirs', creationTimestamp: time },
      labels: { 'agents.proompteng.ai/tool-run': 'lint' },
    },
    spec: {},
    ...fields,
  });

  test('is taken over: its Job is recorded, then the fields that make others write the status for ever are removed', () => {
    const cluster = begun();
    cluster.isShared = true;
    cluster.jobs.set('lint-job', theirs());
    expect(cluster.reconcile()).toEqual(['WriteState']);
    expect(cluster.state()).toEqual({ job: { name: 'lint-job', uid: 'theirs' }, startedAt: time });
    expect(cluster.reconcile()).toEqual(['ClearStatus', 'RequeueAt']);
    expect(cluster.status()).not.toHaveProperty('runtimeRef');
    cluster.changeJob({ status: { conditions: [failed] } });
    expect(standingOf(cluster)).toBe('Failed JobFailed: exit 3');
    expect(cluster.status().conditions.map(({ type }) => type)).toEqual(['Ready', 'Progressing', 'Succeeded']);
    expect(cluster.job()?.['spec']).toHaveProperty('ttlSecondsAfterFinished', 0);
    expect([cluster.jobsCreated, cluster.events]).toEqual([0, ['JobFailed: exit 3']]);
  });

  test.each([['Running'], ['Ready']])('and left %s when its Job ended gets the outcome of the Job', (phase) => {
    const cluster = begun(ref, { phase });
    cluster.jobs.set('lint-job', theirs({ status: { conditions: [complete] } }));
    expect(standingOf(cluster)).toBe('Succeeded Completed: Job lint-job completed');
    expect(cluster.jobsCreated).toBe(0);
  });

  test.each([
    ['is gone', undefined],
    ['is of another ToolRun', { metadata: { ...theirs().metadata, labels: { 'agents.proompteng.ai/tool-run': 'x' } } }],
    ['is another of that name', { metadata: { ...theirs().metadata, uid: 'another' } }],
  ])('fails with a reason when its Job %s, and is never started a second time', (_, job) => {
    const cluster = begun();
    if (job) cluster.jobs.set('lint-job', { ...theirs(), ...job, status: { conditions: [complete] } });
    expect(standingOf(cluster)).toBe(
      "Failed JobDeleted: Job lint-job, which the agents chart's controller created, was deleted before its end was observed",
    );
    expect(cluster.jobsCreated).toBe(0);
  });

  test('that is version 0.2 of ours continues with its Job, or starts the Job if there was only an intent', () => {
    const intent = begun({ type: 'job', name: jobName, namespace: 'agents' });
    settle(intent);
    expect(intent.jobsCreated).toBe(1);
    const recorded = begun({ ...ref, name: jobName });
    expect(standingOf(recorded)).toBe(`Failed JobDeleted: Job ${jobName} was deleted before its end was observed`);
    expect(recorded.jobsCreated).toBe(0);
  });

  test('and ended keeps its end; only the fields that make others write the status for ever are removed', () => {
    const cluster = begun(ref, { phase: 'Succeeded', finishedAt: time });
    expect(cluster.reconcile()).toEqual([]);
    cluster.isShared = true;
    expect(cluster.reconcile()).toEqual(['ClearStatus']);
    expect(cluster.status()).toEqual({ phase: 'Succeeded', conditions });
    expect(cluster.reconcile()).toEqual([]);
  });

  test('while our Job runs is reported', () => {
    const cluster = startedCluster();
    settle(cluster);
    cluster.setStatus({ phase: 'Running', runtimeRef: ref });
    expect(cluster.reconcile({ nowMs: start + 4_000 })).toContain('ClearStatus');
    expect(cluster.events[0]).toMatch(/^StatusContested: the agents chart's controller also runs this .* Job lint-job/);
  });
});

describe('the annotation of a ToolRun', () => {
  const forged = (fields: object = {}) =>
    JSON.stringify({
      of: 'run-uid',
      startedAt: '2026-01-01T00:00:00Z',
      outcome: { phase: 'Succeeded', reason: 'Completed', message: 'x', finishedAt: '2026-01-01T00:00:00Z' },
      ...fields,
    });

  test('that contradicts the Job is corrected', () => {
    const cluster = startedCluster();
    settle(cluster);
    cluster.annotate(forged({ job: cluster.state()?.job }));
    expect(cluster.state()?.outcome?.phase).toBe('Succeeded');
    settle(cluster);
    expect(cluster.state()).not.toHaveProperty('outcome');
    cluster.endJob(failed);
    cluster.annotate(forged({ job: cluster.state()?.job }));
    expect(standingOf(cluster)).toBe('Failed JobFailed: exit 3');
  });

  test.each([
    ['is no JSON', '{'],
    ['is of another ToolRun, as after a restore', forged({ of: 'another' })],
    ['has an outcome that does not exist', forged({ outcome: { phase: 'Good' } })],
    ['is gone', undefined],
  ])('counts as absent if it %s, and the Job decides', (_, text) => {
    const cluster = startedCluster();
    settle(cluster);
    cluster.annotate(text);
    expect(cluster.state()).toBeUndefined();
    settle(cluster);
    expect(cluster.state()?.job?.uid).toBe(cluster.job()?.metadata.uid);
    expect(cluster.jobsCreated).toBe(1);
  });
});

describe('whatever happens, and whenever the process is killed', () => {
  const rank = new Map([undefined, 'Pending', 'Running', 'Succeeded', 'Failed'].map((phase, index) => [phase, index]));

  /** What others may do: a Job controller, a TTL controller and people. */
  const happenings = {
    complete: (cluster: Cluster) => endOnce(cluster, complete),
    fail: (cluster: Cluster) => endOnce(cluster, failed),
    // A Job that is deleted before its uid is recorded leaves no trace, so another one may follow. This does not occur
    // here.
    deleteJob: (cluster: Cluster) => cluster.state()?.job?.uid !== undefined && cluster.deleteJob(),
    expire: (cluster: Cluster) => {
      const job = cluster.job();
      if (job?.['status'] !== undefined && Object.hasOwn(job['spec'] as object, 'ttlSecondsAfterFinished'))
        cluster.deleteJob();
    },
    editTool: (cluster: Cluster) => {
      cluster.tool = tool({ args: ['{{parameters.message}} edited'], ttlSecondsAfterFinished: 0 });
    },
    deleteTool: (cluster: Cluster) => {
      cluster.tool = undefined;
    },
    createTool: (cluster: Cluster) => {
      cluster.tool = tool({ ttlSecondsAfterFinished: 0 });
    },
    /** The supporting controller handles an event that is older than our first write. */
    putBack: (cluster: Cluster) => {
      cluster.isShared = true;
      const updatedAt = new Date(start).toISOString();
      cluster.setStatus({ phase: 'Ready', conditions: [], observedGeneration: 1, updatedAt });
    },
  };

  function endOnce(cluster: Cluster, condition: object): void {
    if (cluster.job()?.['status'] === undefined) cluster.endJob(condition);
  }

  /** A reconcile that observes the state of `age` moves ago and carries out only `most` actions of its plan. */
  const reconciles = fc.record({
    most: fc.nat(4),
    age: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(5) }),
  });
  const moves = fc.oneof(reconciles, fc.constantFrom(...Object.values(happenings)));

  test('a ToolRun has at most one Job, its phase only rises, and it ends as its Job did', () => {
    fc.assert(
      fc.property(fc.array(moves, { maxLength: 25 }), (schedule) => {
        const cluster = createCluster(toolRun(), tool({ ttlSecondsAfterFinished: 0 }));
        const views = [cluster.observe()];
        for (const [index, move] of schedule.entries()) {
          const nowMs = start + index * 1000;
          if (typeof move === 'function') move(cluster);
          else cluster.reconcile({ nowMs, most: move.most, seen: views.at(-1 - move.age) });
          views.push(cluster.observe());
        }
        cluster.tool ??= tool();
        for (let round = 0; round < 8; round++) {
          cluster.reconcile({ nowMs: start + 100_000 + round * 1_000 });
          if (cluster.job()?.['status'] === undefined) cluster.endJob(complete);
        }
        expect(cluster.jobsCreated).toBe(1);
        const { outcome } = cluster.state() ?? {};
        const ends = { Complete: 'Succeeded Completed', Failed: 'Failed JobFailed' };
        expect([ends[cluster.ending ?? 'Complete'], 'Failed JobDeleted']).toContain(
          `${outcome?.phase} ${outcome?.reason}`,
        );
        expect(cluster.status().phase).toBe(outcome?.phase);
        const ranks = cluster.statuses.map(({ phase }) => rank.get(phase) ?? -1);
        expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
        expect(cluster.states.filter((state) => state.outcome !== undefined)).toHaveLength(1);
        const firstEnd = cluster.statuses.findIndex(isFinal);
        expect(cluster.statuses.slice(firstEnd).every(isFinal)).toBe(true);
        const uids = new Set(cluster.states.flatMap(({ job }) => job?.uid ?? []));
        expect(uids.size).toBeLessThanOrEqual(1);
      }),
      { numRuns: 2000 },
    );
  });
});
