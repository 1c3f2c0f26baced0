import { isDeepStrictEqual } from 'node:util';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Annotation } from '../../src/orchestration/vocabulary/metadata.ts';
import { startOrchestrationController } from '../support/agents-chart/orchestration-controller.ts';
import { startSupportingController } from '../support/agents-chart/supporting-controller.ts';
import { startCommand } from '../support/cli.ts';
import { sharedCluster, useNamespace } from '../support/controlplane/suite.ts';
import { installCrds } from '../support/gate.ts';
import { connectNamespace, type Kind, type StoredObject, waitUntil } from '../support/namespaced-api.ts';
import { type Reconciler, startReconciler } from '../support/reconciler.ts';

// Our reconciler and the orchestration controller of the agents chart, at once and one after the other.

const cluster = sharedCluster();
const steps = ['a', 'b'].map((name) => ({
  ...{ name, kind: 'AgentRun', agentRef: { name: 'x' }, implementation: { inline: { text: 'x' } }, dependsOn: [] },
}));
const mark = [{ name: 'mark', kind: 'Checkpoint' }];
const isIn =
  (...phases: string[]) =>
  ({ status }: StoredObject) =>
    phases.includes(status?.phase);
const conditionsOf = ({ status }: StoredObject): Readonly<Record<string, string>> =>
  Object.fromEntries(
    status.conditions.map(({ type, status: holds, reason }: Record<string, string>) => [type, `${holds} ${reason}`]),
  );

describe('the reconciler', () => {
  const namespace = useNamespace();
  const api = connectNamespace(cluster, namespace);
  beforeAll(() => installCrds(cluster, 'agents'));

  const startTheirs = async () => {
    const theirs = await startOrchestrationController(cluster, [namespace]);
    onTestFinished(theirs.stop);
    return theirs;
  };
  const startOurs = async (environment = {}): Promise<Reconciler> => {
    const ours = await startReconciler(cluster, { ownNamespace: namespace, environment });
    onTestFinished(ours.stop);
    return ours;
  };
  const apply = (name: string, spec: object) => api.create('Orchestration', name, { spec });
  const run = (name: string, orchestration = name) =>
    api.create('OrchestrationRun', name, { spec: { orchestrationRef: { name: orchestration } } });
  const read = async (kind: Kind, name: string) => (await api.read(kind, name)) as StoredObject;
  const childrenOf = async (name: string) =>
    (await api.list('AgentRun')).filter(({ metadata }) => metadata.name.startsWith(`${name}-`));
  /** Ends all children of a run, also those that theirs creates twice, until the run has succeeded. */
  const finish = (name: string) =>
    waitUntil(`success of ${name}`, async () => {
      for (const { metadata } of await childrenOf(name))
        await api.setStatus('AgentRun', metadata.name, { phase: 'Succeeded' });
      return isIn('Succeeded')(await read('OrchestrationRun', name));
    });
  const contestedEventsOf = async (name: string) =>
    (await api.list('Event')).filter(
      ({ involvedObject, reason }) => involvedObject.name === name && reason === 'StatusContested',
    );
  const status = async (name: string) =>
    (await startCommand('status', [name, '-n', namespace], { KUBECONFIG: cluster.kubeconfig }).ended).stdout;

  /**
   * Has their controller judge an Orchestration again until it has done so well after our start. What it wrote around
   * that start proves nothing.
   */
  async function waitForEvidence(name: string, startedMs: number): Promise<void> {
    await waitUntil('a younger verdict of theirs', async () => {
      const spec = { steps: (await read('Orchestration', name))['spec'].steps, entrypoint: `at-${Date.now()}` };
      await api.edit('Orchestration', name, { spec });
      const { metadata } = await read('Orchestration', name);
      const { managedFields } = metadata as { managedFields?: readonly Record<string, string>[] };
      const written = managedFields?.find(({ manager }) => manager === 'agents-status')?.['time'];
      return Date.parse(written ?? '') > startedMs + 1_000;
    });
    await api.edit('Orchestration', name, { spec: { entrypoint: null } });
    await api.waitFor('Orchestration', name, isIn('Ready'));
  }

  it('leaves runs to the other controller where both are on, doubles nothing, and reports each run once', async () => {
    await startTheirs();
    const ours = await startOurs();
    const startedMs = Date.now();
    await apply('both', { steps });
    const names = ['both-1', 'both-2', 'both-3'];
    for (const name of names) await run(name, 'both');
    for (const name of names) {
      await api.waitFor('OrchestrationRun', name, isIn('Running'));
      await waitUntil('the event', async () => (await contestedEventsOf(name)).length > 0);
      expect(await status(name)).toContain('another controller (agents-status) works on it');
      await finish(name);
      const created = (await childrenOf(name)).map(({ metadata }) => metadata.ownerReferences);
      expect(new Set(created)).toEqual(new Set([undefined]));
    }
    for (const name of names) expect(await contestedEventsOf(name)).toHaveLength(1);
    expect(await ours.readMetric('orchestration_gate_status_contested_total{kind="OrchestrationRun"}')).toBe(3);
    // Each controller could answer the verdict of the other on an Orchestration, without end.
    await waitForEvidence('both', startedMs);
    await waitUntil('an end of their writing the verdict', async () => {
      const { metadata } = await read('Orchestration', 'both');
      const name = `both-${Date.now()}`;
      await run(name, 'both');
      await finish(name);
      return isDeepStrictEqual((await read('Orchestration', 'both')).metadata, metadata);
    });
  });

  it('starts no second Job for a ToolRun of a step where both are on', async () => {
    await startTheirs();
    await startOurs({ AGENTS_TOOL_RUN_CONTROLLER_ENABLED: 'true' });
    await api.create('Tool', 'echo', { spec: { image: 'echo' } });
    const names = ['x', 'y', 'z'];
    const tools = names.map((name) => ({ name, kind: 'ToolRun', toolRef: { name: 'echo' }, dependsOn: [] }));
    await apply('tools', { steps: tools });
    await run('tools');
    await waitUntil('a Job of each ToolRun, which we follow', async () => {
      const toolRuns = await api.list('ToolRun');
      const isFollowed = ({ metadata: { annotations = {} } }: StoredObject) => Annotation.ToolRunState in annotations;
      return toolRuns.length >= names.length && toolRuns.every(isFollowed);
    });
    const labelsOf = (await api.list('Job')).map(({ metadata }) => metadata.labels?.['agents.proompteng.ai/tool-run']);
    const toolRuns = (await api.list('ToolRun')).map(({ metadata }) => metadata.name);
    expect(labelsOf).toHaveLength(toolRuns.length);
    expect(new Set(labelsOf)).toEqual(new Set(toolRuns));
    for (const { metadata } of await api.list('ToolRun'))
      await api.setStatus('ToolRun', metadata.name, { phase: 'Succeeded' });
  });

  it('holds new runs while the other was seen of late, says how to switch it off, and starts them once it was not', async () => {
    const theirs = await startTheirs();
    const ours = await startOurs();
    await apply('held', { steps: mark });
    await waitForEvidence('held', Date.now());
    await theirs.stop();
    await run('held');
    const held = await api.waitFor('OrchestrationRun', 'held', isIn('Pending', 'Succeeded'));
    expect(conditionsOf(held)).toMatchObject({ Ready: 'False StatusContested' });
    const said = await status('held');
    expect(said).toContain('--set orchestrationController.enabled=false');
    expect(said).toContain('AGENTS_FEATURE_FLAGS_URL');
    await waitUntil('the event', async () => (await contestedEventsOf('held')).length === 1);
    // What their controller wrote was before the next start of ours, so it does not count then.
    await ours.stop();
    await startOurs();
    const { status: ended } = await api.waitFor('OrchestrationRun', 'held', isIn('Succeeded'));
    expect(ended.stepStatuses.every(({ phase }: { phase: string }) => phase === 'Succeeded')).toBe(true);
    expect(await contestedEventsOf('held')).toHaveLength(1);
  });

  it('takes ToolRuns and policies that the other controllers write for no sign of it', async () => {
    const supporting = await startSupportingController(cluster, [namespace]);
    onTestFinished(supporting.stop);
    await startOurs();
    await api.create('ApprovalPolicy', 'observed', { spec: { mode: 'manual' } });
    await api.waitFor('ApprovalPolicy', 'observed', isIn('Ready'));
    await apply('alone', { steps: mark });
    await run('alone');
    await api.waitFor('OrchestrationRun', 'alone', isIn('Succeeded'));
    expect(await contestedEventsOf('alone')).toEqual([]);
  });

  it('takes over: leaves what is under way to the other and says so, and judges its Orchestrations again', async () => {
    const theirs = await startTheirs();
    await apply('theirs', { steps });
    await apply('stale', { steps: mark, entrypoint: 'nothing' });
    await run('theirs');
    await api.waitFor('OrchestrationRun', 'theirs', isIn('Running'));
    await api.waitFor('Orchestration', 'stale', isIn('Invalid'));
    await api.waitFor('Orchestration', 'theirs', isIn('Ready'));
    await theirs.stop();
    await api.edit('Orchestration', 'stale', { spec: { entrypoint: null } });
    const before = await read('OrchestrationRun', 'theirs');
    await startOurs();
    for (const name of ['stale', 'theirs']) {
      const { metadata, status: judged } = await api.waitFor(
        'Orchestration',
        name,
        ({ status: { phase, conditions } }) =>
          phase === 'Ready' && conditions.some(({ type }: { type: string }) => type === 'GateAccepted'),
      );
      expect(judged.observedGeneration).toBe(metadata.generation);
      expect(judged.conditions.map(({ type }: { type: string }) => type)).toEqual(['Ready', 'GateAccepted']);
    }
    await waitUntil('the event', async () => (await contestedEventsOf('theirs')).length === 1);
    const [event] = await contestedEventsOf('theirs');
    expect(event?.['message']).toContain(`kubectl -n ${namespace} patch orchestrationrun theirs --subresource=status`);
    expect(await status('theirs')).toContain('another controller (agents-status) works on it');
    for (const { metadata } of await childrenOf('theirs'))
      await api.setStatus('AgentRun', metadata.name, { phase: 'Succeeded' });
    await apply('next', { steps: mark });
    await run('next');
    await api.waitFor('OrchestrationRun', 'next', isIn('Succeeded'));
    expect(await read('OrchestrationRun', 'theirs')).toEqual(before);
    // The command in the event makes our reconciler do all of it again.
    await cluster.kubectl(
      String(event?.['message'])
        .split('kubectl ')[1]
        ?.replaceAll("'", '')
        .split(/ (?![^{]*})/) ?? [],
    );
    await finish('theirs');
    expect((await childrenOf('theirs')).filter(({ metadata }) => metadata.ownerReferences !== undefined)).toHaveLength(
      2,
    );
  });

  it('hands back: the other controller continues with the same children, and our conditions are right again', async () => {
    const ours = await startOurs();
    await apply('ours', { steps });
    const names = ['cleared', 'corrected'];
    for (const name of names) {
      await run(name, 'ours');
      await api.waitFor('OrchestrationRun', name, ({ status: { phase } = { phase: '' } }) => phase === 'Running');
      await waitUntil('children', async () => (await childrenOf(name)).length === steps.length);
    }
    await ours.stop();
    // docs/how-to/migrating.md says to do this with runs in flight.
    await api.setStatus('OrchestrationRun', 'cleared', { conditions: null });
    const theirs = await startTheirs();
    for (const name of names) {
      await finish(name);
      expect(await childrenOf(name)).toHaveLength(steps.length);
    }
    expect(conditionsOf(await read('OrchestrationRun', 'cleared'))).toMatchObject({
      Ready: 'True Derived',
      Progressing: 'False Derived',
    });
    expect(conditionsOf(await read('OrchestrationRun', 'corrected'))).toMatchObject({
      Ready: expect.stringContaining('False'),
      Progressing: expect.stringContaining('True'),
    });
    await theirs.stop();
    await startOurs();
    const corrected = await api.waitFor(
      'OrchestrationRun',
      'corrected',
      (stored) => conditionsOf(stored)['Ready']?.startsWith('True') === true,
    );
    expect(conditionsOf(corrected)).toMatchObject({
      Progressing: 'False StatusContested',
      Succeeded: 'True Succeeded',
    });
  });
});
