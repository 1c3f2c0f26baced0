import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startOrchestrationController } from '../support/agents-chart/orchestration-controller.ts';
import { sharedCluster, useNamespace } from '../support/controlplane/suite.ts';
import { installCrds } from '../support/gate.ts';
import { connectNamespace, type Kind, type StoredObject, waitUntil } from '../support/namespaced-api.ts';
import { tool } from '../support/run-steps.ts';

// Checks that the stand-in for the orchestration controller of the agents chart does what that one was seen to do.

const cluster = sharedCluster();
const RUN = 'agents.proompteng.ai/orchestration-run';
const STEP = 'agents.proompteng.ai/orchestration-step';
const isIn = (phase: string) => (object: StoredObject) => object['status']?.phase === phase;
const hasCondition = (type: string, reason?: string) =>
  expect.objectContaining({ type, status: 'True', ...(reason !== undefined && { reason }) });
const isField = (object: object, [name, value]: [string, unknown]) =>
  (object as Readonly<Record<string, unknown>>)[name] === value;
const agent = (name: string) => ({
  name,
  kind: 'AgentRun',
  agentRef: { name: 'x' },
  implementation: { inline: { text: 'x' } },
});

describe('the orchestration controller', () => {
  const namespace = useNamespace();
  const api = connectNamespace(cluster, namespace);
  beforeAll(async () => {
    await installCrds(cluster, 'agents');
    await api.create('Tool', 'echo', { spec: { image: 'echo' } });
  });

  const start = async () => {
    const standIn = await startOrchestrationController(cluster, [namespace]);
    onTestFinished(standIn.stop);
    return standIn;
  };
  const apply = (name: string, steps: readonly object[], fields: object = {}) =>
    api.create('Orchestration', name, { spec: { steps, ...fields } });
  const run = (name: string, spec: object = {}) =>
    api.create('OrchestrationRun', name, { spec: { orchestrationRef: { name }, ...spec } });
  const childrenOf = async (kind: Kind, name: string, step?: string) =>
    (await api.list(kind)).filter(
      ({ metadata: { labels } }) => labels?.[RUN] === name && (step === undefined || labels[STEP] === step),
    );
  const childOf = async (kind: Kind, name: string) => {
    await waitUntil(`a child of ${name}`, async () => (await childrenOf(kind, name)).length > 0);
    return (await childrenOf(kind, name))[0] as StoredObject;
  };
  /** Plays the controllers that carry out children: ends all children that a run, or one step of it, has by now. */
  const end = async (kind: Kind, name: string, phase: string, step?: string) => {
    await waitUntil(`a child of ${name}`, async () => (await childrenOf(kind, name, step)).length > 0);
    for (const { metadata } of await childrenOf(kind, name, step)) await api.setStatus(kind, metadata.name, { phase });
  };
  /**
   * Waits until the controller has worked on all events of runs that came before: it takes them in order. The run of
   * this name has no Orchestration, because its event would make the controller look at all runs out of order.
   */
  const passThrough = async (name: string) => {
    await run(name);
    await api.waitFor('OrchestrationRun', name, isIn('Failed'));
  };
  const waitForStep = async (name: string, step: object) => {
    const matches = ({ status }: StoredObject) =>
      (status?.stepStatuses ?? []).some((one: object) => Object.entries(step).every((field) => isField(one, field)));
    return api.waitFor('OrchestrationRun', name, matches);
  };

  it('creates a child with a generated name, three labels and no owner, and follows it', async () => {
    await start();
    await apply('single', [agent('a')]);
    await run('single', { deliveryId: 'd-1' });
    const { metadata } = await childOf('AgentRun', 'single');
    expect(metadata).toMatchObject({
      generateName: 'single-a-',
      labels: { [RUN]: 'single', [STEP]: 'a', 'agents.proompteng.ai/delivery-id': 'd-1' },
    });
    expect([metadata.ownerReferences, metadata.annotations]).toEqual([undefined, undefined]);
    const { status } = await api.waitFor('OrchestrationRun', 'single', isIn('Running'));
    for (const type of ['Accepted', 'InProgress', 'Running', 'Progressing'])
      expect(status.conditions).toContainEqual(hasCondition(type));
    await end('AgentRun', 'single', 'Succeeded');
    const ended = await api.waitFor('OrchestrationRun', 'single', isIn('Succeeded'));
    for (const type of ['Accepted', 'Succeeded', 'Ready'])
      expect(ended['status'].conditions).toContainEqual(hasCondition(type));
  });

  it('creates a child twice if an event of the run is older than the status with the first', async () => {
    await start();
    await apply('doubled', [agent('a')]);
    // While the controller works on these, the events of the run wait in the queue, all without a status.
    await Promise.all(Array.from({ length: 15 }, (_, index) => apply(`ahead-${index}`, [agent('a')])));
    await run('doubled');
    await api.edit('OrchestrationRun', 'doubled', { metadata: { annotations: { edited: 'yes' } } });
    await waitUntil('two children', async () => (await childrenOf('AgentRun', 'doubled')).length > 1);
  });

  it('carries out a ToolRun without a phase by a ConfigMap and a Job, and follows the Job', async () => {
    await start();
    await api.create('ToolRun', 'direct', { spec: { toolRef: { name: 'echo' } } });
    const { status } = await api.waitFor('ToolRun', 'direct', isIn('Running'));
    expect(status.runtimeRef).toMatchObject({ type: 'job', name: 'direct-job', namespace });
    await api.waitFor('ConfigMap', 'direct-spec');
    const { metadata } = await api.waitFor('Job', 'direct-job');
    expect(metadata.labels).toMatchObject({ 'agents.proompteng.ai/tool-run': 'direct' });
  });

  it('never starts a ToolRun whose phase is Ready already', async () => {
    await api.create('ToolRun', 'ready', { spec: { toolRef: { name: 'echo' } } });
    await api.setStatus('ToolRun', 'ready', { phase: 'Ready' });
    await start();
    await api.edit('ToolRun', 'ready', { metadata: { labels: { edited: 'yes' } } });
    // Another ToolRun, whose events come later.
    await api.create('ToolRun', 'after-ready', { spec: { toolRef: { name: 'echo' } } });
    await api.waitFor('ToolRun', 'after-ready', isIn('Running'));
    expect((await api.read('ToolRun', 'ready'))?.['status']).toEqual({ phase: 'Ready' });
    expect(await api.read('Job', 'ready-job')).toBeUndefined();
  });

  it('ends a run Failed as soon as one step failed, while its siblings run, and looks at it no more', async () => {
    const first = await start();
    await apply('siblings', [agent('a'), agent('b'), { ...agent('c'), dependsOn: ['a'] }]);
    await run('siblings');
    await waitForStep('siblings', { name: 'b', phase: 'Running' });
    await end('AgentRun', 'siblings', 'Failed', 'a');
    await api.waitFor('OrchestrationRun', 'siblings', isIn('Failed'));
    // On an event that is older than the end, the controller still writes an end again. A new process has no such event.
    await first.stop();
    const status = (await api.read('OrchestrationRun', 'siblings'))?.['status'];
    expect(status.conditions).toContainEqual(hasCondition('Failed', 'StepFailed'));
    expect(status.stepStatuses).toMatchObject([
      { name: 'a', phase: 'Failed', reason: 'AgentRunFailed' },
      { name: 'b', phase: 'Running' },
      { name: 'c', phase: 'Pending' },
    ]);
    const second = await start();
    await end('AgentRun', 'siblings', 'Succeeded', 'b');
    await api.create('SignalDelivery', 'nudge', { spec: { signalRef: { name: 'nothing' } } });
    await passThrough('after-siblings');
    await second.stop();
    expect((await api.read('OrchestrationRun', 'siblings'))?.['status']).toEqual(status);
  });

  it('retries, times out, and leaves the child of a time-out alone', async () => {
    await start();
    await apply('late', [{ ...agent('a'), timeoutSeconds: 1 }]);
    await apply('retried', [{ ...agent('a'), retries: 1 }]);
    await run('late');
    await run('retried');
    await waitForStep('retried', { attempt: 1, phase: 'Running' });
    await end('AgentRun', 'retried', 'Failed');
    await waitForStep('retried', { attempt: 2, phase: 'Running' });
    await end('AgentRun', 'retried', 'Failed');
    await waitForStep('retried', { attempt: 2, phase: 'Failed', reason: 'RetriesExhausted' });
    const [child] = await childrenOf('AgentRun', 'late');
    await waitForStep('late', { attempt: 1, phase: 'Failed', reason: 'StepTimedOut' });
    await api.waitFor('OrchestrationRun', 'late', isIn('Failed'));
    expect(await childrenOf('AgentRun', 'late')).toContainEqual(child);
  });

  it('opens a SignalWait by any delivery however old, and a gate by any policy that is Ready', async () => {
    await api.create('SignalDelivery', 'yesterday', { spec: { signalRef: { name: 'push' } } });
    await api.create('ApprovalPolicy', 'release', { spec: { mode: 'manual', defaultDecision: 'deny' } });
    await start();
    await apply('gates', [
      { name: 'wait', kind: 'SignalWait', signalRef: { name: 'push' } },
      { name: 'gate', kind: 'ApprovalGate', policyRef: 'release' },
    ]);
    await run('gates');
    await api.waitFor('OrchestrationRun', 'gates', ({ status }) => status?.stepStatuses?.[0]?.phase === 'Succeeded');
    await api.setStatus('ApprovalPolicy', 'release', { phase: 'Ready' });
    await api.waitFor('OrchestrationRun', 'gates', isIn('Succeeded'));
  });

  it('makes an Orchestration whose entrypoint is no step Invalid, and fails its runs', async () => {
    await start();
    await apply('entry', [agent('a')], { entrypoint: 'nothing' });
    const { status } = await api.waitFor('Orchestration', 'entry', isIn('Invalid'));
    expect(status.conditions).toMatchObject([{ type: 'Ready', status: 'False', reason: 'EntrypointMissing' }]);
    await run('entry');
    const failed = await api.waitFor('OrchestrationRun', 'entry', isIn('Failed'));
    expect(failed['status'].conditions).toContainEqual(hasCondition('Failed', 'EntrypointMissing'));
  });

  it('makes a graph with a cycle or a misspelt dependency Ready, and fails its runs', async () => {
    await start();
    await apply('cycle', [
      { ...agent('a'), dependsOn: ['b'] },
      { ...agent('b'), dependsOn: ['a'] },
    ]);
    await apply('misspelt', [{ ...agent('a'), dependsOn: ['bb'] }]);
    for (const name of ['cycle', 'misspelt']) {
      await api.waitFor('Orchestration', name, isIn('Ready'));
      await run(name);
      await api.waitFor('OrchestrationRun', name, isIn('Failed'));
      expect(await childrenOf('AgentRun', name)).toEqual([]);
    }
  });

  it('fails a run at once that has no Orchestration', async () => {
    await start();
    await run('orphan');
    const { status } = await api.waitFor('OrchestrationRun', 'orphan', isIn('Failed'));
    expect(status.conditions).toContainEqual(hasCondition('Failed', 'MissingOrchestration'));
  });

  it('continues work in progress after a restart, and keeps the conditions of other writers', async () => {
    const { stop } = await start();
    await apply('resumed', [tool('a')]);
    await run('resumed');
    const child = await childOf('ToolRun', 'resumed');
    await api.waitFor('OrchestrationRun', 'resumed', isIn('Running'));
    await stop();
    const lastTransitionTime = new Date().toISOString();
    const ours = { type: 'Ready', status: 'False', reason: 'Running', message: '', lastTransitionTime };
    await api.setStatus('OrchestrationRun', 'resumed', { conditions: [ours] });
    await api.setStatus('ToolRun', child.metadata.name, { phase: 'Succeeded' });
    await start();
    const { status } = await api.waitFor('OrchestrationRun', 'resumed', isIn('Succeeded'));
    expect(status.conditions).toContainEqual(ours);
    expect(await childrenOf('ToolRun', 'resumed')).toHaveLength(1);
  });
});
