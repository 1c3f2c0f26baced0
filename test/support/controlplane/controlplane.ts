import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Binaries } from './binaries.ts';
import { type Cluster, type ClusterAddress, connectCluster } from './cluster.ts';
import { type Component, createComponent } from './component.ts';
import { apiserverFlags, controllerManagerFlags, etcdFlags, files } from './flags.ts';
import { createGuardedFolder, type GuardedFolder } from './folder.ts';
import { findFreePorts, isAnswering } from './network.ts';
import type { Environment } from './settings.ts';
import type { Tools } from './tools.ts';

/** What a control plane is made from: plain data, to hand to another process. */
export interface ControlPlaneParts {
  readonly binaries: Binaries;
  readonly tools: Tools;
  /** Passed on to kubectl and helm. */
  readonly environment: Environment;
}

/** What kind of control plane to start. */
export interface ControlPlaneOptions extends ControlPlaneParts {
  /** Whether kube-controller-manager runs too; without it namespaces never end and nothing is collected. */
  readonly controllerManager?: boolean;
  /** Whether the API server writes every request to `auditLog`, one JSON line when it is answered. */
  readonly audit?: boolean;
  /** More flags of the API server, which win over ours: `--min-request-timeout=5`. */
  readonly apiserverFlags?: readonly string[];
  /** Users in addition to the administrator, of any name and in no group. */
  readonly users?: readonly string[];
}

/** A control plane of our own: a cluster without nodes. */
export interface ControlPlane extends Cluster {
  readonly adminToken: string;
  /** The bearer tokens of `users`, by name. */
  readonly tokens: ReadonlyMap<string, string>;
  /** This cluster as plain data, for `connectCluster` in another process. */
  readonly address: ClusterAddress;
  readonly etcd: Component;
  readonly apiserver: Component;
  /** Null unless asked for. */
  readonly controllerManager: Component | null;
  /** Where the audit log is, if asked for. */
  readonly auditLog: string;
  /** Ends its processes and removes its folder, as also happens when this process dies. May be called twice. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts etcd and kube-apiserver, and waits until they are ready: 3 s on 2 cores, 420 MB with a controller manager.
 * Throws with the end of the log of a component that does not come up, and then leaves nothing behind.
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const folder = await createGuardedFolder();
  try {
    return await startIn(folder, options);
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

async function startIn(folder: GuardedFolder, options: ControlPlaneOptions): Promise<ControlPlane> {
  const { binaries, tools, environment, audit = false } = options;
  const adminToken = randomUUID();
  const tokens = new Map((options.users ?? []).map((user) => [user, randomUUID()]));
  await writeInputs(folder.path, adminToken, tokens);
  const [clientPort, peerPort, securePort] = await findFreePorts(3);
  const etcdUrl = `http://127.0.0.1:${clientPort}`;
  const server = `https://127.0.0.1:${securePort}`;
  const readCa = () => readFile(join(folder.path, files.servingCertificate), 'utf8');
  const isServing = (path: string) =>
    readCa().then(
      (ca) => isAnswering(server + path, { ca, token: adminToken }),
      () => false,
    );

  const etcd = createComponent({
    name: 'etcd',
    folder,
    command: [...binaries.etcd, ...etcdFlags(etcdUrl, `http://127.0.0.1:${peerPort}`)],
    isReady: () => isAnswering(`${etcdUrl}/readyz`),
  });
  const apiserver = createComponent({
    name: 'kube-apiserver',
    folder,
    command: [...binaries.apiserver, ...apiserverFlags(etcdUrl, `${securePort}`, audit, options.apiserverFlags ?? [])],
    isReady: () => isServing('/readyz'),
  });
  const controllerManager =
    options.controllerManager === true ? createControllerManager(folder, binaries, isServing) : null;

  await etcd.start();
  await apiserver.start();
  const access = await writeAdminKubeconfig(folder.path, { server, ca: await readCa(), adminToken });
  await controllerManager?.start();

  const capabilities = { controllers: controllerManager !== null, loopbackWebhooks: true, ownControlPlane: true };
  const address = { ...access, folder: folder.path, capabilities, tools, environment };
  const stop = async () => {
    for (const component of [controllerManager, apiserver, etcd]) await component?.kill('SIGKILL');
    await folder.remove();
  };
  const auditLog = join(folder.path, files.auditLog);
  return { ...connectCluster(address), ...access, tokens, address, etcd, apiserver, controllerManager, auditLog, stop };
}

function createControllerManager(
  folder: GuardedFolder,
  { controllerManager }: Binaries,
  isServing: (path: string) => Promise<boolean>,
): Component {
  if (controllerManager === null) {
    throw new Error('KUBEBUILDER_ASSETS holds no kube-controller-manager, and this control plane needs one.');
  }
  return createComponent({
    name: 'kube-controller-manager',
    folder,
    command: [...controllerManager, ...controllerManagerFlags()],
    // The first visible effect of a working controller manager.
    isReady: () => isServing('/api/v1/namespaces/default/serviceaccounts/default'),
  });
}

async function writeInputs(folder: string, adminToken: string, users: ReadonlyMap<string, string>): Promise<void> {
  const write = (name: string, content: string) => writeFile(join(folder, name), content, { mode: 0o600 });
  const lines = [...users].map(([name, token]) => `${token},"${name.replaceAll('"', '""')}",${token}\n`);
  await write(files.tokens, [`${adminToken},admin,admin,system:masters\n`, ...lines].join(''));
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await write(files.serviceAccountKey, privateKey.export({ type: 'sec1', format: 'pem' }).toString());
  const policy = {
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    rules: [{ level: 'Metadata' }],
  };
  await write(files.auditPolicy, JSON.stringify(policy));
}

async function writeAdminKubeconfig(
  folder: string,
  { server, ca, adminToken }: { server: string; ca: string; adminToken: string },
) {
  const caData = Buffer.from(ca).toString('base64');
  const kubeconfig = join(folder, files.kubeconfig);
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'tests', cluster: { server, 'certificate-authority-data': caData } }],
    users: [{ name: 'admin', user: { token: adminToken } }],
    contexts: [{ name: 'tests', context: { cluster: 'tests', user: 'admin' } }],
    'current-context': 'tests',
  };
  await writeFile(kubeconfig, JSON.stringify(content), { mode: 0o600 });
  return { kubeconfig, server, caData, adminToken };
}
