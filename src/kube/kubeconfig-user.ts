import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { asRecord } from '../orchestration/decode.ts';
import { askProvider } from './auth-provider.ts';
import { type Environment, type Issued, runPlugin } from './credential-plugin.ts';
import type { Credentials } from './credentials.ts';
import { type Entry, readDataOrFile, textOf } from './kubeconfig-file.ts';

/** The cluster and the user of a context. */
export interface ClusterAndUser {
  readonly cluster: Entry;
  /** Undefined if the context names no user; requests are anonymous. */
  readonly user: Entry | undefined;
}

/** The environment and the clock of the process that runs plugins. */
export interface PluginHost {
  readonly environment: Environment;
  /** In milliseconds since the epoch. */
  readonly now: () => number;
}

/** Reads credentials. Keeps what a plugin or provider issued until it expires or `isRejected` is set. */
export type ReadCredentials = (pair: ClusterAndUser, isRejected: boolean) => Promise<Credentials>;

export function createCredentialReader({ environment, now }: PluginHost): ReadCredentials {
  let kept: { readonly for: string; readonly issued: Issued } | undefined;

  async function issue(cluster: Entry, user: Entry, isRejected: boolean): Promise<Issued | undefined> {
    const { exec, 'auth-provider': provider } = user.fields;
    if (exec == null && provider == null) return undefined;
    const key = JSON.stringify([exec, provider]);
    if (!isRejected && kept?.for === key && kept.issued.expiresAtMs > now()) return kept.issued;
    const { name, config } = asRecord(provider);
    const issued =
      exec == null
        ? await askProvider({ user: { ...user, fields: asRecord(config) }, name, environment, nowMs: now() })
        : await runPlugin({ exec: asRecord(exec), user, cluster, environment });
    kept = { for: key, issued };
    return issued;
  }

  return async ({ cluster, user }, isRejected) => {
    const server = readServer(cluster);
    const issued = user && (await issue(cluster, user, isRejected));
    return {
      server,
      headers: user === undefined ? {} : readHeaders(user, issued),
      tls: {
        ca: readDataOrFile(cluster, 'certificate-authority'),
        cert: issued?.cert ?? (user && readDataOrFile(user, 'client-certificate')),
        key: issued?.key ?? (user && readDataOrFile(user, 'client-key')),
        servername: textOf(cluster.fields['tls-server-name']),
        rejectUnauthorized: cluster.fields['insecure-skip-tls-verify'] !== true,
      },
    };
  };
}

function readServer({ name, fields }: Entry): string {
  const server = textOf(fields['server']);
  if (server === undefined) throw new Error(`cluster ${name} of the kubeconfig has no server`);
  if (textOf(fields['proxy-url'])) throw new Error(`proxy-url of cluster ${name} in the kubeconfig is not supported`);
  if (server.startsWith('http:') && fields['insecure-skip-tls-verify'] !== true) {
    throw new Error(
      `cluster ${name} of the kubeconfig is http: set insecure-skip-tls-verify to send credentials in clear`,
    );
  }
  return server.replace(/\/$/, '');
}

/** As in kubectl, `tokenFile` overrides `token`, and both override an issued token. */
function readHeaders({ fields, folder }: Entry, issued: Issued | undefined): Readonly<Record<string, string>> {
  const file = textOf(fields['tokenFile']);
  const token = file === undefined ? textOf(fields['token']) : readFileSync(resolve(folder, file), 'utf8').trim();
  const bearer = token ?? issued?.token;
  const [username, subject] = [textOf(fields['username']), textOf(fields['as'])];
  const basic = Buffer.from(`${username}:${textOf(fields['password']) ?? ''}`).toString('base64');
  return {
    ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
    ...(username !== undefined && { authorization: `Basic ${basic}` }),
    ...(subject !== undefined && { 'impersonate-user': subject }),
  };
}
