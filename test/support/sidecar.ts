import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from './controlplane/cluster.ts';
import { type Component, createComponent } from './controlplane/component.ts';
import { createGuardedFolder } from './controlplane/folder.ts';
import { findFreePorts, isAnswering } from './controlplane/network.ts';
import type { LogLine } from './gate.ts';

const root = join(import.meta.dirname, '../..');

/** The chart's second container, as a process that only keeps certificates. */
export interface Sidecar {
  /** Where it puts its leaf. */
  readonly tlsDir: string;
  /** For metrics: `http://127.0.0.1:port`. */
  readonly sideUrl: string;
  readonly process: Component;
  readonly readLog: () => Promise<readonly LogLine[]>;
  readonly stop: () => Promise<void>;
}

/** Starts one; resolves when it answers probes, which is before it has done anything. */
export async function startSidecar(kubeconfig: string, flags: readonly string[]): Promise<Sidecar> {
  const folder = await createGuardedFolder();
  const [port] = await findFreePorts(1);
  const tlsDir = join(folder.path, 'tls');
  const sideUrl = `http://127.0.0.1:${port}`;
  const process = createComponent({
    name: 'sidecar',
    folder,
    command: [
      ...[globalThis.process.execPath, join(root, 'src/main.ts'), 'reconcile'],
      ...['--bind-address=127.0.0.1', `--side-port=${port}`, `--kubeconfig=${kubeconfig}`, `--tls-dir=${tlsDir}`],
      ...flags,
    ],
    isReady: () => isAnswering(`${sideUrl}/readyz`),
  });
  await process.start();
  return {
    tlsDir,
    sideUrl,
    process,
    readLog: async () =>
      (await readFile(process.logPath, 'utf8'))
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as LogLine),
    async stop() {
      await process.kill('SIGKILL');
      await folder.remove();
    },
  };
}

/** An account with the rights that the chart gives the sidecar, and no others; returns its kubeconfig. */
export async function createSidecarAccount(
  cluster: Cluster,
  namespace: string,
  secret: string,
  webhookConfigurations: readonly string[],
): Promise<string> {
  const name = `sidecar-${namespace}`;
  const namesOf = (kind: string) =>
    webhookConfigurations.filter((each) => each.startsWith(`${kind}/`)).map((each) => each.slice(kind.length + 1));
  const rule = (apiGroup: string, resource: string, resourceNames: readonly string[], verbs: readonly string[]) => ({
    apiGroups: [apiGroup],
    resources: [resource],
    resourceNames,
    verbs,
  });
  const rbac = 'rbac.authorization.k8s.io';
  const bind = (kind: string, metadata: object) => ({
    apiVersion: `${rbac}/v1`,
    kind: `${kind}Binding`,
    metadata,
    roleRef: { apiGroup: rbac, kind, name },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  });
  const onConfigurations = ['get', 'list', 'watch', 'patch'];
  const admission = 'admissionregistration.k8s.io';
  const items = [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'Role',
      metadata: { name, namespace },
      rules: [
        rule('', 'secrets', [secret], ['get', 'patch']),
        { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list'] },
      ],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRole',
      metadata: { name },
      rules: ['mutating', 'validating'].map((kind) =>
        rule(admission, `${kind}webhookconfigurations`, namesOf(kind), onConfigurations),
      ),
    },
    bind('Role', { name, namespace }),
    bind('ClusterRole', { name }),
  ];
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  const { code, stderr } = await cluster.kubectl(['apply', '-f', '-'], { input });
  if (code !== 0) throw new Error(stderr);
  return cluster.serviceAccountKubeconfig(namespace, name);
}
