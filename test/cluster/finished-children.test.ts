import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { type AgentsControllerOptions, startAgentsController } from '../support/agents-chart/agents-controller.ts';
import { startCli } from '../support/cli.ts';
import { describeNeeding, sharedCluster } from '../support/controlplane/suite.ts';
import { connectNamespace, type StoredObject, waitUntil } from '../support/namespaced-api.ts';
import { connectReconciled, startReconciler, useReconciledNamespace } from '../support/reconciler.ts';
import { hasEnded, stepOf } from '../support/statuses.ts';

const OURS = 'orchestration.proompteng.ai/outcome';
const THEIRS = 'agents.proompteng.ai/runtime-cleanup';
/** Shorter than the two seconds for which their controller keeps finished AgentRuns, as their chart renders it. */
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

  const createNamespace = async () => {
    const namespace = `gate-test-${randomBytes(4).toString('hex')}`;
    await cluster.kubectl(['create', 'namespace', namespace]);
    onTestFinished(async () => {
      await cluster.kubectl(['delete', 'namespace', namespace, '--wait=false', '--ignore-not-found']);
    });
    return namespace;
  };

  it('that finished and was deleted while no engine ran ends its step as it ended', async () => {
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

  it('that is deleted while it runs ends its attempt when their controller has released it, and the next attempt starts afterwards', async () => {
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

  it('is deleted with its run, also if a new run has the same name', async () => {
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
    const namespace = await createNamespace();
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

  it('is released by release, which stops the engine first', async () => {
    const namespace = await createNamespace();
    const reconciler = await startReconciler(cluster, { ownNamespace: namespace, electsLeader: true });
    onTestFinished(reconciler.stop);
    const { api, run, childOf } = connectReconciled(cluster, namespace, reconciler.process);
    await run('at-work', { steps: [agent('a')] });
    const { name } = (await childOf('at-work', 'a')).metadata;
    const words = [`--kubeconfig=${cluster.kubeconfig}`, `--own-namespace=${namespace}`, '--stop-engine=true'];
    const { code, stdout } = await startCli(['release', ...words]).ended;
    expect(stdout).toMatch(/^no engine works for 600 s: .*\nreleased 1 AgentRun of .*\nno AgentRun is held\n$/);
    expect(code).toBe(0);
    // An engine that still worked would put it back.
    await api.setStatus('AgentRun', name, { phase: 'Running' });
    await delay(2_000);
    expect(finalizersOf(await api.waitFor('AgentRun', name))).toEqual([]);
  });

  it('is released by the commands in docs/how-to/uninstall.md', async () => {
    const namespace = await createNamespace();
    const api = connectNamespace(cluster, namespace);
    const { name: _, kind: __, ...spec } = agent('held', { runtime: { type: 'job' } });
    await api.create('AgentRun', 'held', { metadata: { finalizers: [THEIRS, OURS] }, spec });
    const docs = await readFile(join(import.meta.dirname, '../../docs/how-to/uninstall.md'), 'utf8');
    const template = /kubectl get agentruns -A -o (go-template=)'(.*)'/.exec(docs)?.slice(1).join('') ?? '';
    const { stdout } = await cluster.kubectl(['get', 'agentruns', '-A', '-o', template]);
    const [line = ''] = stdout.split('\n').filter((one) => one.includes(namespace));
    const [, words = '', patch = ''] = /^kubectl (.*) -p "(.*)"$/.exec(line) ?? [];
    expect(await cluster.kubectl([...words.split(' '), '-p', patch.replaceAll('\\"', '"')])).toMatchObject({ code: 0 });
    expect(finalizersOf(await api.waitFor('AgentRun', 'held'))).toEqual([THEIRS]);
    await api.edit('AgentRun', 'held', { metadata: { finalizers: null } });
  });
});
