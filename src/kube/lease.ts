import type { KubeObject } from '../objects/object.ts';
import { KubeErrorReason } from '../orchestration/vocabulary/kube-error-reasons.ts';
import type { KubeClient } from './client.ts';
import { KubeError } from './errors.ts';
import { type Log, sleep, type Timing } from './ports.ts';
import { namespacedResource } from './resources.ts';

export const LEASES = namespacedResource('coordination.k8s.io', 'v1', 'Lease', 'leases');

/** A candidate in the leader election over a Lease. The election saves work, but correctness must not depend on it. */
export interface Election {
  /**
   * False as soon as another candidate may take the lease, even if this process was suspended and received no notice.
   */
  isLeader(): boolean;
  /**
   * Gives the lease back if this candidate holds it, so that the next leader need not wait until it expires. Call this
   * after all work has ended.
   */
  stop(): Promise<void>;
}

export interface ElectionOptions {
  /** A client with its own connections and a deadline of about half of `renewDeadlineMs`. */
  readonly client: Pick<KubeClient, 'get' | 'create' | 'patch'>;
  readonly namespace: string;
  readonly name: string;
  /** Unique among all processes, present and past. */
  readonly identity: string;
  readonly timing: Timing;
  /** The time to write into the Lease. It is for people to read; no code compares it. */
  readonly now: () => Date;
  readonly log: Log;
  /** Called when this candidate becomes leader. `epoch` increases with each new leader. */
  readonly onElected: (epoch: number) => void;
  /** Called when the leader loses the lease: end all work. The candidate does not try again. Not called for `stop`. */
  readonly onLost: (why: string) => void;
  readonly settings?: Partial<ElectionSettings>;
}

/** The settings of client-go: leaseDurationMs > renewDeadlineMs > 1.2 x retryPeriodMs. */
export interface ElectionSettings {
  /** How long a candidate respects an unchanged Lease after it first saw that version. */
  readonly leaseDurationMs: number;
  /** The leader gives up this long after the start of its last successful renewal. */
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
}

const DEFAULTS: ElectionSettings = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 };

/** A candidate adds a random wait of up to this many retry periods, as client-go does. */
const JITTER = 1.2;

interface LeaseSpec {
  readonly holderIdentity?: string | null;
  readonly leaseDurationSeconds?: number;
  readonly leaseTransitions?: number;
}

/** Starts at once. Retries after any error until this candidate is elected, then renews the lease. */
export function startElection(options: ElectionOptions): Election {
  const { client, namespace, name, identity, timing, now, log, onElected, onLost } = options;
  const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = { ...DEFAULTS, ...options.settings };
  const ending = new AbortController();
  /** The last version of the Lease that was read or written, and when it was first seen. */
  let seen: { readonly lease: KubeObject; readonly sinceMs: number } | undefined;
  /** Whether `seen` is current. Nobody else writes a Lease that is held. */
  let isFresh = false;
  let leaderUntilMs: number | undefined;
  let cancelExpiry = () => {};

  const isLeader = () => leaderUntilMs !== undefined && timing.now() < leaderUntilMs;

  async function run(): Promise<void> {
    while (!ending.signal.aborted) {
      const startedAt = timing.now();
      try {
        if (await hold()) succeed(startedAt);
      } catch (error) {
        isFresh = false;
        log.warn({ error, lease: name }, 'cannot reach the lease');
      }
      const jitter = leaderUntilMs === undefined ? timing.random() * JITTER : 0;
      await sleep(timing, retryPeriodMs * (1 + jitter), ending.signal);
    }
  }

  /**
   * Takes or renews the Lease. Returns whether this candidate now holds it. A leader whose last renewal succeeded
   * writes without reading first.
   */
  async function hold(): Promise<boolean> {
    const known = isFresh && seen ? seen.lease : await read();
    const { holderIdentity } = specOf(known);
    if (holderIdentity && holderIdentity !== identity) {
      if (leaderUntilMs !== undefined) lose(`${holderIdentity} has taken the lease`);
      if (!hasExpired()) return false;
    }
    // A leader that has given up must not write again.
    if (ending.signal.aborted) return false;
    see(await write(known));
    isFresh = true;
    return true;
  }

  async function read(): Promise<KubeObject> {
    try {
      return see(await client.get(LEASES, { namespace, name }));
    } catch (error) {
      if (!(error instanceof KubeError) || error.reason !== KubeErrorReason.NotFound) throw error;
      const metadata = { name, namespace };
      return see(await client.create(LEASES, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata }));
    }
  }

  function write(lease: KubeObject): Promise<KubeObject> {
    const { holderIdentity, leaseTransitions = 0 } = specOf(lease);
    const renewTime = toMicroTime(now());
    const taken = { acquireTime: renewTime, leaseTransitions: leaseTransitions + 1 };
    return patch(lease, {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseDurationMs / 1_000),
      renewTime,
      ...(holderIdentity === identity ? {} : taken),
    });
  }

  function patch(lease: KubeObject, spec: object): Promise<KubeObject> {
    const { uid, resourceVersion } = lease.metadata;
    return client.patch(
      LEASES,
      { namespace, name },
      { type: 'merge', body: { metadata: { uid, resourceVersion }, spec } },
    );
  }

  /** Compares resourceVersions, because they change even if the clock of the holder does not advance. */
  function see(lease: KubeObject): KubeObject {
    const isSame = seen !== undefined && seen.lease.metadata.resourceVersion === lease.metadata.resourceVersion;
    seen = { lease, sinceMs: isSame && seen ? seen.sinceMs : timing.now() };
    return lease;
  }

  function hasExpired(): boolean {
    if (seen === undefined) return false;
    const { leaseDurationSeconds } = specOf(seen.lease);
    const durationMs = leaseDurationSeconds === undefined ? leaseDurationMs : leaseDurationSeconds * 1_000;
    return timing.now() >= seen.sinceMs + durationMs;
  }

  function succeed(startedAt: number): void {
    if (ending.signal.aborted) return;
    const isNew = leaderUntilMs === undefined;
    leaderUntilMs = startedAt + renewDeadlineMs;
    cancelExpiry();
    cancelExpiry = timing.schedule(Math.max(0, leaderUntilMs - timing.now()), () =>
      lose(`the lease could not be renewed for ${renewDeadlineMs / 1_000} s`),
    );
    if (!isNew) return;
    const epoch = (seen && specOf(seen.lease).leaseTransitions) ?? 0;
    log.info({ lease: name, identity, epoch }, 'elected');
    onElected(epoch);
  }

  function lose(why: string): void {
    leaderUntilMs = undefined;
    cancelExpiry();
    ending.abort();
    log.error({ lease: name, identity, why }, 'leadership lost');
    onLost(why);
  }

  const running = run();
  return {
    isLeader,
    async stop() {
      leaderUntilMs = undefined;
      cancelExpiry();
      ending.abort();
      await running;
      if (seen === undefined || specOf(seen.lease).holderIdentity !== identity) return;
      await patch(seen.lease, { holderIdentity: null }).catch((error: unknown) => {
        log.warn({ error, lease: name }, 'cannot give back the lease: it expires by itself');
      });
    },
  };
}

/**
 * Takes a Lease from its holder for `seconds`, during which no other candidate takes it. The holder ends its work when
 * it sees that. Returns whether the Lease had a holder. Returns false if there is no Lease.
 */
export async function seizeLease(
  client: Pick<KubeClient, 'get' | 'patch'>,
  target: { readonly namespace: string; readonly name: string },
  identity: string,
  now: Date,
  seconds: number,
): Promise<boolean> {
  try {
    const { holderIdentity, leaseTransitions = 0 } = specOf(await client.get(LEASES, target));
    const time = toMicroTime(now);
    const spec = { holderIdentity: identity, leaseDurationSeconds: seconds, acquireTime: time, renewTime: time };
    const body = { spec: { ...spec, leaseTransitions: leaseTransitions + 1 } };
    await client.patch(LEASES, target, { type: 'merge', body });
    return Boolean(holderIdentity);
  } catch (error) {
    if (error instanceof KubeError && error.reason === KubeErrorReason.NotFound) return false;
    throw error;
  }
}

function specOf(lease: KubeObject): LeaseSpec {
  return (lease['spec'] ?? {}) as LeaseSpec;
}

/** RFC 3339 with microseconds, which the API server requires. */
function toMicroTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}
