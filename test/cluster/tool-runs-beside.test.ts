import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { Annotation } from '../../src/orchestration/vocabulary/metadata.ts';
import { condition } from '../support/agents-chart/conditions.ts';
import { follow } from '../support/agents-chart/follow.ts';
import { type Stored, TOOL_RUNS } from '../support/agents-chart/kinds.ts';
import type { StandIn } from '../support/agents-chart/stand-in.ts';
import { createStatusWriter } from '../support/agents-chart/status-writer.ts';
import { startSupportingController } from '../support/agents-chart/supporting-controller.ts';
import { advanceToolRun } from '../support/agents-chart/tool-run-jobs.ts';
import { describeNeeding, sharedCluster } from '../support/controlplane/suite.ts';
import { connectKube, type ObservedClient } from '../support/kube.ts';
import { createKubelet } from '../support/kubelet.ts';
import { type StoredObject, waitUntil } from '../support/namespaced-api.ts';
import { useReconciledNamespace } from '../support/reconciler.ts';
import { hasEnded } from '../support/statuses.ts';
import { jobOf, stateOf } from '../support/tool-runs.ts';

const environment = { JANGAR_TOOL_RUN_CONTROLLER_ENABLED: 'true', POD_SERVICE_ACCOUNT: 'orchestration-gate' };
const isIn = (phase: string) => (object: StoredObject) => object['status']?.phase === phase;
const names = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

/** Whether we wrote the status last: a writer that changes a status changes `updatedAt`, and then owns it. */
function wroteStatus({ metadata }: Stored): boolean {
  const { managedFields = [] } = metadata as {
    managedFields?: { manager: string; fieldsV1: Record<string, object> }[];
  };
  return managedFields.some(
    ({ manager, fieldsV1 }) =>
      manager === 'orchestration-gate-reconciler' && 'f:updatedAt' in (fieldsV1['f:status'] ?? {}),
  );
}

describeNeeding(['controllers'], 'a ToolRun beside the supporting controller of the agents chart', () => {
  const reconciled = useReconciledNamespace({ environment });
  const cluster = sharedCluster();
  /** Each version of each ToolRun. */
  const versions = new Map<string, Stored[]>();
  let client: ObservedClient;
  let following: Awaited<ReturnType<typeof follow>>;
  let supporting: StandIn;

  beforeAll(async () => {
    const { api, namespace } = reconciled();
    client = connectKube(cluster.kubeconfig);
    following = await follow({
      client,
      resources: [TOOL_RUNS],
      namespaces: [namespace],
      onEvent: (object) => {
        const { name } = object.metadata;
        versions.set(name, [...(versions.get(name) ?? []), object]);
      },
    });
    supporting = await startSupportingController(cluster, [namespace]);
    await api.create('Tool', 'echo', { spec: { image: 'alpine:3.20', ttlSecondsAfterFinished: 3600 } });
  });
  afterAll(async () => {
    await supporting?.stop();
    await following?.stop();
    await client?.close();
  });

  const start = (name: string) => reconciled().api.create('ToolRun', name, { spec: { toolRef: { name: 'echo' } } });
  const finish = async (name: string, exitCode = 0) =>
    createKubelet(reconciled().api).runPod((await jobOf(reconciled().api, name)).metadata.name, exitCode);

  /** How often one part of a ToolRun was written, by anybody and by us. */
  function countWrites(name: string, read: (object: Stored) => unknown): readonly [all: number, ours: number] {
    const known = versions.get(name) ?? [];
    const texts = known.map((object) => JSON.stringify(read(object)));
    const written = known.filter((_, index) => texts[index] !== undefined && texts[index] !== texts[index - 1]);
    return [written.length, written.filter(wroteStatus).length];
  }

  it('is carried out, alone or as a step, 17 of 17, each by one Job and with few writes', async () => {
    const { api, run, childrenOf, statusOf } = reconciled();
    const steps = names('step', 8).map((name) => ({
      name,
      kind: 'ToolRun',
      toolRef: { name: 'echo' },
      dependsOn: [],
    }));
    const [failing = '', ...alone] = names('alone', 9);
    await Promise.all([failing, ...alone].map(start));
    await run('parallel', { steps });
    await waitUntil('all children', async () => (await childrenOf('parallel')).length === steps.length);
    const children = await childrenOf('parallel');
    await Promise.all([...alone, ...children].map((name) => finish(name)));
    await finish(failing, 3);
    expect((await statusOf('parallel', hasEnded)).phase).toBe('Succeeded');
    for (const name of [...alone, ...children]) await api.waitFor('ToolRun', name, isIn('Succeeded'));
    await api.waitFor('ToolRun', failing, isIn('Failed'));
    expect(await api.list('Job')).toHaveLength(17);
    const all = [failing, ...alone, ...children];
    const statusWrites = all.map((name) => countWrites(name, ({ status }) => status));
    const stateWrites = all.map(
      (name) => countWrites(name, ({ metadata }) => metadata.annotations?.[Annotation.ToolRunState])[0],
    );
    console.log(`status writes, all and ours: ${statusWrites.join(' ')}; of the annotation: ${stateWrites.join(' ')}`);
    expect(Math.max(...statusWrites.map(([, ours]) => ours))).toBeLessThanOrEqual(4);
    expect(Math.max(...stateWrites)).toBeLessThanOrEqual(3);
    const events = (await api.list('Event')).filter(({ involvedObject }) => involvedObject.kind === 'ToolRun');
    expect(events.map(({ involvedObject, reason }) => [involvedObject.name, reason])).toEqual([[failing, 'JobFailed']]);
  });

  it('whose phase was put back has it restored, and its step and its Job do not notice', async () => {
    const { api, run, childOf, statusOf } = reconciled();
    await run('put-back', { steps: [{ name: 'a', kind: 'ToolRun', toolRef: { name: 'echo' } }] });
    const { name } = (await childOf('put-back', 'a')).metadata;
    await finish(name);
    await stateOf(api, name, ({ outcome }) => outcome !== undefined);
    const ready = { ...condition('Ready', true, 'Observed', 'tool run observed') };
    const updatedAt = new Date().toISOString();
    await api.setStatus('ToolRun', name, { phase: 'Ready', conditions: [ready], updatedAt }, 'agents-status');
    expect((await statusOf('put-back', hasEnded)).phase).toBe('Succeeded');
    const { status } = await api.waitFor('ToolRun', name, isIn('Succeeded'));
    expect(status.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', reason: 'Observed' }));
  });

  it('that their executor began and left is followed to its end, and none is begun twice', async () => {
    const { api, namespace } = reconciled();
    // Their executor knows this Job. Our reconciler comes too late to create one, as at a hand-over.
    await api.create('Job', 'handed-over-job', {
      metadata: { labels: { 'agents.proompteng.ai/tool-run': 'handed-over' } },
      spec: {
        backoffLimit: 0,
        template: { spec: { restartPolicy: 'Never', containers: [{ name: 'tool-runner', image: 'alpine:3.20' }] } },
      },
    });
    const { metadata } = await api.waitFor('Job', 'handed-over-job');
    await reconciled().process.kill('SIGKILL');
    const runtimeRef = { type: 'job', name: metadata.name, namespace, uid: metadata.uid };
    for (const [name, ref] of [
      ['handed-over', runtimeRef],
      ['lost', { ...runtimeRef, name: 'lost-job', uid: 'gone' }],
    ] as const) {
      await start(name);
      await api.setStatus('ToolRun', name, { phase: 'Running', runtimeRef: ref, startedAt: now() }, 'agents-status');
    }
    await reconciled().process.start();
    await createKubelet(api).runPod(metadata.name, 0);
    const { status } = await api.waitFor('ToolRun', 'handed-over', isIn('Succeeded'));
    expect(Object.keys(status).sort()).toEqual(['conditions', 'observedGeneration', 'phase', 'updatedAt']);
    const lost = await api.waitFor('ToolRun', 'lost', isIn('Failed'));
    expect((await stateOf(api, 'lost')).outcome?.message).toContain('was deleted before its end was observed');
    expect(lost['status']).not.toHaveProperty('runtimeRef');
    const jobs = (await api.list('Job')).filter(({ metadata: { labels } }) =>
      ['handed-over', 'lost'].includes(labels?.['agents.proompteng.ai/tool-run'] ?? ''),
    );
    expect(jobs.map((job) => job.metadata.name)).toEqual(['handed-over-job']);
  });
});

const now = () => new Date().toISOString();

describeNeeding(['controllers'], 'a ToolRun beside both executors', () => {
  const reconciled = useReconciledNamespace({ environment });

  it('that both run says so, once, and ends as our Job did', async () => {
    const { api } = reconciled();
    await api.create('Tool', 'echo', { spec: { image: 'alpine:3.20' } });
    const created = await api.create('ToolRun', 'twice', { spec: { toolRef: { name: 'echo' } } });
    const { metadata } = await jobOf(api, 'twice');
    const { close, ...client } = connectKube(sharedCluster().kubeconfig);
    onTestFinished(close);
    // Their controller works on events, which may be old. On this one it starts a Job of its own.
    await advanceToolRun(client, createStatusWriter(client), created as unknown as Stored);
    const events = async () =>
      (await api.list('Event')).filter(({ involvedObject }) => involvedObject.kind === 'ToolRun');
    await waitUntil('an Event of the ToolRun', async () => (await events()).length > 0);
    await createKubelet(api).runPod(metadata.name, 0);
    await api.waitFor('ToolRun', 'twice', isIn('Succeeded'));
    expect((await events()).map(({ reason }) => reason)).toEqual(['StatusContested']);
    expect(await api.read('Job', 'twice-job')).toBeDefined();
  });
});
