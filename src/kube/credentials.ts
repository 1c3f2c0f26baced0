import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import type { Log, Timing } from './ports.ts';

/** Where the API server is, how to know it, and who we are. */
export interface Credentials {
  /** `https://host:port`, with a path if the API is below one. */
  readonly server: string;
  /** Sent with every request: authorization, impersonation. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsCredentials;
}

/** In PEM. */
export interface TlsCredentials {
  /** Undefined: the authorities that Node trusts. */
  readonly ca: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** The name that the server's certificate must be for, if not that of the address. */
  readonly servername?: string | undefined;
  /** False accepts any server: a kubeconfig's insecure-skip-tls-verify. */
  readonly rejectUnauthorized: boolean;
}

/** Reads the credentials from where they are kept; `isRefused` when the last ones were: nothing remembered will do. */
export type LoadCredentials = (isRefused: boolean) => Promise<Credentials>;

/** Where every pod finds the account that it runs as. */
const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The credentials of a pod: host and port from KUBERNETES_SERVICE_HOST and _PORT, token and CA from mounted files. */
export function loadInCluster(options: { host: string; port: string; folder?: string }): LoadCredentials {
  const { host, port, folder = SERVICE_ACCOUNT_FOLDER } = options;
  const server = `https://${isIPv6(host) ? `[${host}]` : host}:${port}`;
  return async () => {
    const [token, ca] = await Promise.all(['token', 'ca.crt'].map((name) => readFile(join(folder, name), 'utf8')));
    return { server, headers: { authorization: `Bearer ${token?.trim()}` }, tls: { ca, rejectUnauthorized: true } };
  };
}

/** The credentials in use; as long as what is loaded stays the same, they are the same object. */
export interface CredentialCache {
  /** The newest ones, at most a minute old. Throws only if they have never been readable. */
  readonly get: () => Promise<Credentials>;
  /** Has the next `get` read anew: these were refused, or a handshake failed, which may mean another CA. */
  readonly expire: (refused?: Credentials) => void;
}

/** As client-go re-reads a token file; the kubelet replaces a token when a fifth of its life is left. */
const MAX_AGE_MS = 60_000;
/** However many calls are refused, and however fast they are repeated, a plugin is not started more often. */
const MIN_AGE_MS = 1_000;
/** A plugin that waits for somebody to type a password must not hold calls for ever. */
const LOAD_TIMEOUT_MS = 10_000;

/** Keeps the last good credentials when new ones cannot be read. Age is measured on the monotonic clock. */
export function createCredentialCache(load: LoadCredentials, timing: Timing, log: Log): CredentialCache {
  let current: Credentials | undefined;
  let isRefused = false;
  let readAt = Number.NEGATIVE_INFINITY;
  let staleAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<Credentials> | undefined;

  async function read(): Promise<Credentials> {
    readAt = timing.now();
    try {
      const loaded = await loadInTime();
      if (JSON.stringify(loaded) !== JSON.stringify(current)) current = loaded;
      isRefused = false;
      staleAt = readAt + MAX_AGE_MS;
      return current ?? loaded;
    } catch (error) {
      if (current === undefined) throw error;
      log.warn({ error }, 'cannot read the API credentials anew, keeping the old ones');
      staleAt = readAt + MIN_AGE_MS;
      return current;
    }
  }

  async function loadInTime(): Promise<Credentials> {
    const late = Promise.withResolvers<never>();
    const cancel = timing.schedule(LOAD_TIMEOUT_MS, () => {
      late.reject(new Error(`reading the API credentials took more than ${LOAD_TIMEOUT_MS / 1_000} s`));
    });
    return Promise.race([load(isRefused), late.promise]).finally(cancel);
  }

  return {
    get() {
      if (reading === undefined && current !== undefined && timing.now() < staleAt) return Promise.resolve(current);
      reading ??= read().finally(() => {
        reading = undefined;
      });
      return reading;
    },
    expire(refused) {
      if (refused !== undefined && refused !== current) return;
      isRefused ||= refused !== undefined;
      staleAt = Math.min(staleAt, readAt + MIN_AGE_MS);
    },
  };
}
