import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import type { LoadCredentials, TlsCredentials } from './credentials.ts';

/**
 * The credentials of a kubeconfig's current context: inline or from files, by client certificate, token, password, or exec
 * plugin. The file is read at each load, so a token that was replaced in it is found. Importing this module costs what
 * client-node costs (0.3 s, 55 MB): inside a cluster use `loadInCluster`.
 */
export function loadKubeconfig(path: string): LoadCredentials {
  let config: KubeConfig | undefined;
  return async (isRefused) => {
    // client-node remembers what an exec plugin gave until it expires: kept, or the plugin would start each minute.
    if (isRefused || !config?.getCurrentUser()?.exec) {
      config = new KubeConfig();
      config.loadFromFile(path);
    }
    return readCredentials(config);
  };
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
