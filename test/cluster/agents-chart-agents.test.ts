import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { type AgentsControllerOptions, startAgentsController } from '../support/agents-chart/agents-controller.ts';
import { AGENT_RUNS } from '../support/agents-chart/kinds.ts';
import { startStandInProcess } from '../support/agents-chart/stand-in.ts';
import { describeNeeding, sharedCluster, useNamespace } from '../support/controlplane/suite.ts';
import { installCrds } from '../support/gate.ts';
import { connectKube, type ObservedClient } from '../support/kube.ts';
import { connectNamespace, type StoredObject, waitUntil } from '../support/namespaced-api.ts';

// Checks that the stand-in for the agents controller of the agents chart does what that controller was seen to do.

const cluster = sharedCluster();
const FINALIZER = 'agents.proompteng.ai/runtime-cleanup';
const isIn = (phase: string) => (object: StoredObject) => object['status']?.phase === phase;
const succeed = () => ({ phase: 'Succeeded', afterMs: 0 }) as const;
const specOf = (agent: string, fields: object = {}) => ({
  agentRef: { name: agent },
  runtime: { type: 'job' },
  implementation: { inline: { text: 'do it' } },
  ...fields,
});

/** Conditions as `Type=Status`. */
const conditionsOf = ({ status }: StoredObject): readonly string[] =>
  status.conditions.map((one: { type: string; status: string }) => `${one.type}=${one.status}`);

describeNeeding(['controllers'], 'the agents controller', () => {
  const namespace = useNamespace();
  const api = connectNamespace(cluster, namespace);
  let client: ObservedClient;
  beforeAll(async () => {
    await installCrds(cluster, 'agents');
    client = connectKube(cluster.kubeconfig);
  });
  afterAll(() => client?.close());

  const start = async (options: Partial<AgentsControllerOptions> = {}) => {
    const standIn = await startAgentsController(cluster, [namespace], { jobs: 'real', script: succeed, ...options });
    onTestFinished(standIn.stop);
    return standIn;
  };
  const run = (name: string, fields: object = {}) => api.create('AgentRun', name, { spec: specOf(name, fields) });

  it('adds its finalizer, and a Job that is owned, lives 600 s and is not retried', async () => {
    await start({ script: () => undefined });
    const { metadata } = await run('job');
    const job = await api.waitFor('Job', 'job-job');
    expect(job['spec']).toMatchObject({ ttlSecondsAfterFinished: 600, backoffLimit: 0 });
    expect(job.metadata.ownerReferences).toMatchObject([{ kind: 'AgentRun', name: 'job', uid: metadata.uid }]);
    const agentRun = await api.waitFor('AgentRun', 'job', isIn('Running'));
    expect(agentRun.metadata).toMatchObject({ finalizers: [FINALIZER] });
    expect(agentRun['status'].runtimeRef).toEqual({ type: 'job', name: 'job-job', namespace, uid: job.metadata.uid });
    expect(conditionsOf(agentRun)).toEqual([
      ...['Warning=False', 'Accepted=True', 'InProgress=True', 'ArtifactsLimited=False', 'Ready=False'],
      ...['Progressing=True', 'Degraded=False', 'Blocked=False'],
    ]);
    expect(agentRun['status'].conditions).toContainEqual(
      expect.objectContaining({ type: 'Accepted', reason: 'Submitted' }),
    );
  });

  it('writes Running about four times more, each time with another start', async () => {
    await start();
    const starts = new Set<string>();
    const { resourceVersion } = await client.list(AGENT_RUNS, { namespace });
    await run('rewritten');
    const times = { timeoutSeconds: 60, idleTimeoutMs: 60_000 };
    for await (const { object } of client.watch(AGENT_RUNS, { namespace, resourceVersion, ...times })) {
      const { phase, startedAt } = (object as unknown as StoredObject)['status'] ?? {};
      if (phase === 'Running') starts.add(startedAt);
      if (phase === 'Succeeded') break;
    }
    expect(starts.size).toBe(5);
    const [first = '', ...later] = [...starts].sort();
    console.log(`rewrites: ${later.length} within ${Date.parse(later.at(-1) ?? '') - Date.parse(first)} ms`);
  });

  it('ends with its Job in success', async () => {
    await start();
    await run('well');
    const agentRun = await api.waitFor('AgentRun', 'well', isIn('Succeeded'));
    expect(agentRun['status'].finishedAt).toEqual(expect.any(String));
    expect(conditionsOf(agentRun)).toEqual(
      expect.arrayContaining(['Ready=True', 'Progressing=False', 'Succeeded=True', 'InProgress=True']),
    );
    expect(agentRun['status'].conditions).toContainEqual(
      expect.objectContaining({ type: 'Ready', reason: 'Completed' }),
    );
  });

  it('ends with its Job in failure, with reason and message at the top level', async () => {
    await start({ script: () => ({ phase: 'Failed', message: 'exit 3', afterMs: 0 }) });
    await run('badly');
    const agentRun = await api.waitFor('AgentRun', 'badly', isIn('Failed'));
    expect(agentRun['status']).toMatchObject({ reason: 'JobFailed', message: 'exit 3' });
    expect(conditionsOf(agentRun)).toEqual(expect.arrayContaining(['Degraded=True', 'Failed=True']));
  });

  it('rejects in two conditions, with no end, no Job and an empty message of Ready', async () => {
    const missing = { reason: 'MissingAgent', message: 'agent "ghost" not found' };
    await start({ refuse: ({ spec }) => (spec.agentRef.name === 'ghost' ? missing : undefined) });
    await run('ghost');
    await run('large', { parameters: { text: 'x'.repeat(2049) } });
    for (const [name, reason] of [
      ['ghost', 'MissingAgent'],
      ['large', 'ParameterValueTooLarge'],
    ] as const) {
      const { status } = await api.waitFor('AgentRun', name, isIn('Failed'));
      for (const type of ['InvalidSpec', 'Degraded'])
        expect(status.conditions).toContainEqual(expect.objectContaining({ type, status: 'True', reason }));
      expect(status.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', message: '' }));
      expect([status.finishedAt, status.reason, status.message]).toEqual([undefined, undefined, undefined]);
      expect(await api.read('Job', `${name}-job`)).toBeUndefined();
    }
  });

  it('keeps one Pending and Blocked while its agent has five, and starts it when one has ended', async () => {
    await start({ script: () => undefined });
    const names = ['b1', 'b2', 'b3', 'b4', 'b5'];
    for (const name of names) await api.create('AgentRun', name, { spec: specOf('busy') });
    for (const name of names) await api.waitFor('AgentRun', name, isIn('Running'), 15);
    await api.create('AgentRun', 'b6', { spec: specOf('busy') });
    const { status } = await api.waitFor('AgentRun', 'b6', isIn('Pending'), 15);
    expect(status.conditions).toContainEqual(
      expect.objectContaining({ type: 'Blocked', status: 'True', reason: 'ConcurrencyLimit' }),
    );
    await api.remove('AgentRun', 'b1');
    await api.waitUntilGone('AgentRun', 'b1', 15);
    await api.waitFor('AgentRun', 'b6', isIn('Running'), 15);
  });

  it('deletes the Job of a deleted AgentRun, then releases it', async () => {
    await start({ script: () => undefined });
    await run('deleted');
    await api.waitFor('AgentRun', 'deleted', isIn('Running'));
    await api.remove('AgentRun', 'deleted');
    await api.waitUntilGone('AgentRun', 'deleted');
    await api.waitUntilGone('Job', 'deleted-job');
  });

  it('follows a Job to its end that it started before it was stopped', async () => {
    const { stop } = await start({ script: () => undefined });
    await run('taken-over');
    await api.waitFor('AgentRun', 'taken-over', isIn('Running'));
    await stop();
    await start();
    await api.waitFor('AgentRun', 'taken-over', isIn('Succeeded'));
    expect((await api.list('Job')).filter(({ metadata }) => metadata.name.startsWith('taken-over'))).toHaveLength(1);
  });

  it('continues as a process that was killed and started again', async () => {
    const flags = ['--succeed-after-ms=0'];
    const { process, stop } = await startStandInProcess(cluster, 'agents', [namespace], flags);
    onTestFinished(stop);
    await process.kill('SIGKILL');
    await run('meanwhile');
    await process.start();
    await api.waitFor('AgentRun', 'meanwhile', isIn('Succeeded'));
  });

  it('deletes finished AgentRuns, and no others, at the first sweep after the retention', async () => {
    await start({
      jobs: 'simulated',
      script: ({ run: name }) => (name === 'endless' ? undefined : succeed()),
      retentionMs: 500,
      sweepMs: 250,
    });
    await run('swept');
    const labels = { 'agents.proompteng.ai/orchestration-run': 'endless' };
    await api.create('AgentRun', 'kept', { spec: specOf('kept'), metadata: { labels } });
    await api.waitUntilGone('AgentRun', 'swept');
    await waitUntil(
      'the other to run',
      async () => (await api.read('AgentRun', 'kept'))?.['status']?.phase === 'Running',
    );
  });
});
