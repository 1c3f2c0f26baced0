import { randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Mode } from '../../src/orchestration/settings.ts';
import { writeGeneration } from '../../src/tls/files.ts';
import { issueCertificateAuthority, issueLeaf } from '../../src/tls/issue.ts';
import type { Cluster } from './controlplane/cluster.ts';
import { type Component, createComponent } from './controlplane/component.ts';
import { createGuardedFolder, type GuardedFolder } from './controlplane/folder.ts';
import { findFreePorts, isAnswering } from './controlplane/network.ts';

const root = join(import.meta.dirname, '../..');
const lifetimeMs = 24 * 60 * 60_000;
const patienceSeconds = 90;
const pollMilliseconds = 25;

/** What kind of gate to start: by default one with the program's own defaults, but which does not wait to drain. */
export interface GateOptions {
  /** The gate's ConfigMap, key to text. */
  readonly settings?: Readonly<Record<string, string>>;
  /** More flags of `serve`, which win over ours: `--drain-seconds=3`. */
  readonly flags?: readonly string[];
  /** The path that is answered with 200 when the gate has started: /readyz by default. */
  readonly readyPath?: string;
  /** Flags of Node. */
  readonly nodeFlags?: readonly string[];
  /** The program, as the words that come before its verb. By default Node with the sources. */
  readonly program?: readonly string[];
  /** Wraps its command, for example in a memory limit. */
  readonly wrap?: (command: readonly string[]) => readonly string[];
}

/** A gate of our own on 127.0.0.1, as a process that starts from the sources. */
export interface Gate {
  /** For reviews: `https://127.0.0.1:port`. */
  readonly url: string;
  /** For probes and metrics: `http://127.0.0.1:port`. */
  readonly sideUrl: string;
  /** The authority that signed the certificate. */
  readonly caPem: string;
  /** The folders that are mounted from a Secret and two ConfigMaps in a cluster. */
  readonly folders: { readonly tls: string; readonly settings: string; readonly override: string };
  /** Kills it, and starts it again with the same ports and folders. */
  readonly process: Component;
  /** Everything it logged, of all its starts. */
  readonly readLog: () => Promise<LogLine[]>;
  /** Returns a function that reads the lines logged since its last call, or since now on its first call. */
  readonly followLog: () => Promise<() => Promise<LogLine[]>>;
  /** Writes a new certificate of the same authority. Like the next two, waits until the gate has read or refused it. */
  readonly renewCertificate: () => Promise<void>;
  /** Replaces all settings. They must differ from those before, or nothing is read. */
  readonly writeSettings: (settings: Readonly<Record<string, string>>) => Promise<void>;
  /** Sets the override, or removes it if undefined. The mode must differ from the one before. */
  readonly setOverride: (mode: Mode | undefined) => Promise<void>;
  /** Ends the process and removes its folder, as also happens when this process dies. May be called twice. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>;
}

/** One line of the gate's log. A line that is no JSON, such as of a crash, is all `msg`. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

/** Starts a gate and waits until it is ready: 1 s. Throws with the end of its log when it does not come up. */
export async function startGate(options: GateOptions = {}): Promise<Gate> {
  const folder = await createGuardedFolder();
  try {
    return await startIn(folder, options);
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

async function startIn(folder: GuardedFolder, options: GateOptions): Promise<Gate> {
  const { settings = {}, flags = [], nodeFlags = [], readyPath = '/readyz', wrap = (command) => command } = options;
  const program = options.program ?? [globalThis.process.execPath, ...nodeFlags, join(root, 'src/main.ts')];
  const folders = {
    tls: join(folder.path, 'tls'),
    settings: join(folder.path, 'settings'),
    override: join(folder.path, 'override'),
  };
  const now = new Date();
  const authority = await issueCertificateAuthority({ commonName: 'gate of a test', lifetimeMs, now });
  const writeCertificate = async () => {
    const leaf = await issueLeaf({ authority, dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], lifetimeMs, now });
    await writeGeneration(folders.tls, { 'tls.crt': leaf.certificatePem, 'tls.key': leaf.privateKeyPem });
  };
  await writeCertificate();
  await writeGeneration(folders.settings, settings);
  await writeGeneration(folders.override, {});

  const [port, sidePort] = await findFreePorts(2);
  const sideUrl = `http://127.0.0.1:${sidePort}`;
  const ourFlags = [
    ...['--bind-address=127.0.0.1', `--port=${port}`, `--side-port=${sidePort}`, '--drain-seconds=0'],
    ...[`--tls-dir=${folders.tls}`, `--settings-dir=${folders.settings}`, `--override-dir=${folders.override}`],
  ];
  const nameOf = (flag: string) => flag.split('=', 1)[0];
  const process = createComponent({
    name: 'gate',
    folder,
    command: wrap([
      ...[...program, 'serve'],
      ...ourFlags.filter((ours) => !flags.some((flag) => nameOf(flag) === nameOf(ours))),
      ...flags,
    ]),
    isReady: () => isAnswering(`${sideUrl}${readyPath}`),
  });
  await process.start();

  const followLog = async () => createLogReader(process.logPath, (await stat(process.logPath)).size);
  /** Writes something, and waits for the log line with which the gate reports that it has read or refused it. */
  async function change(write: () => Promise<void>, isTold: (line: LogLine) => boolean): Promise<void> {
    const readNewLines = await followLog();
    await write();
    await waitUntil('the gate reads what was written', async () => (await readNewLines()).some(isTold));
  }
  const changeFolder = (path: string, files: Readonly<Record<string, string>>) =>
    change(
      () => writeGeneration(path, files),
      ({ msg, folder: told }) => told === path && /^settings (read|rejected)$/.test(msg),
    );

  return {
    url: `https://127.0.0.1:${port}`,
    sideUrl,
    caPem: authority.certificatePem,
    folders,
    process,
    readLog: () => createLogReader(process.logPath, 0)(),
    followLog,
    renewCertificate: () => change(writeCertificate, ({ msg }) => msg.includes('new certificate')),
    writeSettings: (entries) => changeFolder(folders.settings, entries),
    setOverride: (mode) => changeFolder(folders.override, mode === undefined ? {} : { mode }),
    stop: async (signal = 'SIGKILL') => {
      await process.kill(signal);
      await folder.remove();
    },
  };
}

/** Returns a function that reads the whole lines a file got since its last call; at first, since `position` bytes. */
function createLogReader(path: string, position: number): () => Promise<LogLine[]> {
  let at = position;
  return async () => {
    const added = (await readFile(path)).subarray(at);
    const end = added.lastIndexOf('\n') + 1;
    at += end;
    return added.toString('utf8', 0, end).split('\n').filter(Boolean).map(parseLine);
  };
}

function parseLine(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return { msg: line };
  }
}

/** Webhook configurations of the chart, in a cluster. */
export interface Webhooks {
  /** What kubectl calls them. */
  readonly names: readonly string[];
  /** Deletes them, and waits until the API server has stopped calling the gate. May be called twice. */
  readonly remove: () => Promise<void>;
}

/** Which objects the API server asks a gate about. */
export interface WebhooksOptions {
  /** As in `helm install`. */
  readonly release: string;
  /** Their names, or `*` for all. They must exist; the first is the release's own. */
  readonly namespaces: readonly [string, ...string[]];
  /** The settings of the gate. The webhooks contain its limits too. */
  readonly settings?: GateOptions['settings'];
  /** More values of the chart, as `--set` has them. */
  readonly values?: readonly string[];
}

const crdFolders = {
  ours: 'charts/orchestration-gate-crds/templates',
  /** Used in place of those of the agents chart. The shared cluster has these. */
  agents: 'test/fixtures/agents-crds',
} as const;

/** Installs CRDs, which may be there already, and waits until they can be used. */
export async function installCrds(cluster: Cluster, whose: keyof typeof crdFolders): Promise<void> {
  const folder = join(root, crdFolders[whose]);
  await run(cluster.kubectl(['apply', '--server-side', '-f', folder]));
  await run(cluster.kubectl(['wait', '--for=condition=Established', '-f', folder]));
}

/**
 * Renders the chart's webhook configurations, applies them, then writes `caBundle` under a field manager of its own, as
 * the sidecar does; resolves when the API server calls the gate through each of them. The CRDs must be there.
 */
export async function installWebhooks(cluster: Cluster, gate: Gate, options: WebhooksOptions): Promise<Webhooks> {
  const { namespaces } = options;
  const namespace = namespaces[0] === '*' ? 'default' : namespaces[0];
  const items = await applyWebhooks(cluster, gate.url, options);
  const names = items.map(({ kind, metadata }) => `${kind}/${metadata.name}`.toLowerCase());
  await publishCa(cluster, items, gate.caPem);
  await waitUntil(
    'the API server calls the gate',
    async () => (await probe(cluster, gate, namespace)) === names.length,
  );

  async function remove(): Promise<void> {
    await run(cluster.kubectl(['delete', '--ignore-not-found', ...names]));
    await waitUntil('the API server forgets the gate', async () => (await probe(cluster, gate, namespace)) === 0);
  }
  return { names, remove };
}

/** Renders the chart's webhook configurations and applies them, with no caBundle: returns what the API server stored. */
export async function applyWebhooks(
  cluster: Cluster,
  url: string,
  { release, namespaces, settings = {}, values = [] }: WebhooksOptions,
): Promise<readonly WebhookConfiguration[]> {
  const limits = Object.entries(settings).filter(([key]) => key.startsWith('limits.'));
  const namespace = namespaces[0] === '*' ? 'default' : namespaces[0];
  const manifest = await run(
    cluster.helm([
      ...['template', release, join(root, 'charts/orchestration-gate'), '--namespace', namespace],
      ...['--show-only', 'templates/webhooks.yaml', '--set', `webhook.url=${url}`],
      ...['--set-json', `controller.namespaces=${JSON.stringify(namespaces)}`],
      ...limits.flatMap(([key, value]) => ['--set', `settings.${key}=${value}`]),
      ...values.flatMap((value) => ['--set', value]),
    ]),
  );
  await run(cluster.kubectl(['apply', '-f', '-'], { input: manifest }));
  const stored = await run(cluster.kubectl(['get', '-f', '-', '-o', 'json'], { input: manifest }));
  return (JSON.parse(stored) as List).items;
}

interface List {
  readonly items: readonly WebhookConfiguration[];
}

interface WebhookConfiguration {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly webhooks: readonly { readonly name: string }[];
}

async function publishCa(cluster: Cluster, items: List['items'], caPem: string): Promise<void> {
  const caBundle = Buffer.from(caPem).toString('base64');
  const bundles = items.map(({ apiVersion, kind, metadata: { name }, webhooks }) => ({
    apiVersion,
    kind,
    metadata: { name },
    webhooks: webhooks.map((webhook) => ({ name: webhook.name, clientConfig: { caBundle } })),
  }));
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: bundles });
  // kubectl's validation knows no partial objects: it would complain of missing fields, which another manager owns.
  const serverSide = ['--server-side', '--field-manager=orchestration-gate-ca', '--validate=false'];
  await run(cluster.kubectl(['apply', ...serverSide, '-f', '-'], { input }));
}

/** How many webhooks ask the gate about a sequential Orchestration and a run of it. It logs a line for each. */
async function probe(cluster: Cluster, gate: Gate, namespace: string): Promise<number> {
  const apiVersion = 'orchestration.proompteng.ai/v1alpha1';
  const name = `probe-${randomBytes(4).toString('hex')}`;
  const metadata = { name, namespace };
  const steps = ['one', 'two'].map((name) => ({ name, kind: 'Checkpoint' }));
  const items = [
    { apiVersion, kind: 'Orchestration', metadata, spec: { steps } },
    { apiVersion, kind: 'OrchestrationRun', metadata, spec: { orchestrationRef: { name } } },
  ];
  const readNewLines = await gate.followLog();
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  await cluster.kubectl(['create', '--dry-run=server', '-f', '-'], { input });
  const asked = (await readNewLines()).filter((line) => line['name'] === name);
  return new Set(asked.map(({ webhook, kind }) => JSON.stringify([webhook, kind]))).size;
}

/** Returns what a client printed. Throws its errors if it failed. */
async function run(result: ReturnType<Cluster['kubectl']>): Promise<string> {
  const { code, stdout, stderr } = await result;
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

async function waitUntil(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + patienceSeconds * 1000;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`waited ${patienceSeconds} s in vain until ${what}`);
    await delay(pollMilliseconds);
  }
}
