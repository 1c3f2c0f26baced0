import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Environment } from './credential-plugin.ts';
import type { LoadCredentials } from './credentials.ts';
import { type Kubeconfig, readKubeconfig, textOf } from './kubeconfig-file.ts';
import { type ClusterAndUser, createCredentialReader, type PluginHost } from './kubeconfig-user.ts';

/**
 * Loads the credentials of a kubeconfig's current context: inline or from files, with a client certificate, token,
 * password, exec plugin or auth-provider. Reads the file at each load, so that a replaced token is found.
 */
export function loadKubeconfig(path: string, host: PluginHost): LoadCredentials {
  return loadFrom(() => {
    const config = readKubeconfig([path]);
    return joinContext(config, config.currentContext);
  }, host);
}

function loadFrom(readPair: () => ClusterAndUser, host: PluginHost): LoadCredentials {
  const readCredentials = createCredentialReader(host);
  return async (isRejected) => readCredentials(readPair(), isRejected);
}

function joinContext({ contexts, clusters, users }: Kubeconfig, name: string): ClusterAndUser {
  const fields = contexts.get(name)?.fields;
  const cluster = clusters.get(textOf(fields?.['cluster']) ?? '');
  if (cluster === undefined) {
    throw new Error(`the kubeconfig's current context ${JSON.stringify(name)} names no cluster in it`);
  }
  const userName = textOf(fields?.['user']);
  const user = users.get(userName ?? '');
  if (userName !== undefined && user === undefined) {
    throw new Error(`the kubeconfig's current context ${JSON.stringify(name)} names no user in it`);
  }
  return { cluster, user };
}

/** The cluster, user and namespace that a user's command acts on. */
export interface UserContext {
  readonly context: string;
  /** The namespace of the context, or `default`. */
  readonly namespace: string;
  readonly load: LoadCredentials;
}

/**
 * Finds the context that kubectl would use: `context`, or else the current context. Reads the file `kubeconfig`, or
 * else the files in KUBECONFIG, or else `~/.kube/config`. Throws an Error that says what is missing, and in which file.
 */
export function readUserContext(
  choice: { readonly kubeconfig?: string | undefined; readonly context?: string | undefined },
  host: PluginHost,
): UserContext {
  const files = findKubeconfigs(choice.kubeconfig, host.environment);
  const config = readKubeconfig(files);
  const name = choice.context ?? config.currentContext;
  const context = config.contexts.get(name);
  if (context === undefined) throw new Error(describeNoContext(config, files, name));
  // Later loads use the name, so that switching the current context in another terminal does not affect this process.
  const load = loadFrom(() => joinContext(readKubeconfig(files), name), host);
  return { context: name, namespace: textOf(context.fields['namespace']) ?? 'default', load };
}

function findKubeconfigs(chosen: string | undefined, environment: Environment): readonly string[] {
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

function describeNoContext({ contexts }: Kubeconfig, files: readonly string[], wanted: string): string {
  const where = `in ${files.join(', ')}`;
  const names = [...contexts.keys()].map((name) => JSON.stringify(name)).join(', ') || 'none';
  if (wanted === '') {
    if (contexts.size === 0) return `there is no context ${where}: use a kubeconfig of a cluster`;
    return `no current context is set ${where}: name one with --context; there are ${names}`;
  }
  return `there is no context ${JSON.stringify(wanted)} ${where}; there are ${names}`;
}
