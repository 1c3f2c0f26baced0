import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCommand } from '../support/cli.ts';
import { createGuardedFolder } from '../support/controlplane/folder.ts';
import { sharedCluster, useNamespace } from '../support/controlplane/suite.ts';
import { installCrds } from '../support/gate.ts';
import { updateVolume } from '../support/kubernetes-volume.ts';
import { connectNamespace, type NamespacedApi, type StoredObject } from '../support/namespaced-api.ts';
import { type Reconciler, type ReconcilerOptions, startReconciler } from '../support/reconciler.ts';

const chart = join(import.meta.dirname, '../../charts/orchestration-gate');
const ACCOUNT = 'gate-orchestration-gate';
/** Processes that start, on machines that are busy. */
const patience = { timeout: 120_000, interval: 100 };

const mark = (name: string, ...dependsOn: string[]) => ({ name, kind: 'Checkpoint', dependsOn });
const cycle = { steps: [mark('a', 'b'), mark('b', 'a')] };
const fine = { steps: [mark('a')] };
const suspicious = { steps: [mark('Not-A-Label')] };

// Each test begins with what the one before has stored. There is no webhook: everything is stored unjudged.
describe('a sidecar that executes nothing, with the rights that the chart gives it', () => {
  const cluster = sharedCluster();
  const namespace = useNamespace();
  const ends = new AsyncDisposableStack();
  let api: NamespacedApi;
  let volume: string;
  let account: { readonly kubeconfig: string };
  const sidecars: Reconciler[] = [];

  const series = (name: string, labels = '') =>
    `orchestration_gate_audit_${name}{resource_namespace="${namespace}"${labels}}`;
  const countOf = (code: string, severity = 'deny') =>
    series('orchestrations', `,code="${code}",severity="${severity}"`);
  /** The sum over all replicas, as Prometheus sees it. */
  const metric = async (name: string) => {
    const values = await Promise.all(sidecars.map((sidecar) => sidecar.readMetric(name)));
    return values.some((value) => value !== undefined)
      ? values.reduce<number>((sum, value) => sum + (value ?? 0), 0)
      : undefined;
  };
  const eventually = (name: string) => expect.poll(() => metric(name), patience);
  const eventsOf = async (name: string) =>
    (await api.list('Event')).filter(
      ({ involvedObject, reason }) => involvedObject.name === name && reason === 'WouldBeDenied',
    );

  const kubectl = async (...args: string[]) => {
    const { code, stderr } = await cluster.kubectl(args);
    if (code !== 0) throw new Error(stderr);
  };

  async function start(
    options: Partial<ReconcilerOptions> = {},
    credentials: { readonly kubeconfig: string } = account,
  ): Promise<Reconciler> {
    const sidecar = await startReconciler(credentials, {
      ownNamespace: namespace,
      electsLeader: true,
      environment: { AGENTS_ORCHESTRATION_CONTROLLER_ENABLED: 'false' },
      flags: [`--settings-dir=${volume}`, `--audit-namespaces=${namespace}`],
      ...options,
    });
    sidecars.push(sidecar);
    ends.defer(sidecar.stop);
    return sidecar;
  }

  beforeAll(async () => {
    await installCrds(cluster, 'agents');
    api = connectNamespace(cluster, namespace);
    const shown = ['rbac', 'serviceaccount', 'state'].flatMap((name) => ['--show-only', `templates/${name}.yaml`]);
    const values = ['certificates.mode=certManager', 'certificates.certManager.issuerRef.name=x'];
    const rendered = await cluster.helm([
      ...['template', 'gate', chart, '--namespace', namespace, ...shown],
      ...values.flatMap((value) => ['--set', value]),
    ]);
    if (rendered.code !== 0) throw new Error(rendered.stderr);
    const applied = await cluster.kubectl(['apply', '-f', '-'], { input: rendered.stdout });
    if (applied.code !== 0) throw new Error(applied.stderr);
    account = { kubeconfig: await cluster.serviceAccountKubeconfig(namespace, ACCOUNT) };
    const folder = await createGuardedFolder();
    ends.defer(() => folder.remove());
    volume = folder.path;
    updateVolume(volume, { mode: 'enforce' });
    await api.create('Orchestration', 'before-the-gate', { spec: cycle });
    await api.create('Orchestration', 'fine', { spec: fine });
    await api.create('Orchestration', 'suspicious', { spec: suspicious });
  });
  afterAll(() => ends.disposeAsync());

  it('finds a cycle that was stored before it came, in metrics and in an Event', async () => {
    await start();
    await eventually(countOf('DependencyCycle')).toBe(1);
    await eventually(series('denied')).toBe(1);
    await expect.poll(() => eventsOf('before-the-gate'), patience).toHaveLength(1);
    const [event] = await eventsOf('before-the-gate');
    expect(event).toMatchObject({ type: 'Warning', involvedObject: { kind: 'Orchestration', namespace } });
    expect(event?.['message']).toMatch(/^the gate would deny this Orchestration: .*dependency cycle a → b → a/);
    await eventually('orchestration_gate_audit_judged').toBe(3);
    expect(await eventsOf('fine')).toEqual([]);
    expect((await api.read('Orchestration', 'before-the-gate'))?.['status']).toBeUndefined();
  });

  it('finds a cycle that is stored while no gate answers', async () => {
    await api.create('Orchestration', 'unjudged', { spec: cycle });
    await eventually(series('denied')).toBe(2);
  });

  it('is what a user who may list Orchestrations sees by the command', async () => {
    const role = ['--verb=list', '--resource=orchestrations.orchestration.proompteng.ai'];
    await kubectl('create', 'serviceaccount', 'reader', '-n', namespace);
    const reader = await cluster.serviceAccountKubeconfig(namespace, 'reader');
    const audit = (...args: string[]) =>
      startCommand('audit', [...args, '-n', namespace], { KUBECONFIG: reader }).ended;
    expect(await audit()).toMatchObject({ code: 2, stderr: expect.stringMatching(/^audit: .*cannot list/) });
    await kubectl('create', 'role', 'reader', '-n', namespace, ...role);
    await kubectl(
      'create',
      'rolebinding',
      'reader',
      '-n',
      namespace,
      '--role=reader',
      `--serviceaccount=${namespace}:reader`,
    );
    await expect.poll(async () => (await audit('-o', 'json')).code, patience).toBe(1);
    const problems = JSON.parse((await audit('-o', 'json')).stdout) as { name: string; code: string }[];
    expect(problems.map(({ name, code }) => [name, code])).toEqual([
      ['before-the-gate', 'DependencyCycle'],
      ['suspicious', 'NonPortableStepName'],
      ['unjudged', 'DependencyCycle'],
    ]);
  });

  it('judges everything again when the settings change', async () => {
    updateVolume(volume, { mode: 'enforce', 'severity.NonPortableStepName': 'deny' });
    await eventually(countOf('NonPortableStepName')).toBe(1);
    await eventually(series('denied')).toBe(3);
    updateVolume(volume, { mode: 'warn' });
    await eventually(series('denied')).toBeUndefined();
    await eventually(countOf('DependencyCycle', 'warn')).toBe(2);
    updateVolume(volume, { mode: 'enforce' });
    await eventually(series('denied')).toBe(2);
  });

  it('drops what is fixed and what is deleted', async () => {
    await api.edit('Orchestration', 'unjudged', { spec: fine });
    await eventually(series('denied')).toBe(1);
    await api.remove('Orchestration', 'before-the-gate');
    await eventually(series('denied')).toBeUndefined();
    await eventually(countOf('DependencyCycle')).toBeUndefined();
    await eventually('orchestration_gate_audit_judged').toBe(3);
  });

  it('records no second Event for the same problems, however often it starts', async () => {
    await api.create('Orchestration', 'kept', { spec: cycle });
    await eventually(series('denied')).toBe(1);
    await expect.poll(() => eventsOf('kept'), patience).toHaveLength(1);
    const pid = await sidecars[0]?.enginePid();
    process.kill(pid as number, 'SIGKILL');
    await sidecars[0]?.enginePid(pid);
    await eventually(series('denied')).toBe(1);
    expect(await eventsOf('kept')).toHaveLength(1);
    await api.edit('Orchestration', 'kept', { spec: { steps: [mark('a', 'gone')] } });
    await expect.poll(() => eventsOf('kept'), patience).toHaveLength(2);
  });

  it('reports each problem from one replica only', async () => {
    await start();
    await expect.poll(() => sidecars[1]?.readMetric('orchestration_gate_audit_judged'), patience).toBe(0);
    await eventually(series('denied')).toBe(1);
    await sidecars[0]?.process.kill('SIGTERM');
    await sidecars.shift()?.stop();
    await eventually(series('denied')).toBe(1);
    expect(await eventsOf('kept')).toHaveLength(2);
  });

  it('leaves alone an Orchestration that crashes it, and audits the others', async () => {
    await sidecars.shift()?.stop();
    const NODE_OPTIONS = `--import=${pathToFileURL(join(import.meta.dirname, '../support/poison.ts')).href}`;
    await api.create('Orchestration', 'poison-stall', { spec: fine });
    const environment = { AGENTS_ORCHESTRATION_CONTROLLER_ENABLED: 'false', NODE_OPTIONS };
    const flags = [`--audit-namespaces=${namespace}`, '--stall-seconds=3', '--restart-cap-seconds=1'];
    await start({ electsLeader: false, environment, flags, waitsFor: 'answer' });
    await eventually('orchestration_gate_quarantined{kind="Audit"}').toBe(1);
    await eventually(series('denied')).toBe(1);
    const isOfIt = ({ involvedObject, reason }: StoredObject) =>
      involvedObject.name === 'poison-stall' && reason === 'EngineFault';
    await expect.poll(async () => (await api.list('Event')).filter(isOfIt), patience).toHaveLength(1);
    await api.remove('Orchestration', 'poison-stall');
    await eventually('orchestration_gate_quarantined{kind="Audit"}').toBe(0);
  });

  it('also audits what it executes', async () => {
    await sidecars.shift()?.stop();
    await start({ electsLeader: false, environment: {} }, cluster);
    await api.waitFor('Orchestration', 'kept', ({ status }) => status?.phase === 'Invalid');
    await eventually(series('denied')).toBe(1);
    await api.create('OrchestrationRun', 'runs', { spec: { orchestrationRef: { name: 'fine' } } });
    await api.waitFor('OrchestrationRun', 'runs', ({ status }) => status?.phase === 'Succeeded');
  });
});
