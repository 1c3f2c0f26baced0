import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ControlPlane } from '../support/controlplane/controlplane.ts';
import { describeNeeding, startOwnControlPlane } from '../support/controlplane/suite.ts';
import { installCrds } from '../support/gate.ts';
import { type StoredObject, waitUntil } from '../support/namespaced-api.ts';
import {
  connectReconciled,
  type ReconciledNamespace,
  type Reconciler,
  startReconciler,
} from '../support/reconciler.ts';
import { tool } from '../support/run-steps.ts';
import { hasEnded, isStep, phasesOf, stepOf } from '../support/statuses.ts';

const chart = join(import.meta.dirname, '../../charts/orchestration-gate');
const ACCOUNT = 'gate-orchestration-gate';
/** The garbage collector hears of new kinds every 30 s. */
const GARBAGE_SECONDS = 60;
/** More than the longest wait between two attempts to follow the API server. */
const FOLLOW_SECONDS = 60;

const sub = (inner: string, fields: object = {}) => ({
  name: 'sub',
  kind: 'SubOrchestration',
  orchestrationRef: { name: inner },
  ...fields,
});
const isOver = ({ status }: StoredObject) => status !== undefined && hasEnded(status);
const isBeingDeleted = ({ metadata }: StoredObject) => metadata.deletionTimestamp !== undefined;

// A control plane of its own, whose API server lets an account hold up the deletion of an object only if the account
// may write the object's finalizers.
describeNeeding(['ownControlPlane'], 'a reconciler with the rights that the chart gives it', () => {
  let plane: ControlPlane;
  let reconciler: Reconciler | undefined;

  const kubectl = async (toolArguments: readonly string[], input?: string) => {
    const result = await plane.kubectl(toolArguments, input === undefined ? {} : { input });
    if (result.code !== 0) throw new Error(result.stderr);
    return result.stdout;
  };

  beforeAll(async () => {
    plane = await startOwnControlPlane({
      controllerManager: true,
      apiserverFlags: ['--enable-admission-plugins=OwnerReferencesPermissionEnforcement'],
    });
    await installCrds(plane, 'agents');
    for (const namespace of ['red', 'green', 'stranger']) await kubectl(['create', 'namespace', namespace]);
    const only = ['rbac', 'serviceaccount'].flatMap((name) => ['--show-only', `templates/${name}.yaml`]);
    const values = ['orchestrationController.enabled=true', 'orchestrationController.namespaces={red,green}'];
    const flags = values.flatMap((value) => ['--set', value]);
    const rendered = await plane.helm(['template', 'gate', chart, '--namespace', 'red', ...only, ...flags]);
    if (rendered.code !== 0) throw new Error(rendered.stderr);
    await kubectl(['apply', '-f', '-'], rendered.stdout);
  });
  afterAll(async () => {
    await reconciler?.stop();
    await plane?.stop();
  });

  it('works where it may, though one namespace is forbidden and another was deleted, and says so', async () => {
    await kubectl(['create', 'namespace', 'doomed']);
    await kubectl(['delete', 'namespace', 'doomed', '--wait']);
    const within = await follow('red', 'stranger', 'doomed');
    const { run, endChild, statusOf } = within('red');
    await run('alone', { steps: [tool('work')] });
    await endChild('alone', 'work', 'Succeeded');
    expect((await statusOf('alone', hasEnded)).phase).toBe('Succeeded');
    const { status, text } = await readyz();
    expect(status).toBe(503);
    expect(text).toMatch(/cannot list OrchestrationRun of namespace stranger: .*forbidden/);
    expect(text).not.toContain('namespace red');
    // Once the account has the right, the runs that are there begin, and the reconciler is ready.
    await connectReconciled(plane, 'stranger', (reconciler as Reconciler).process).run('later', {
      steps: [{ name: 'mark', kind: 'Checkpoint' }],
    });
    for (const namespace of ['stranger', 'doomed']) {
      const role = ['--clusterrole=cluster-admin', `--serviceaccount=red:${ACCOUNT}`];
      if (namespace === 'doomed') await kubectl(['create', 'namespace', namespace]);
      await kubectl(['create', 'rolebinding', 'gate', '-n', namespace, ...role]);
    }
    await within('stranger').api.waitFor('OrchestrationRun', 'later', isOver, FOLLOW_SECONDS);
    await waitUntil('it to be ready', async () => (await readyz()).status === 200, undefined, FOLLOW_SECONDS);
  }, 600_000);

  /** Until the garbage collector knows the kinds, it assumes that a run has no children. */
  async function waitForGarbageCollector(api: ReconciledNamespace['api']): Promise<void> {
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'never', uid: '00000000-0000-0000-0000-000000000000' };
    const metadata = { ownerReferences: [owner] };
    await api.create('ToolRun', 'orphan', { metadata, spec: { toolRef: { name: 'echo' } } });
    await api.create('OrchestrationRun', 'orphan', { metadata, spec: { orchestrationRef: { name: 'none' } } });
    for (const kind of ['ToolRun', 'OrchestrationRun'] as const)
      await api.waitUntilGone(kind, 'orphan', GARBAGE_SECONDS);
  }

  async function readyz() {
    const answer = await fetch(`${reconciler?.sideUrl}/readyz`);
    return { status: answer.status, text: await answer.text() };
  }

  async function follow(...namespaces: string[]): Promise<(namespace: string) => ReconciledNamespace> {
    await reconciler?.stop();
    const environment = { AGENTS_ORCHESTRATION_CONTROLLER_NAMESPACES: JSON.stringify(namespaces) };
    const kubeconfig = await plane.serviceAccountKubeconfig('red', ACCOUNT);
    const started = await startReconciler({ kubeconfig }, { ownNamespace: 'red', environment, waitsFor: 'answer' });
    reconciler = started;
    return (namespace) => connectReconciled(plane, namespace, started.process);
  }

  it('tries a SubOrchestration again only when its run, and all that it ran, is gone', async () => {
    const { run, api, childOf, statusOf, childrenOf } = (await follow('red'))('red');
    await waitForGarbageCollector(api);
    await api.create('Orchestration', 'inner', { spec: { steps: [tool('work')] } });
    await run('outer', { steps: [sub('inner', { timeoutSeconds: 3, retries: 1 })] });
    const { metadata: inner } = await childOf('outer', 'sub');
    const { metadata: work } = await childOf(inner.name, 'work');
    await api.edit('ToolRun', work.name, { metadata: { finalizers: ['example.com/hold'] } });
    await statusOf('outer', isStep('sub', 'Retrying'));
    await api.waitFor('ToolRun', work.name, isBeingDeleted, GARBAGE_SECONDS);
    expect(await api.read('OrchestrationRun', inner.name)).toBeDefined();
    expect(phasesOf(await statusOf('outer', () => true))).toEqual({ sub: 'Retrying' });
    expect(await childrenOf('outer')).toEqual([]);
    await api.edit('ToolRun', work.name, { metadata: { finalizers: null } });
    const { metadata: second } = await childOf('outer', 'sub');
    expect(second.name).not.toBe(inner.name);
    expect(await api.read('OrchestrationRun', inner.name)).toBeUndefined();
    expect(await api.read('ToolRun', work.name)).toBeUndefined();
  }, 600_000);

  it('keeps a nested run without a lifetime until its parent has recorded its end', async () => {
    const { run, api, childOf, endChild, statusOf } = (await follow('red'))('red');
    const policies = { ttlSecondsAfterFinished: 0 };
    for (const time of [1, 2, 3, 4, 5]) {
      await api.create('Orchestration', `brief-${time}`, { spec: { policies, steps: [tool('work')] } });
      await run(`lasting-${time}`, { steps: [sub(`brief-${time}`, { retries: 1 })] });
      const { metadata } = await childOf(`lasting-${time}`, 'sub');
      await endChild(metadata.name, 'work', 'Succeeded');
      const status = await statusOf(`lasting-${time}`, hasEnded);
      expect(stepOf(status, 'sub')).toMatchObject({ phase: 'Succeeded', attempt: 1 });
      await api.waitUntilGone('OrchestrationRun', metadata.name);
    }
  }, 600_000);

  it('continues without a kind that it may not list, and with that kind when it may', async () => {
    await kubectl(['delete', 'crd', 'signaldeliveries.signals.proompteng.ai']);
    const { run, api, endChild, annotateRun, statusOf } = (await follow('red'))('red');
    const wait = { name: 'wait', kind: 'SignalWait', signalRef: { name: 'go' }, dependsOn: ['first'] };
    const steps = [tool('first', { dependsOn: [] }), wait];
    for (const name of ['mentions', 'gives-up']) await run(name, { steps });
    await run('in-time', { steps, policies: { timeouts: { totalSeconds: 8 } } });
    for (const name of ['mentions', 'gives-up', 'in-time']) await endChild(name, 'first', 'Succeeded');
    const status = await statusOf('mentions', (one) => stepOf(one, 'wait').reason === 'KindUnreadable');
    expect(stepOf(status, 'wait')).toMatchObject({
      phase: 'Running',
      message: expect.stringMatching(/^cannot list SignalDelivery: ./),
    });
    await annotateRun('gives-up', { 'orchestration.proompteng.ai/cancel': 'true' });
    expect((await statusOf('gives-up', hasEnded)).phase).toBe('Cancelled');
    expect((await statusOf('in-time', hasEnded)).phase).toBe('Failed');
    await installCrds(plane, 'agents');
    await api.create('SignalDelivery', 'now', { spec: { signalRef: { name: 'go' } } });
    await api.waitFor('OrchestrationRun', 'mentions', isOver, FOLLOW_SECONDS);
    expect((await statusOf('mentions', hasEnded)).phase).toBe('Succeeded');
  }, 600_000);
});
