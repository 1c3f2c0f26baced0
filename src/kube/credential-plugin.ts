import { execFile } from 'node:child_process';
import { isAbsolute, resolve } from 'node:path';
import { promisify } from 'node:util';
import { asRecord } from '../orchestration/decode.ts';
import { type Entry, listOf, readDataOrFile, textOf } from './kubeconfig-file.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The credentials that a plugin or an identity provider issued to the user of a kubeconfig. */
export interface Issued {
  readonly token?: string | undefined;
  /** In PEM, together with `key`. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** In milliseconds since the epoch. Infinity means valid until the API server rejects it. */
  readonly expiresAtMs: number;
}

export interface PluginCall {
  /** The `exec` field of the user. */
  readonly exec: Readonly<Record<string, unknown>>;
  readonly user: Entry;
  readonly cluster: Entry;
  readonly environment: Environment;
}

/**
 * Runs the credential plugin of a user with the client.authentication.k8s.io protocol. The plugin is not interactive.
 * Throws an Error that says what is wrong with the plugin.
 */
export async function runPlugin({ exec, user, cluster, environment }: PluginCall): Promise<Issued> {
  const { apiVersion, args, env, installHint } = exec;
  const command = textOf(exec['command']);
  if (command === undefined) throw new Error(`user ${user.name} of the kubeconfig has a plugin without a command`);
  const variables = listOf(env).map((variable) => [asRecord(variable)['name'], asRecord(variable)['value']]);
  const spec = {
    interactive: false,
    ...(exec['provideClusterInfo'] === true && { cluster: describeCluster(cluster) }),
  };
  const output = await runProgram(
    // As in kubectl, PATH is searched for a bare name, and a relative path starts at the folder of the kubeconfig.
    command.includes('/') && !isAbsolute(command) ? resolve(user.folder, command) : command,
    listOf(args).map(String),
    {
      ...environment,
      ...Object.fromEntries(variables),
      KUBERNETES_EXEC_INFO: JSON.stringify({ apiVersion, kind: 'ExecCredential', spec }),
    },
  ).catch((error: Error) => {
    const hint = textOf(installHint);
    throw new Error([error.message, ...(hint === undefined ? [] : [hint.trim()])].join('\n'), { cause: error });
  });
  const status = asRecord(asRecord(parseOutput(command, output))['status']);
  const [token, cert] = [textOf(status['token']), textOf(status['clientCertificateData'])];
  if (token === undefined && cert === undefined) {
    throw new Error(`the credential plugin ${command} gave neither a token nor a certificate`);
  }
  const expiresAtMs = Date.parse(String(status['expirationTimestamp']));
  return {
    ...{ token, cert, key: textOf(status['clientKeyData']) },
    expiresAtMs: Number.isNaN(expiresAtMs) ? Number.POSITIVE_INFINITY : expiresAtMs,
  };
}

function describeCluster(cluster: Entry): object {
  const { fields } = cluster;
  const authority = readDataOrFile(cluster, 'certificate-authority');
  const extension = listOf(fields['extensions'])
    .map(asRecord)
    .find(({ name }) => name === 'client.authentication.k8s.io/exec');
  return {
    server: fields['server'],
    'tls-server-name': fields['tls-server-name'],
    'insecure-skip-tls-verify': fields['insecure-skip-tls-verify'],
    ...(authority && { 'certificate-authority-data': Buffer.from(authority).toString('base64') }),
    config: extension?.['extension'],
  };
}

const execute = promisify(execFile);

/** Runs a program with empty input until it exits. Returns what it printed. Throws an Error that quotes its stderr. */
export async function runProgram(command: string, args: readonly string[], env: Environment): Promise<string> {
  const running = execute(command, args, { env });
  running.child.stdin?.end();
  try {
    return (await running).stdout;
  } catch (error) {
    const { code, stderr = '', message } = error as Error & { readonly code?: unknown; readonly stderr?: string };
    const why = code === 'ENOENT' ? 'is not installed' : `failed: ${stderr.trim() || message}`;
    throw new Error(`the credential plugin ${command} ${why}`, { cause: error });
  }
}

/** Parses the output of a plugin as JSON. */
export function parseOutput(command: string, output: string): unknown {
  try {
    return JSON.parse(output);
  } catch (error) {
    throw new Error(`the credential plugin ${command} printed no JSON`, { cause: error });
  }
}
