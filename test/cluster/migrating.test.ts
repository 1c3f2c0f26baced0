import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { ControlPlane } from '../support/controlplane/controlplane.ts';
import { describeNeeding, startOwnControlPlane } from '../support/controlplane/suite.ts';
import { installCrds } from '../support/gate.ts';
import { connectNamespace, type NamespacedApi } from '../support/namespaced-api.ts';
import { installProgram, readPageCommands, runBlock } from '../support/page-commands.ts';
import { type Reconciler, startReconciler } from '../support/reconciler.ts';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/migrating.md'), 'utf8');
const namespace = 'agents';
const steps = [{ name: 'a', kind: 'Checkpoint' }];
const theirs = 'agents-controller';

// The tests of this suite are the way over and back, in the order of the page; every command of the page is run.
describeNeeding(['ownControlPlane'], 'docs/migrating.md', () => {
  vi.setConfig({ testTimeout: 240_000 }); // Helm works long on a busy machine
  const commands = readPageCommands(page);
  let plane: ControlPlane;
  let api: NamespacedApi;
  let reconciler: Reconciler | undefined;

  beforeAll(async () => {
    plane = await startOwnControlPlane();
    await installCrds(plane, 'agents');
    await plane.kubectl(['create', 'namespace', namespace]);
    api = connectNamespace(plane, namespace);
    await writeAgentsChart(join(plane.folder, 'agents-chart'));
    await installProgram(join(plane.folder, 'bin'));
    await api.create('Orchestration', 'nightly', { spec: { steps } });
    await api.setStatus('Orchestration', 'nightly', { phase: 'Ready' }, theirs);
    await api.create('OrchestrationRun', 'old', { spec: { orchestrationRef: { name: 'nightly' } } });
    await api.setStatus('OrchestrationRun', 'old', { phase: 'Running', runId: 'x' }, theirs);
    for (const [release, chart] of [
      ['agents', join(plane.folder, 'agents-chart')],
      ['gate', join(root, 'charts/orchestration-gate')],
    ] as const) {
      expect(await plane.helm(['install', release, chart, '-n', namespace])).toMatchObject({ code: 0 });
    }
  }, 240_000);
  afterAll(async () => {
    await reconciler?.stop();
    await plane?.stop();
  });

  /** The next block of commands on the page, as a shell runs it; it must contain this. */
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

  /** `enabled` as it stands in the values of a release: theirs, and of our runs and ToolRuns. */
  async function readSwitches(): Promise<readonly unknown[]> {
    const values = async (release: string) =>
      JSON.parse((await plane.helm(['get', 'values', release, '-n', namespace, '--all', '-o', 'json'])).stdout);
    const [agents, gate] = await Promise.all(['agents', 'gate'].map(values));
    return [agents, gate]
      .map(({ orchestrationController }) => orchestrationController.enabled)
      .concat(gate.toolRunController.enabled);
  }

  it('tells before what would be judged differently, and what is under way', async () => {
    expect(await runNext('lint')).toContain('no problems');
    expect(await runNext('get orchestrationruns')).toContain('old');
  });

  it('switches theirs off and ours on', async () => {
    expect(await readSwitches()).toEqual([true, false, false]);
    await runNext('orchestrationController.enabled=false');
    expect(await readSwitches()).toEqual([false, true, true]);
  });

  it('leaves to the other what it has written, until that is cleared', async () => {
    reconciler = await startReconciler(plane, { ownNamespace: namespace });
    await api.create('OrchestrationRun', 'new', { spec: { orchestrationRef: { name: 'nightly' } } });
    await api.waitFor('OrchestrationRun', 'new', ({ status }) => status?.phase === 'Succeeded');
    expect(await api.read('Orchestration', 'nightly')).toMatchObject({ status: { phase: 'Ready' } });
    expect((await api.read('Orchestration', 'nightly'))?.['status'].conditions).toBeUndefined();
    expect(await api.read('OrchestrationRun', 'old')).toMatchObject({ status: { phase: 'Running', runId: 'x' } });
    await runNext('get orchestrations -o name');
    await api.waitFor('Orchestration', 'nightly', ({ status }) => status?.conditions?.length === 2);
  });

  it('starts a run of the other anew', async () => {
    await runNext('patch orchestrationrun');
    await api.waitFor('OrchestrationRun', 'old', ({ status }) => status?.phase === 'Succeeded');
  });

  it('hands back', async () => {
    await runNext('cancel=true');
    expect(await api.read('OrchestrationRun', 'new')).toMatchObject({ status: { phase: 'Succeeded' } });
    await runNext('orchestrationController.enabled=true');
    expect(await readSwitches()).toEqual([true, false, false]);
    expect(commands).toEqual([]);
  });
});

/** Stands in for the agents chart: it has the switch. */
async function writeAgentsChart(folder: string): Promise<void> {
  await mkdir(join(folder, 'templates'), { recursive: true });
  await writeFile(join(folder, 'Chart.yaml'), 'apiVersion: v2\nname: agents\nversion: 1.0.0\n');
  await writeFile(join(folder, 'values.yaml'), 'orchestrationController: {enabled: true}\n');
  const enabled = '"{{ .Values.orchestrationController.enabled }}"';
  const configMap = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: agents}\ndata: {enabled: ${enabled}}\n`;
  await writeFile(join(folder, 'templates/configmap.yaml'), configMap);
}
