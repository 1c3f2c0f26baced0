import { existsSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { delimiter, join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import type { LoadCredentials, TlsCredentials } from './credentials.ts';

/**
 * The credentials of a kubeconfig's current context: inline or from files, by client certificate, token, password, or exec
 * plugin. The file is read at each load, so a token that was replaced in it is found. Importing this module costs what
 * client-node costs (0.3 s, 55 MB): inside a cluster use `loadInCluster`.
 */
export function loadKubeconfig(path: string): LoadCredentials {
  return loadFrom(() => {
    const config = new KubeConfig();
    config.loadFromFile(path);
    return config;
  });
}

function loadFrom(readConfig: () => KubeConfig): LoadCredentials {
  let config: KubeConfig | undefined;
  return async (isRefused) => {
    // client-node remembers what an exec plugin gave until it expires: kept, or the plugin would start each minute.
    if (isRefused || !config?.getCurrentUser()?.exec) config = readConfig();
    return readCredentials(config);
  };
}

/** Which cluster a person means, as whom. */
export interface UserContext {
  readonly context: string;
  /** The context's own, or `default`. */
  readonly namespace: string;
  readonly load: LoadCredentials;
}

/**
 * The context that kubectl would use: that of `context`, or the current one, in the file given by `kubeconfig`, or those
 * that KUBECONFIG lists, or `~/.kube/config`. Throws an Error that says what is missing where.
 */
export function readUserContext(
  choice: { readonly kubeconfig?: string | undefined; readonly context?: string | undefined },
  environment: Readonly<Record<string, string | undefined>>,
): UserContext {
  const files = findKubeconfigs(choice.kubeconfig, environment);
  const config = readMerged(files, choice.context);
  const context = config.getContextObject(config.currentContext);
  if (context === null) throw new Error(describeNoContext(config, files, choice.context));
  const { name, namespace } = context;
  // By name from now on: whoever switches the current context in another terminal does not mean this process.
  return { context: name, namespace: namespace || 'default', load: loadFrom(() => readMerged(files, name)) };
}

function findKubeconfigs(
  chosen: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  if (chosen !== undefined) {
    if (!existsSync(chosen)) throw new Error(`there is no kubeconfig ${JSON.stringify(chosen)}`);
    return [chosen];
  }
  const listed = (environment['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '');
  const files = listed.length > 0 ? listed : [join(environment['HOME'] ?? '', '.kube/config')];
  const found = files.filter((file) => existsSync(file));
  if (found.length > 0) return found;
  const where = listed.length > 0 ? `KUBECONFIG names ${files.join(', ')}` : `there is no ${files[0]}`;
  throw new Error(`no kubeconfig: ${where}; name one with --kubeconfig or KUBECONFIG`);
}

/** As kubectl merges: of two entries of a name, and of two current contexts, the first counts. */
function readMerged(files: readonly string[], context: string | undefined): KubeConfig {
  const merged = new KubeConfig();
  for (const file of files) {
    const next = new KubeConfig();
    try {
      next.loadFromFile(file);
    } catch (error) {
      // What follows draws the place, in lines of its own.
      const [message] = (error as Error).message.split('\n');
      throw new Error(`the kubeconfig ${JSON.stringify(file)} cannot be read: ${message}`, { cause: error });
    }
    merged.clusters = addMissing(merged.clusters, next.clusters);
    merged.users = addMissing(merged.users, next.users);
    merged.contexts = addMissing(merged.contexts, next.contexts);
    merged.currentContext ||= next.currentContext;
  }
  if (context !== undefined) merged.currentContext = context;
  return merged;
}

function addMissing<Named extends { readonly name: string }>(known: Named[] | undefined, more: Named[]): Named[] {
  const names = new Set(known?.map(({ name }) => name));
  return [...(known ?? []), ...more.filter(({ name }) => !names.has(name))];
}

function describeNoContext(config: KubeConfig, files: readonly string[], wanted: string | undefined): string {
  const where = `in ${files.join(', ')}`;
  const names = config.contexts.map(({ name }) => JSON.stringify(name)).join(', ') || 'none';
  if (wanted === undefined && !config.currentContext) {
    return `no current context is set ${where}: name one with --context; there are ${names}`;
  }
  return `there is no context ${JSON.stringify(config.currentContext)} ${where}; there are ${names}`;
}

async function readCredentials(config: KubeConfig): ReturnType<LoadCredentials> {
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new Error(`the kubeconfig's current context ${JSON.stringify(config.currentContext)} names no cluster in it`);
  }
  if (cluster.proxyUrl) throw new Error(`proxy-url of cluster ${cluster.name} in the kubeconfig is not supported`);
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = String(value);
  if (options.auth) headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  return { server: cluster.server.replace(/\/$/, ''), headers, tls: readTls(options) };
}

function readTls({ ca, cert, key, servername, rejectUnauthorized = true }: RequestOptions): TlsCredentials {
  // client-node gives PEM as a buffer, or as the text that a plugin gave.
  const toText = (pem: unknown) => (typeof pem === 'string' || Buffer.isBuffer(pem) ? pem.toString() : undefined);
  return { ca: toText(ca), cert: toText(cert), key: toText(key), servername, rejectUnauthorized };
}
