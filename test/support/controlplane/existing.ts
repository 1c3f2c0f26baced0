import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Cluster, type ClusterAddress, connectCluster } from './cluster.ts';
import { createGuardedFolder } from './folder.ts';
import type { Environment } from './settings.ts';
import type { Tools } from './tools.ts';

/** A cluster that existed before the tests and stays after them. */
export interface ExistingCluster extends Cluster {
  readonly address: ClusterAddress;
  /** Removes what we wrote about the cluster on this machine; the cluster itself is left as it is. */
  readonly stop: () => Promise<void>;
}

interface Kubeconfig {
  readonly clusters: readonly [{ cluster: { server: string; 'certificate-authority-data'?: string } }];
  readonly users: readonly [{ user: { token?: string } }];
}

/** Connects to the current context of `kubeconfig`; throws if the cluster does not answer. */
export async function useExistingCluster(
  kubeconfig: string,
  tools: Tools,
  environment: Environment,
): Promise<ExistingCluster> {
  const folder = await createGuardedFolder();
  try {
    const given: ClusterAddress = {
      folder: folder.path,
      kubeconfig,
      server: '',
      caData: '',
      adminToken: null,
      capabilities: { controllers: true, loopbackWebhooks: false, ownControlPlane: false },
      tools,
      environment,
    };
    const { kubectl } = connectCluster(given);
    // A copy, whole in one file: switching context in another terminal must not move a run to another cluster.
    const view = await kubectl(['config', 'view', '--raw', '--minify', '--flatten', '--output', 'json']);
    const ready = await kubectl(['get', '--raw', '/readyz', '--request-timeout', '10s']);
    if (view.code !== 0 || ready.code !== 0) {
      throw new Error(`The cluster of KUBECONFIG ${kubeconfig} does not answer: ${view.stderr || ready.stderr}`);
    }
    const copy = join(folder.path, 'admin.kubeconfig');
    await writeFile(copy, view.stdout, { mode: 0o600 });
    const { clusters, users } = JSON.parse(view.stdout) as Kubeconfig;
    const address: ClusterAddress = {
      ...given,
      kubeconfig: copy,
      server: clusters[0].cluster.server,
      caData: clusters[0].cluster['certificate-authority-data'] ?? '',
      adminToken: users[0].user.token ?? null,
    };
    return { ...connectCluster(address), address, stop: folder.remove };
  } catch (error) {
    await folder.remove();
    throw error;
  }
}
