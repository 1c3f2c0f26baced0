import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import type { Log, Timing } from './ports.ts';

/** The address of the API server, how to verify it, and how to authenticate. */
export interface Credentials {
  /** `https://host:port`, followed by a path if the API has a prefix. */
  readonly server: string;
  /** Headers of every request: authorization, impersonation. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsCredentials;
}

/** Certificates and keys are in PEM. */
export interface TlsCredentials {
  /** Undefined means the certificate authorities that Node trusts. */
  readonly ca: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** The name in the server's certificate, if it differs from the address. */
  readonly servername?: string | undefined;
  /** False accepts any server certificate, as `insecure-skip-tls-verify` in a kubeconfig does. */
  readonly rejectUnauthorized: boolean;
}

/**
 * Reads the credentials from their source. `isRejected` means that the API server rejected the last ones, so a cached
 * copy must not be used.
 */
export type LoadCredentials = (isRejected: boolean) => Promise<Credentials>;

/** Where Kubernetes mounts a pod's service account. */
const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * Loads the credentials of a pod: host and port from KUBERNETES_SERVICE_HOST and _PORT, token and CA from mounted
 * files.
 */
export function loadInCluster(options: { host: string; port: string; folder?: string }): LoadCredentials {
  const { host, port, folder = SERVICE_ACCOUNT_FOLDER } = options;
  const server = `https://${isIPv6(host) ? `[${host}]` : host}:${port}`;
  return async () => {
    const [token, ca] = await Promise.all(['token', 'ca.crt'].map((name) => readFile(join(folder, name), 'utf8')));
    return { server, headers: { authorization: `Bearer ${token?.trim()}` }, tls: { ca, rejectUnauthorized: true } };
  };
}

/** The credentials in use. `get` returns the same object until their content changes. */
export interface CredentialCache {
  /**
   * Returns credentials that were read at most a minute ago, or the last good ones if they cannot be read again. Throws
   * only if they have never been readable.
   */
  readonly get: () => Promise<Credentials>;
  /**
   * Makes the next `get` read again. Call it with credentials that the API server rejected, or without them after a
   * failed handshake, because the CA may have changed.
   */
  readonly expire: (rejected?: Credentials) => void;
}

/**
 * client-go reads a token file again at the same interval. The kubelet replaces a token when a fifth of its lifetime
 * is left.
 */
const MAX_AGE_MS = 60_000;
/** The shortest time between two reads, so that rejected calls do not start a plugin more often. */
const MIN_AGE_MS = 1_000;
/** A plugin that waits for a password must not block calls forever. */
const LOAD_TIMEOUT_MS = 10_000;

/** Keeps the last good credentials if new ones cannot be read. Measures age on the monotonic clock. */
export function createCredentialCache(load: LoadCredentials, timing: Timing, log: Log): CredentialCache {
  let current: Credentials | undefined;
  let isRejected = false;
  let readAt = Number.NEGATIVE_INFINITY;
  let staleAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<Credentials> | undefined;

  async function read(): Promise<Credentials> {
    readAt = timing.now();
    try {
      const loaded = await loadInTime();
      if (JSON.stringify(loaded) !== JSON.stringify(current)) current = loaded;
      isRejected = false;
      staleAt = readAt + MAX_AGE_MS;
      return current ?? loaded;
    } catch (error) {
      if (current === undefined) throw error;
      log.warn({ error }, 'cannot read the API credentials again, keeping the old ones');
      staleAt = readAt + MIN_AGE_MS;
      return current;
    }
  }

  async function loadInTime(): Promise<Credentials> {
    const late = Promise.withResolvers<never>();
    const cancel = timing.schedule(LOAD_TIMEOUT_MS, () => {
      late.reject(new Error(`reading the API credentials took more than ${LOAD_TIMEOUT_MS / 1_000} s`));
    });
    return Promise.race([load(isRejected), late.promise]).finally(cancel);
  }

  return {
    get() {
      if (reading === undefined && current !== undefined && timing.now() < staleAt) return Promise.resolve(current);
      reading ??= read().finally(() => {
        reading = undefined;
      });
      return reading;
    },
    expire(rejected) {
      if (rejected !== undefined && rejected !== current) return;
      isRejected ||= rejected !== undefined;
      staleAt = Math.min(staleAt, readAt + MIN_AGE_MS);
    },
  };
}
