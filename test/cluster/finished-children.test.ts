import { randomBytes } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import { type AgentsControllerOptions, startAgentsController } from '../support/agents-chart/agents-controller.ts';
import { describeNeeding, sharedCluster } from '../support/controlplane/suite.ts';
import { connectNamespace, type StoredObject, waitUntil } from '../support/namespaced-api.ts';
import { connectReconciled, startReconciler, useReconciledNamespace } from '../support/reconciler.ts';
import { hasEnded, stepOf } from '../support/statuses.ts';

const OURS = 'orchestration.proompteng.ai/outcome';
const THEIRS = 'agents.proompteng.ai/runtime-cleanup';
/** As their chart renders it, their controller keeps what has finished for two seconds. */
const BRIEFLY = { retentionMs: 0, sweepMs: 200 };

const agent = (name: string, fields: object = {}) => ({
  ...{ name, kind: 'AgentRun', agentRef: { name: 'coder' }, implementation: { inline: { text: 'Do it.' } } },
  ...fields,
});
const isDeleted = ({ metadata }: StoredObject) => metadata.deletionTimestamp !== undefined;
const finalizersOf = ({ metadata }: StoredObject) => (metadata as { finalizers?: readonly string[] }).finalizers ?? [];

describeNeeding(['controllers'], 'an AgentRun beside the agents controller', () => {
  const cluster = sharedCluster();
  const reconciled = useReconciledNamespace();

  const startTheirs = async (namespace: string, options: Partial<AgentsControllerOptions> = {}) => {
    const standIn = await startAgentsController(cluster, [namespace], { jobs: 'simulated', ...options });
    onTestFinished(standIn.stop);
  };

  it('that finished and was deleted while nobody looked ends its step as it ended', async () => {
    const { namespace, api, process, run, childOf, statusOf } = reconciled();
    await run('away', { steps: [agent('a'), agent('b')] });
    const { metadata } = await childOf('away', 'a');
    await process.kill('SIGKILL');
    await startTheirs(namespace, { ...BRIEFLY, script: () => ({ phase: 'Succeeded', afterMs: 0 }) });
    const left = await api.waitFor(
      'AgentRun',
      metadata.name,
      (one) => isDeleted(one) && finalizersOf(one).length === 1,
    );
    expect(left).toMatchObject({ metadata: { finalizers: [OURS] }, status: { phase: 'Succeeded' } });
    await process.start();
    const status = await statusOf('away', hasEnded);
    expect(status.stepStatuses).toMatchObject([
      { name: 'a', phase: 'Succeeded', attempt: 1 },
      { name: 'b', phase: 'Succeeded', attempt: 1 },
    ]);
    await waitUntil('all AgentRuns are gone', async () => (await api.list('AgentRun')).length === 0);
  });

  it('that is deleted at work ends its attempt when theirs has let it go, and the next one starts after that', async () => {
    const { namespace, api, run, childOf, statusOf } = reconciled();
    await startTheirs(namespace, {
      script: ({ attempt }) => (attempt === 1 ? undefined : { phase: 'Succeeded', afterMs: 0 }),
    });
    await run('removed', { steps: [agent('a', { retries: 1 })] });
    const { metadata } = await childOf('removed', 'a');
    const isAtWork = (one: StoredObject) => finalizersOf(one).includes(THEIRS) && one['status']?.phase === 'Running';
    expect(finalizersOf(await api.waitFor('AgentRun', metadata.name, isAtWork))).toEqual([OURS, THEIRS]);
    await api.remove('AgentRun', metadata.name);
    await api.waitUntilGone('AgentRun', metadata.name);
    expect(stepOf(await statusOf('removed', hasEnded), 'a')).toMatchObject({ phase: 'Succeeded', attempt: 2 });
  });

  it('does not hold up the deletion of its run in the foreground', async () => {
    const { namespace, api, run, childOf } = reconciled();
    await startTheirs(namespace);
    await run('deleted', { steps: [agent('a')] });
    const { metadata } = await childOf('deleted', 'a');
    await cluster.kubectl([
      '-n',
      namespace,
      'delete',
      'orchestrationrun',
      'deleted',
      '--cascade=foreground',
      '--wait=false',
    ]);
    await api.waitUntilGone('AgentRun', metadata.name);
    await api.waitUntilGone('OrchestrationRun', 'deleted');
  });

  it('goes with its run that is deleted and made anew under its name', async () => {
    const { api, run, start, childOf, endChild, statusOf } = reconciled();
    await run('anew', { steps: [agent('a')] });
    const { metadata } = await childOf('anew', 'a');
    await api.remove('OrchestrationRun', 'anew');
    await start('anew', 'anew');
    await api.waitUntilGone('AgentRun', metadata.name);
    await endChild('anew', 'a', 'Succeeded');
    expect(await statusOf('anew', hasEnded)).toMatchObject({ phase: 'Succeeded' });
  });

  it('does not hold up the deletion of its namespace', async () => {
    const namespace = `gate-test-${randomBytes(4).toString('hex')}`;
    await cluster.kubectl(['create', 'namespace', namespace]);
    const reconciler = await startReconciler(cluster, { ownNamespace: namespace });
    onTestFinished(reconciler.stop);
    const { run, childOf } = connectReconciled(cluster, namespace, reconciler.process);
    await run('ended', { steps: [agent('a')] });
    await childOf('ended', 'a');
    await cluster.kubectl(['delete', 'namespace', namespace, '--wait=false']);
    await waitUntil('the namespace is gone', async () => {
      const { code } = await cluster.kubectl(['get', 'namespace', namespace]);
      return code !== 0;
    });
    expect(await connectNamespace(cluster, namespace).list('AgentRun')).toEqual([]);
  });
});
