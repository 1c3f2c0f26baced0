import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planToolRun } from '../../src/toolrun/plan.ts';
import type { KubeObject } from '../../src/toolrun/snapshot.ts';
import { isFinal } from '../../src/toolrun/status.ts';
import { complete, createCluster, failed, nameChild, options, tool, toolRun } from './cluster.ts';

const start = Date.parse('2026-01-01T00:00:00Z');

/** `phase reason: message`, as a step quotes it. */
function standingOf({ status }: ReturnType<typeof createCluster>): string {
  const { phase, conditions } = status();
  const { reason, message } = conditions[0] ?? {};
  return `${phase} ${reason}: ${message}`;
}

function startedCluster(spec: Record<string, unknown> = {}) {
  const cluster = createCluster(toolRun(), tool(spec));
  cluster.reconcile();
  return cluster;
}

const jobName = nameChild(toolRun().metadata, 'job');

describe('a ToolRun', () => {
  test('records its intent, then creates ConfigMap and Job, then records the Job’s uid, then its end', () => {
    const cluster = createCluster(toolRun(), tool());
    expect(cluster.reconcile()).toEqual(['PatchStatus', 'CreateConfigMap', 'CreateJob']);
    expect(cluster.status()).toMatchObject({
      phase: 'Running',
      startedAt: '2026-01-01T00:00:00.000Z',
      runtimeRef: { type: 'job', name: jobName, namespace: 'agents' },
      observedGeneration: 1,
    });
    expect(cluster.reconcile()).toEqual(['PatchStatus', 'RequeueAt']);
    expect(cluster.status().runtimeRef?.uid).toBe(cluster.job()?.metadata.uid);
    expect(cluster.reconcile()).toEqual(['RequeueAt']);
    cluster.endJob(complete);
    expect(cluster.reconcile()).toEqual(['PatchStatus']);
    expect(cluster.status()).toMatchObject({ phase: 'Succeeded', finishedAt: '2026-01-01T00:05:00Z' });
    expect(cluster.reconcile()).toEqual([]);
    expect(cluster.events).toEqual([]);
  });

  test('tells the exit code of a failed Job', () => {
    const cluster = startedCluster();
    cluster.endJob(failed);
    expect(cluster.reconcile()).toEqual(['PatchStatus', 'EmitEvent']);
    expect(standingOf(cluster)).toBe('Failed JobFailed: exit 3');
  });

  test.each([
    [
      'says so when its Job took too long',
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

  test('keeps running while its Job only will fail, since a pod of it may still run', () => {
    const cluster = startedCluster();
    cluster.endJob({ ...failed, type: 'FailureTarget' });
    cluster.reconcile();
    expect(cluster.status().phase).toBe('Running');
  });

  test('fails when its recorded Job is gone, and creates no other', () => {
    const cluster = startedCluster();
    cluster.reconcile();
    cluster.deleteJob();
    cluster.reconcile();
    expect(standingOf(cluster)).toBe(`Failed JobDeleted: Job ${jobName} was deleted before it ended`);
    expect(cluster.reconcile()).toEqual([]);
    expect(cluster.jobsCreated).toBe(1);
  });

  test('takes an object that has the uid of its recorded Job for it, and no other of that name', () => {
    const cluster = startedCluster();
    cluster.reconcile();
    const job = cluster.job() as KubeObject;
    cluster.jobs.set(jobName, {
      ...job,
      metadata: { ...job.metadata, uid: 'another' },
      status: { conditions: [complete] },
    });
    cluster.reconcile();
    expect(standingOf(cluster)).toContain('Failed JobDeleted');
  });

  test.each([
    ['nobody', undefined],
    ['another ToolRun', [{ uid: 'another', controller: true }]],
    ['itself, not as controller', [{ uid: 'run-uid' }]],
  ])('fails when a Job of its name belongs to %s', (_, ownerReferences) => {
    const cluster = createCluster(toolRun(), tool());
    const foreign = {
      metadata: { name: jobName, namespace: 'agents', uid: 'x', ...(ownerReferences && { ownerReferences }) },
    };
    cluster.jobs.set(jobName, foreign);
    cluster.reconcile();
    expect(standingOf(cluster)).toBe(`Failed ChildNameTaken: Job ${jobName} exists and is not this ToolRun's`);
  });

  test('fails when the ConfigMap of its name holds what somebody else wrote', () => {
    const cluster = createCluster(toolRun(), tool());
    cluster.reconcile({ most: 2 });
    const [[name, configMap] = ['']] = cluster.configMaps;
    cluster.configMaps.set(name, { ...(configMap as KubeObject), data: { 'run.json': '{}' } });
    cluster.reconcile();
    expect(standingOf(cluster)).toBe(`Failed ChildNameTaken: ConfigMap ${name} exists and is not this ToolRun's`);
    expect(cluster.jobsCreated).toBe(0);
  });

  test('fails with the API server’s words when it refuses the Job', () => {
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

  test('asks why its Job has no pod when it should have one, says so, and forgets it when there is one', () => {
    const cluster = startedCluster();
    cluster.reconcile();
    expect(cluster.requeueAt).toBe('2026-01-01T00:00:05.000Z');
    cluster.podRefusal = 'Error creating: pods "x" is forbidden: violates PodSecurity "restricted:latest"';
    cluster.reconcile({ nowMs: start + 5_000 });
    expect(standingOf(cluster)).toBe(`Running PodRefused: Job ${jobName}: ${cluster.podRefusal}`);
    expect(cluster.requeueAt).toBe('2026-01-01T00:01:05.000Z');
    cluster.podRefusal = undefined;
    cluster.changeJob({ status: { active: 1 } });
    expect(cluster.reconcile({ nowMs: start + 60_000 })).toEqual(['PatchStatus']);
    expect(standingOf(cluster)).toBe(`Running Running: Job ${jobName} runs`);
  });

  test('waits for its Tool, then fails', () => {
    const cluster = createCluster(toolRun());
    expect(cluster.reconcile()).toEqual(['PatchStatus', 'RequeueAt']);
    expect(standingOf(cluster)).toBe('Pending MissingTool: waits for the Tool "echo" to appear');
    expect(cluster.requeueAt).toBe('2026-01-01T00:05:00.000Z');
    expect(cluster.reconcile({ nowMs: start + 299_000 })).toEqual(['RequeueAt']);
    cluster.reconcile({ nowMs: start + 300_000 });
    expect(standingOf(cluster)).toBe('Failed MissingTool: there was no Tool "echo" for 300 s');
  });

  test('starts when its Tool appears in time', () => {
    const cluster = createCluster(toolRun());
    cluster.reconcile();
    cluster.tool = tool();
    expect(cluster.reconcile({ nowMs: start + 10_000 })).toContain('CreateJob');
  });

  test('never goes back to Pending when its Tool goes before its Job is seen', () => {
    const cluster = startedCluster();
    const job = cluster.jobs.get(jobName) as KubeObject;
    cluster.deleteJob();
    cluster.tool = undefined;
    cluster.reconcile();
    expect(standingOf(cluster)).toBe('Running MissingTool: waits for the Tool "echo" to appear');
    cluster.jobs.set(jobName, job);
    cluster.reconcile();
    expect(cluster.status().runtimeRef?.uid).toBe(job.metadata.uid);
  });

  test('needs its Tool no more once it has its Job', () => {
    const cluster = startedCluster();
    cluster.tool = undefined;
    cluster.endJob(complete);
    cluster.reconcile();
    expect(cluster.status().phase).toBe('Succeeded');
  });

  test('fails at once when it names no Tool', () => {
    const cluster = createCluster(toolRun({ spec: { toolRef: { name: '' } } }));
    cluster.reconcile();
    expect(standingOf(cluster)).toBe('Failed MissingTool: spec.toolRef.name is empty: name the Tool to run');
  });

  test('fails with all that is wrong with its Tool', () => {
    const cluster = createCluster(toolRun(), tool({ image: '', serviceAccount: 'orchestration-gate' }));
    cluster.reconcile();
    expect(standingOf(cluster)).toBe(
      'Failed InvalidTool: Tool echo: spec.image is absent: name the image to run; ' +
        'spec.serviceAccount is "orchestration-gate", the controller\'s own: name another',
    );
    expect(cluster.events).toHaveLength(1);
  });

  test('fails when its parameters make more of the Tool than a Job can hold', () => {
    const parameters = { message: 'x'.repeat(700_000) };
    const args = ['{{parameters.message}}', '{{parameters.message}}'];
    const cluster = createCluster(toolRun({ spec: { toolRef: { name: 'echo' }, parameters } }), tool({ args }));
    cluster.reconcile();
    expect(standingOf(cluster)).toBe(
      'Failed InvalidToolRun: command, args and env are over 1 MiB with their parameters',
    );
  });

  test('fails when its runtime is nested deeper than can be written', () => {
    const runtime = JSON.parse('{"a":'.repeat(9_000).concat('0', '}'.repeat(9_000)));
    const cluster = createCluster(toolRun({ spec: { toolRef: { name: 'echo' }, runtime } }), tool());
    cluster.reconcile();
    expect(standingOf(cluster)).toBe('Failed InvalidToolRun: spec.runtime is nested too deeply');
  });

  test('lets its Job expire only when its own end is recorded, and only once', () => {
    const cluster = startedCluster({ ttlSecondsAfterFinished: 0 });
    cluster.endJob(complete);
    expect(cluster.reconcile()).toEqual(['PatchStatus']);
    expect(cluster.job()?.['spec']).not.toHaveProperty('ttlSecondsAfterFinished');
    expect(cluster.reconcile()).toEqual(['SetTtl']);
    expect(cluster.job()?.['spec']).toHaveProperty('ttlSecondsAfterFinished', 0);
    expect(cluster.reconcile()).toEqual([]);
    cluster.deleteJob();
    expect(cluster.reconcile()).toEqual([]);
    expect(cluster.status().phase).toBe('Succeeded');
  });

  test.each([
    ['is being deleted', { metadata: { ...toolRun().metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }],
    ['is carried out by something else', { status: { phase: 'Running', runtimeRef: { type: 'temporal', name: 'w' } } }],
    ['was cancelled', { status: { phase: 'Cancelled' } }],
  ])('is left alone when it %s', (_, fields) => {
    expect(createCluster(toolRun(fields), tool()).reconcile()).toEqual([]);
  });

  test('is left alone, with an event, when another controller writes its status', () => {
    const { observe } = createCluster(toolRun(), tool());
    const seen = observe();
    const actions = planToolRun({ ...seen, toolRun: { ...seen.toolRun, isContested: true } }, start, options);
    expect(actions).toMatchObject([{ type: 'EmitEvent', reason: 'StatusContested' }]);
  });

  test('that the agents chart’s controller started is ended by its own Job', () => {
    const runtimeRef = { type: 'job', name: 'lint-job', namespace: 'agents', uid: 'theirs' };
    const stored = [
      { type: 'Running', status: 'True', reason: 'Submitted', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' },
    ];
    const cluster = createCluster(toolRun({ status: { phase: 'Running', runtimeRef, conditions: stored } }), tool());
    const theirs = { name: 'lint-job', namespace: 'agents', uid: 'theirs', ownerReferences: [{ uid: 'run-uid' }] };
    cluster.jobs.set('lint-job', { metadata: theirs, status: { conditions: [complete] } });
    cluster.reconcile();
    expect(cluster.status()).toMatchObject({ phase: 'Succeeded', runtimeRef });
    expect(cluster.jobsCreated).toBe(0);
  });

  test('does not end with a Job that its status names and that is not its own', () => {
    const runtimeRef = { type: 'job', name: 'other', namespace: 'agents', uid: 'theirs' };
    const cluster = createCluster(toolRun({ status: { phase: 'Running', runtimeRef, conditions: [] } }), tool());
    const other = { name: 'other', namespace: 'agents', uid: 'theirs', ownerReferences: [{ uid: 'another' }] };
    cluster.jobs.set('other', { metadata: other, status: { conditions: [complete] } });
    cluster.reconcile();
    expect(cluster.status().phase).not.toBe('Succeeded');
  });

  test('says in its conditions since when they are so', () => {
    const cluster = createCluster(toolRun(), tool());
    cluster.reconcile();
    cluster.reconcile({ nowMs: start + 60_000 });
    cluster.endJob(complete);
    cluster.reconcile({ nowMs: start + 120_000 });
    expect(
      cluster.statuses.map(({ conditions }) =>
        conditions.map(
          ({ type, status, lastTransitionTime }) => `${type}=${status} ${lastTransitionTime.slice(11, 16)}`,
        ),
      ),
    ).toEqual([
      ['Ready=False 00:00', 'Progressing=True 00:00', 'Succeeded=Unknown 00:00'],
      ['Ready=False 00:00', 'Progressing=True 00:00', 'Succeeded=Unknown 00:00'],
      ['Ready=True 00:02', 'Progressing=False 00:02', 'Succeeded=True 00:02'],
    ]);
  });

  test('keeps its messages short, as every write stores them again', () => {
    const cluster = createCluster(toolRun(), tool());
    cluster.refusals.set(jobName, 'x'.repeat(10_000));
    cluster.reconcile();
    expect(cluster.status().conditions.map(({ message }) => message.length)).toEqual([256, 256, 256]);
    expect(cluster.events[0]?.length).toBeLessThan(300);
  });
});

describe('whatever happens, at whatever moment the process is killed', () => {
  type Cluster = ReturnType<typeof createCluster>;
  const rank = new Map([undefined, 'Pending', 'Running', 'Succeeded', 'Failed'].map((phase, index) => [phase, index]));

  /** What the rest of the world may do, in the manner of a Job controller, a TTL controller and people. */
  const happenings = {
    complete: (cluster: Cluster) => endOnce(cluster, complete),
    fail: (cluster: Cluster) => endOnce(cluster, failed),
    // A Job that goes before its uid is recorded leaves no trace that it was: only then there may be another.
    deleteJob: (cluster: Cluster) => cluster.status().runtimeRef?.uid !== undefined && cluster.deleteJob(),
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
  };

  function endOnce(cluster: Cluster, condition: object): void {
    if (cluster.job()?.['status'] === undefined) cluster.endJob(condition);
  }

  /** A look at the world as it was `age` moves ago, of whose plan only `most` actions are carried out. */
  const look = fc.record({
    most: fc.nat(4),
    age: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(5) }),
  });
  const moves = fc.oneof(look, fc.constantFrom(...Object.values(happenings)));

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
        for (let round = 0; round < 4; round++) {
          cluster.reconcile({ nowMs: start + 100_000 });
          if (cluster.job()?.['status'] === undefined) cluster.endJob(complete);
        }
        expect(cluster.jobsCreated).toBe(1);
        const { phase, conditions } = cluster.status();
        const ends = { Complete: 'Succeeded Completed', Failed: 'Failed JobFailed' };
        expect([ends[cluster.ending ?? 'Complete'], 'Failed JobDeleted']).toContain(
          `${phase} ${conditions[0]?.reason}`,
        );
        const ranks = cluster.statuses.map(({ phase }) => rank.get(phase) ?? -1);
        expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
        expect(cluster.statuses.filter(isFinal)).toHaveLength(1);
        const uids = new Set(cluster.statuses.flatMap(({ runtimeRef }) => runtimeRef?.uid ?? []));
        expect(uids.size).toBeLessThanOrEqual(1);
      }),
      { numRuns: 2000 },
    );
  });
});
