// Checks that Argo CD calls objects Synced whatever the gate and its sidecar write to them. Prints a table, and exits
// with 1 if Argo CD does not.
import { setTimeout as delay } from 'node:timers/promises';
import { parseAllDocuments } from 'yaml';
import { applyCaBundle, type ConfigurationName, readCaBundles } from '../../src/certificates/cluster/configurations.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { Resource } from '../../src/kube/resources.ts';
import { defaultingModes } from '../../src/orchestration/defaults.ts';
import { writeGeneration } from '../../src/tls/files.ts';
import { issueCertificateAuthority, issueLeaf } from '../../src/tls/issue.ts';
import { resolveBinaries } from '../support/controlplane/binaries.ts';
import { type ControlPlane, startControlPlane } from '../support/controlplane/controlplane.ts';
import { readSettings } from '../support/controlplane/settings.ts';
import { resolveTools } from '../support/controlplane/tools.ts';
import { type Gate, installCrds, installWebhooks, startGate } from '../support/gate.ts';
import { connectKube } from '../support/kube.ts';
import { buildEngine, type Diff, type Engine, type Sync, startEngine } from './engine.ts';

const namespace = 'default';
const ORCHESTRATIONS: Resource = {
  ...{ group: 'orchestration.proompteng.ai', version: 'v1alpha1', kind: 'Orchestration' },
  ...{ plural: 'orchestrations', namespaced: true },
};
const syncs: readonly Sync[] = ['client-side', 'server-side'];
const diffs: readonly Diff[] = ['default', 'server-side', 'server-side with mutation webhooks'];
/** Both of Argo CD's marks, because each is recognised by itself. */
const marks = {
  annotation: { annotations: { 'argocd.argoproj.io/tracking-id': 'shop:orchestration.proompteng.ai/x' } },
  label: { labels: { 'app.kubernetes.io/instance': 'shop' } },
};

type Status = 'Synced' | 'OutOfSync';

/** An object in Git, which Argo CD must call Synced after each event. */
interface Subject {
  readonly what: string;
  readonly sync: Sync;
  readonly diff: Diff;
  readonly manifest: Manifest;
}

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

const events = ['created', 'synced again', 'CA rotated', 'synced again'] as const;

function orchestrationsOf(mode: string): Subject[] {
  return syncs.flatMap((sync) =>
    diffs.flatMap((diff) =>
      Object.entries(marks).map(([mark, fields]): Subject => {
        const name = `${mode}-${sync}-${diff}-${mark}`.toLowerCase().replaceAll(' ', '-');
        const metadata = inSyncMode({ name, namespace, ...fields }, sync);
        const steps = ['plan', 'build', 'ship'].map((step) => ({ name: step, kind: 'Checkpoint' }));
        const manifest = {
          ...{ apiVersion: 'orchestration.proompteng.ai/v1alpha1', kind: 'Orchestration', metadata, spec: { steps } },
        };
        return { what: `sequential Orchestration, ${mode}, by ${mark}`, sync, diff, manifest };
      }),
    ),
  );
}

/** Sets the sync mode as an Application would. The mode also decides how Argo CD compares by default. */
function inSyncMode(metadata: Manifest['metadata'], sync: Sync) {
  if (sync === 'client-side') return metadata;
  const options = { 'argocd.argoproj.io/sync-options': 'ServerSideApply=true' };
  return { ...metadata, annotations: { ...(metadata['annotations'] as object | undefined), ...options } };
}

/** The webhooks of one release of the chart for each sync and diff. It selects a namespace that does not exist. */
async function configurationsOf(cluster: ControlPlane, gate: Gate): Promise<Subject[]> {
  const subjects: Subject[] = [];
  for (const sync of syncs) {
    for (const diff of diffs) {
      const release = `${sync}-${diff}`.replaceAll(' ', '-').slice(0, 40);
      const { code, stdout, stderr } = await cluster.helm([
        ...['template', release, 'charts/orchestration-gate', '--show-only', 'templates/webhooks.yaml'],
        ...['--set', `webhook.url=${gate.url},controller.namespaces={elsewhere}`],
      ]);
      if (code !== 0) throw new Error(stderr);
      for (const document of parseAllDocuments(stdout)) {
        const rendered = document.toJS() as Manifest;
        const manifest = { ...rendered, metadata: inSyncMode(rendered.metadata, sync) };
        subjects.push({ what: rendered.kind, sync, diff, manifest });
      }
    }
  }
  return subjects;
}

/** Publishes the old and the new authority, changes the leaf, then removes the old authority. Returns the new one. */
async function rotateCa(
  client: KubeClient,
  gate: Gate,
  names: readonly ConfigurationName[],
  oldCaPem: string,
): Promise<string> {
  const life = { lifetimeMs: 24 * 60 * 60_000, now: new Date() };
  const authority = await issueCertificateAuthority({ commonName: 'next', ...life });
  const leaf = await issueLeaf({ authority, dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], ...life });
  await publish(client, names, oldCaPem + authority.certificatePem);
  const readNewLines = await gate.followLog();
  await writeGeneration(gate.folders.tls, { 'tls.crt': leaf.certificatePem, 'tls.key': leaf.privateKeyPem });
  while (!(await readNewLines()).some(({ msg }) => msg === 'serving a new certificate')) await delay(25);
  await publish(client, names, authority.certificatePem);
  return authority.certificatePem;
}

/** Publishes an authority as the sidecar does. */
async function publish(client: KubeClient, names: readonly ConfigurationName[], caPem: string): Promise<void> {
  for (const name of names) {
    const seen = await readCaBundles(client, name);
    if (seen === undefined || !(await applyCaBundle(client, name, seen, caPem))) throw new Error(`${name} has changed`);
  }
}

/** Makes our name of a configuration from what kubectl calls it. */
function nameConfiguration(kind: string, name: string): ConfigurationName {
  return `${kind.toLowerCase().startsWith('mutating') ? 'mutating' : 'validating'}/${name}`;
}

/** What Argo CD calls each subject after each event. */
async function play(
  engine: Engine,
  subjects: readonly Subject[],
  afterSync: () => Promise<void>,
  rotate: () => Promise<void>,
): Promise<Status[][]> {
  const found = subjects.map((): Status[] => []);
  const syncAll = async () => {
    for (const { manifest, sync } of subjects) await engine.sync(manifest, sync);
  };
  const compareAll = async () => {
    for (const [index, { manifest, diff }] of subjects.entries()) {
      const difference = await engine.compare(manifest, diff);
      found[index]?.push(difference === undefined ? 'Synced' : 'OutOfSync');
    }
  };
  await syncAll();
  await afterSync();
  await compareAll();
  await syncAll();
  await compareAll();
  await rotate();
  await compareAll();
  await syncAll();
  await compareAll();
  return found;
}

/** Checks that chains are written or not, as expected: a table in which nothing was written would prove nothing. */
async function checkChains(client: KubeClient, subjects: readonly Subject[], isWritten: boolean): Promise<void> {
  for (const { manifest } of subjects) {
    const { name } = manifest.metadata;
    const { spec } = (await client.get(ORCHESTRATIONS, { namespace, name })) as { spec?: { steps: object[] } };
    const isFound = spec?.steps.some((step) => 'dependsOn' in step) === true;
    if (isFound !== isWritten) throw new Error(`${name}: the chain is ${isFound ? '' : 'not '}written`);
  }
}

function tell(subjects: readonly Subject[], found: readonly Status[][]): number {
  let wrong = 0;
  for (const [index, { what, sync, diff }] of subjects.entries()) {
    const said = found[index] ?? [];
    if (said.length < events.length || said.includes('OutOfSync')) wrong += 1;
    console.log(`| ${[what, sync, diff, ...said].join(' | ')} |`);
  }
  return wrong;
}

async function main(): Promise<number> {
  await using ends = new AsyncDisposableStack();
  const settings = readSettings(process.env);
  const program = await buildEngine(settings);
  const binaries = await resolveBinaries(settings, console.error);
  const tools = await resolveTools(settings);
  const cluster = await startControlPlane({ binaries, tools, environment: settings.environment });
  ends.defer(cluster.stop);
  await installCrds(cluster, 'agents');
  const gate = await startGate();
  ends.defer(() => gate.stop());
  const webhooks = await installWebhooks(cluster, gate, { release: 'gate', namespaces: [namespace] });
  const engine = ends.use(startEngine(program, cluster.kubeconfig));
  const client = connectKube(cluster.kubeconfig);
  ends.defer(client.close);

  const gated = webhooks.names.map((name) => nameConfiguration(name, name.split('/')[1] ?? ''));
  const others = await configurationsOf(cluster, gate);
  const rendered = others.map(({ manifest: { kind, metadata } }) => nameConfiguration(kind, metadata.name));
  let caPem = gate.caPem;
  const rotating = (names: readonly ConfigurationName[]) => async () => {
    caPem = await rotateCa(client, gate, names, caPem);
  };

  console.log(`| object | sync | diff | ${events.join(' | ')} |\n|${'---|'.repeat(events.length + 3)}`);
  let wrong = 0;
  for (const mode of defaultingModes) {
    if (mode !== 'Auto') await gate.writeSettings({ 'defaulting.mode': mode });
    const subjects = orchestrationsOf(mode);
    const check = () => checkChains(client, subjects, mode === 'Always');
    wrong += tell(subjects, await play(engine, subjects, check, rotating(gated)));
  }
  wrong += tell(others, await play(engine, others, () => publish(client, rendered, caPem), rotating(rendered)));
  console.log(`\n${wrong === 0 ? 'Argo CD calls all of it Synced.' : `Argo CD calls ${wrong} rows OutOfSync.`}`);
  return wrong === 0 ? 0 : 1;
}

process.exitCode = await main();
