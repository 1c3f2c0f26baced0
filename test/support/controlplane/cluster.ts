import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Environment } from './settings.ts';
import type { Tools } from './tools.ts';

/** What a suite may need of the cluster that not every cluster gives. */
export interface Capabilities {
  /** Controllers run: namespaces end, owned objects are collected, Jobs get pods. */
  readonly controllers: boolean;
  /** The API server reaches webhooks that listen on this machine's 127.0.0.1. */
  readonly loopbackWebhooks: boolean;
  /** A suite may start control planes of its own, kill and restart their components. */
  readonly ownControlPlane: boolean;
}

/** Where a cluster is and how to be its administrator: plain data, to hand to another process. */
export interface ClusterAddress {
  /** Holds what we write about this cluster: kubeconfigs, kubectl's and helm's caches. Goes when the cluster ends. */
  readonly folder: string;
  /** Path of a kubeconfig whose user may do everything. */
  readonly kubeconfig: string;
  /** `https://host:port`. */
  readonly server: string;
  /** CA certificates that sign the server's, base64 of PEM, as in a kubeconfig. */
  readonly caData: string;
  /** Bearer token of the kubeconfig's user; null if an existing cluster's user has another way in. */
  readonly adminToken: string | null;
  readonly capabilities: Capabilities;
  readonly tools: Tools;
  readonly environment: Environment;
}

/** A cluster, with the clients that talk to it. */
export interface Cluster extends ClusterAddress {
  /** Runs kubectl; a failure is a code, not a throw. */
  readonly kubectl: RunTool;
  /** Runs helm; a failure is a code, not a throw. */
  readonly helm: RunTool;
  /** Returns the path of a kubeconfig for this service account, with a real token, valid for an hour or `hours`. */
  readonly serviceAccountKubeconfig: (namespace: string, name: string, hours?: number) => Promise<string>;
}

type RunTool = (toolArguments: readonly string[], options?: ToolOptions) => Promise<ToolResult>;

/** How one run of a client differs from the usual. */
interface ToolOptions {
  /** Written to its standard input. */
  readonly input?: string;
  /** Added to its environment. */
  readonly env?: Environment;
  /** Used instead of the administrator's. */
  readonly kubeconfig?: string;
}

/** The result of one run of a client. */
interface ToolResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Makes the clients for a cluster. Sends no request yet. */
export function connectCluster(address: ClusterAddress): Cluster {
  const { folder, tools } = address;
  const kubectl: RunTool = (toolArguments, options = {}) => runTool(tools.kubectl, toolArguments, address, options);
  const helm: RunTool = (toolArguments, options = {}) => runTool(tools.helm, toolArguments, address, options);

  async function serviceAccountKubeconfig(namespace: string, name: string, hours = 1): Promise<string> {
    const token = await kubectl(['create', 'token', name, '--namespace', namespace, `--duration=${hours}h`]);
    if (token.code !== 0) throw new Error(`no token for service account ${namespace}/${name}: ${token.stderr}`);
    const config = JSON.parse(await readFile(address.kubeconfig, 'utf8')) as { users: { user: object }[] };
    for (const user of config.users) user.user = { token: token.stdout.trim() };
    const path = join(folder, `${namespace}.${name}.kubeconfig`);
    await writeFile(path, JSON.stringify(config), { mode: 0o600 });
    return path;
  }

  return { ...address, kubectl, helm, serviceAccountKubeconfig };
}

/** Runs a client with every cache inside the cluster's folder: discovery remembered from another cluster is wrong here. */
async function runTool(
  file: string,
  toolArguments: readonly string[],
  { folder, kubeconfig, environment }: Pick<ClusterAddress, 'folder' | 'kubeconfig' | 'environment'>,
  options: ToolOptions,
): Promise<ToolResult> {
  const child = spawn(file, toolArguments, {
    env: {
      ...environment,
      KUBECONFIG: options.kubeconfig ?? kubeconfig,
      KUBECACHEDIR: join(folder, 'kubectl'),
      KUBERC: 'off',
      HELM_CACHE_HOME: join(folder, 'helm/cache'),
      HELM_CONFIG_HOME: join(folder, 'helm/config'),
      HELM_DATA_HOME: join(folder, 'helm/data'),
      ...options.env,
    },
  });
  child.stdin.on('error', () => {}); // it ended without reading all of its input: its code says whether that is bad
  child.stdin.end(options.input);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode ?? -1, stdout, stderr };
}
