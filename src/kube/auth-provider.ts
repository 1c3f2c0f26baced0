import { Agent, fetch } from 'undici';
import { asRecord } from '../orchestration/decode.ts';
import { type Environment, type Issued, parseOutput, runProgram } from './credential-plugin.ts';
import { type Entry, readDataOrFile, textOf } from './kubeconfig-file.ts';

export interface ProviderCall {
  /** The user, with the `config` of its auth-provider as fields. */
  readonly user: Entry;
  readonly name: unknown;
  readonly environment: Environment;
  /** In milliseconds since the epoch. */
  readonly nowMs: number;
}

/**
 * Gets a token from the auth-provider that a kubeconfig names: `oidc`, or `azure` and `gcp`, which kubectl 1.26
 * removed. Returns the token in the kubeconfig until that expires. Does not write a new one back. Throws an Error if
 * there is no token.
 */
export async function askProvider({ user, name, environment, nowMs }: ProviderCall): Promise<Issued> {
  if (name !== 'oidc' && name !== 'azure' && name !== 'gcp') {
    throw new Error(`user ${user.name} of the kubeconfig has the unknown auth-provider ${JSON.stringify(name)}`);
  }
  const stored = name === 'oidc' ? readIdToken(user) : readAccessToken(user);
  if (stored.token !== undefined && stored.expiresAtMs > nowMs) return stored;
  return name === 'oidc' ? refreshIdToken(user) : askProgram(user, environment);
}

function readIdToken({ fields }: Entry): Issued {
  const token = textOf(fields['id-token']);
  const [, payload = ''] = token?.split('.') ?? [];
  try {
    const { exp } = asRecord(JSON.parse(Buffer.from(payload, 'base64url').toString()));
    return { token, expiresAtMs: Number(exp) * 1_000 };
  } catch {
    return { token, expiresAtMs: 0 }; // not a JWT: ask the issuer for one
  }
}

async function refreshIdToken(user: Entry): Promise<Issued> {
  const { fields } = user;
  const [issuer, client, refreshToken] = ['idp-issuer-url', 'client-id', 'refresh-token'].map((at) =>
    textOf(fields[at]),
  );
  if (issuer === undefined || client === undefined || refreshToken === undefined) {
    throw new Error(`the id-token of user ${user.name} has expired, and the kubeconfig has nothing to refresh it with`);
  }
  const { customFetch, discovery, refreshTokenGrant } = await import('openid-client');
  const ca = readDataOrFile(user, 'idp-certificate-authority');
  const dispatcher = new Agent(ca === undefined ? {} : { connect: { ca } });
  const options = { [customFetch]: (url: string, init: object) => fetch(url, { ...init, dispatcher }) as never };
  try {
    const issued = await discovery(new URL(issuer), client, textOf(fields['client-secret']), undefined, options);
    const tokens = await refreshTokenGrant(issued, refreshToken);
    if (tokens.id_token === undefined) throw new Error('the issuer returned no id_token');
    return { token: tokens.id_token, expiresAtMs: Number(tokens.claims()?.exp) * 1_000 };
  } catch (error) {
    const { message } = error as Error;
    throw new Error(`the id-token of user ${user.name} cannot be refreshed at ${issuer}: ${message}`, { cause: error });
  } finally {
    await dispatcher.close();
  }
}

function readAccessToken({ fields }: Entry): Issued {
  const [expiry, seconds] = [textOf(fields['expiry']), Number(fields['expires-on'] ?? Number.POSITIVE_INFINITY)];
  return {
    token: textOf(fields['access-token']),
    expiresAtMs: expiry === undefined ? seconds * 1_000 : Date.parse(expiry),
  };
}

async function askProgram({ name, fields }: Entry, environment: Environment): Promise<Issued> {
  const command = textOf(fields['cmd-path']);
  if (command === undefined) throw new Error(`the access-token of user ${name} has expired`);
  const args = (textOf(fields['cmd-args']) ?? '').split(/\s+/).filter(Boolean);
  const output = parseOutput(command, await runProgram(command, args, environment));
  const find = (key: string, usual: string) => textOf(findField(output, textOf(fields[key]) ?? usual));
  const token = find('token-key', '{.access_token}');
  if (token === undefined) throw new Error(`the credential plugin ${command} gave no token`);
  return { token, expiresAtMs: Date.parse(find('expiry-key', '{.token_expiry}') ?? '') || Number.POSITIVE_INFINITY };
}

/** Finds a field by a path in kubectl's syntax: `{.credential.access_token}`. */
function findField(value: unknown, path: string): unknown {
  const names = path
    .replace(/^\{|\}$/g, '')
    .split('.')
    .filter(Boolean);
  return names.reduce((found: unknown, name) => asRecord(found)[name], value);
}
