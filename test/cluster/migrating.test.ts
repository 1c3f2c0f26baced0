import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startOrchestrationController } from '../support/agents-chart/orchestration-controller.ts';
import type { StandIn } from '../support/agents-chart/stand-in.ts';
import type { ControlPlane } from '../support/controlplane/controlplane.ts';
import { describeNeeding, startOwnControlPlane } from '../support/controlplane/suite.ts';
import { installCrds } from '../support/gate.ts';
import { connectNamespace, type NamespacedApi, type StoredObject, waitUntil } from '../support/namespaced-api.ts';
import { installProgram, readPageCommands, runBlock } from '../support/page-commands.ts';
import { type Reconciler, startReconciler } from '../support/reconciler.ts';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/how-to/migrating.md'), 'utf8');
const namespace = 'agents';
const steps = [{ name: 'a', kind: 'Checkpoint' }];
const agent = { name: 'a', kind: 'AgentRun', agentRef: { name: 'x' }, implementation: { inline: { text: 'x' } } };
const isIn = (phase: string) => (object: StoredObject) => object['status']?.phase === phase;

// The tests of this suite are the way over and back, in the order of the page; every command of the page is run.
describeNeeding(['ownControlPlane'], 'docs/how-to/migrating.md', () => {
  vi.setConfig({ testTimeout: 600_000 }); // Helm takes long on a busy machine
  const commands = readPageCommands(page);
  let plane: ControlPlane;
  let api: NamespacedApi;
  let reconciler: Reconciler | undefined;
  let theirs: StandIn;
  const run = (name: string, orchestration: string) =>
    api.create('OrchestrationRun', name, { spec: { orchestrationRef: { name: orchestration } } });

  beforeAll(async () => {
    plane = await startOwnControlPlane();
    await installCrds(plane, 'agents');
    await plane.kubectl(['create', 'namespace', namespace]);
    api = connectNamespace(plane, namespace);
    await writeAgentsChart(join(plane.folder, 'agents-chart'));
    await installProgram(join(plane.folder, 'bin'));
    theirs = await startOrchestrationController(plane, [namespace]);
    await api.create('Orchestration', 'nightly', { spec: { steps } });
    await api.create('Orchestration', 'long', { spec: { steps: [agent], entrypoint: 'a' } });
    await run('old', 'long');
    await api.waitFor('OrchestrationRun', 'old', isIn('Running'));
    for (const [release, chart] of [
      ['agents', join(plane.folder, 'agents-chart')],
      ['gate', join(root, 'charts/orchestration-gate')],
    ] as const) {
      expect(await plane.helm(['install', release, chart, '-n', namespace])).toMatchObject({ code: 0 });
    }
  }, 600_000);
  afterAll(async () => {
    await Promise.all([reconciler?.stop(), theirs?.stop()]);
    await plane?.stop();
  });

  /** Runs the next block of commands on the page in a shell; the block must contain this. */
  async function runNext(containing: string): Promise<string> {
    const { block = '' } = commands.shift() ?? {};
    expect(block).toContain(containing);
    const { tools, folder, kubeconfig } = plane;
    const paths = [join(folder, 'bin'), dirname(tools.kubectl), dirname(tools.helm), process.env['PATH']];
    const env = {
      PATH: paths.join(':'),
      HOME: folder,
      KUBECONFIG: kubeconfig,
      RUN: 'old',
      AGENTS_CHART: join(folder, 'agents-chart'),
    };
    const ended = await runBlock(block, { cwd: root, env });
    expect(ended).toMatchObject({ exitCode: 0 });
    return ended.output;
  }

  const readRetention = async () => (await api.read('ConfigMap', 'agents'))?.['data'].retention;

  /** `enabled` in the values of the releases: of their controller, of our runs, and of our ToolRuns. */
  async function readSwitches(): Promise<readonly unknown[]> {
    const values = async (release: string) =>
      JSON.parse((await plane.helm(['get', 'values', release, '-n', namespace, '--all', '-o', 'json'])).stdout);
    const [agents, gate] = await Promise.all(['agents', 'gate'].map(values));
    return [agents, gate]
      .map(({ orchestrationController }) => orchestrationController.enabled)
      .concat(gate.toolRunController.enabled);
  }

  it('reports what would be judged differently, what is in progress, and that no flag service decides', async () => {
    expect(await runNext('lint')).toContain('no problems');
    expect(await runNext('get orchestrationruns')).toContain('old');
    expect(await runNext('FEATURE_FLAGS_URL')).toBe('no flag service\n');
  });

  it('has AgentRuns kept for as long as they should be', async () => {
    expect(await readRetention()).toBe('2.592e+06');
    await runNext('agentRunRetentionSeconds');
    expect(await readRetention()).toBe('604800');
  });

  it('switches theirs off and ours on', async () => {
    expect(await readSwitches()).toEqual([true, false, false]);
    await runNext('orchestrationController.enabled=false');
    expect(await readSwitches()).toEqual([false, true, true]);
    await theirs.stop();
  });

  it('leaves to theirs the run that it had started, and judges its Orchestrations again', async () => {
    reconciler = await startReconciler(plane, { ownNamespace: namespace });
    await run('new', 'nightly');
    await api.waitFor('OrchestrationRun', 'new', isIn('Succeeded'));
    expect(await api.read('OrchestrationRun', 'old')).toMatchObject({ status: { phase: 'Running' } });
    for (const name of ['nightly', 'long']) {
      const hasVerdict = ({ status }: StoredObject) => status?.conditions?.length === 2;
      const { metadata, status } = await api.waitFor('Orchestration', name, hasVerdict);
      expect(status).toMatchObject({ phase: 'Ready', observedGeneration: metadata.generation });
    }
  });

  it('starts one of their runs again', async () => {
    await runNext('patch orchestrationrun');
    await waitUntil('a child of each controller', async () => (await api.list('AgentRun')).length === 2);
  });

  it('hands back', async () => {
    expect(await runNext('--for agents-chart')).toContain('no problems');
    await run('cancelled', 'long');
    await waitUntil('its child', async () => (await api.list('AgentRun')).length === 3);
    await runNext('cancel=true');
    await api.waitFor('OrchestrationRun', 'cancelled', isIn('Cancelled'));
    await api.waitFor('OrchestrationRun', 'old', isIn('Cancelled'));
    expect(await api.read('OrchestrationRun', 'new')).toMatchObject({ status: { phase: 'Succeeded' } });
    await run('on', 'long');
    await api.waitFor('OrchestrationRun', 'on', isIn('Running'));
    await runNext('orchestrationController.enabled=false,toolRunController.enabled=false');
    await reconciler?.stop();
    await runNext('conditions');
    await runNext('orchestrationController.enabled=true');
    expect(await readSwitches()).toEqual([true, false, false]);
    theirs = await startOrchestrationController(plane, [namespace]);
    const { status } = (await api.read('OrchestrationRun', 'on')) as StoredObject;
    await api.setStatus('AgentRun', status.stepStatuses[0].resourceRef.name, { phase: 'Succeeded' });
    const { status: ended } = await api.waitFor('OrchestrationRun', 'on', isIn('Succeeded'));
    const holding = ended.conditions.filter((condition: { status: string }) => condition.status === 'True');
    const types = holding.map(({ type }: { type: string }) => type);
    expect(types).toContain('Ready');
    expect(types).not.toContain('Progressing');
  });

  it('leaves no verdict of ours behind', async () => {
    const typesOf = ({ status }: StoredObject) => (status?.conditions ?? []).map(({ type }: { type: string }) => type);
    const judged = await api.waitFor(
      'Orchestration',
      'long',
      ({ status }) => status.conditions[0].reason === 'ValidSpec',
    );
    expect(typesOf(judged)).toEqual(['Ready', 'GateAccepted']);
    await runNext('get orchestrations -o name');
    await api.waitFor('Orchestration', 'long', (object) => typesOf(object).join() === 'Ready');
    expect(commands).toEqual([]);
  });
});

/** Writes a stand-in for the agents chart: it has the values that the page sets, and renders one as that chart does. */
async function writeAgentsChart(folder: string): Promise<void> {
  await mkdir(join(folder, 'templates'), { recursive: true });
  await writeFile(join(folder, 'Chart.yaml'), 'apiVersion: v2\nname: agents\nversion: 1.0.0\n');
  const values = 'orchestrationController: {enabled: true}\ncontroller: {agentRunRetentionSeconds: 2592000}\n';
  await writeFile(join(folder, 'values.yaml'), values);
  const data = 'retention: {{ .Values.controller.agentRunRetentionSeconds | quote }}';
  const configMap = `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: agents\ndata:\n  ${data}\n`;
  await writeFile(join(folder, 'templates/configmap.yaml'), configMap);
}
