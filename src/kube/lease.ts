import type { KubeObject } from '../objects/object.ts';
import { KubeErrorReason } from '../orchestration/vocabulary/kube-error-reasons.ts';
import type { KubeClient } from './client.ts';
import { KubeError } from './errors.ts';
import { type Log, sleep, type Timing } from './ports.ts';
import { namespacedResource } from './resources.ts';

export const LEASES = namespacedResource('coordination.k8s.io', 'v1', 'Lease', 'leases');

/** A candidate for the one place that a Lease gives. It saves work; that nothing happens twice must not rest on it. */
export interface Election {
  /** False from the moment the lease may be judged lost, even if this process was stopped meanwhile and nobody said so. */
  isLeader(): boolean;
  /** Gives the lease back if it is held, so that the next need not wait for its end. Call it when all work has ended. */
  stop(): Promise<void>;
}

export interface ElectionOptions {
  /** With connections of its own and a deadline of about half of `renewDeadlineMs`. */
  readonly client: Pick<KubeClient, 'get' | 'create' | 'patch'>;
  readonly namespace: string;
  readonly name: string;
  /** Not shared with any other process, present or past. */
  readonly identity: string;
  readonly timing: Timing;
  /** For the times written into the Lease, which people read and nobody compares. */
  readonly now: () => Date;
  readonly log: Log;
  /** `epoch` rises with each new leader. */
  readonly onElected: (epoch: number) => void;
  /** It was leader, and no longer is: end all work. It does not stand again. Not called for `stop`. */
  readonly onLost: (why: string) => void;
  readonly settings?: Partial<ElectionSettings>;
}

/** As client-go's: leaseDurationMs > renewDeadlineMs > 1.2 x retryPeriodMs. */
export interface ElectionSettings {
  /** For how long a Lease that does not change is respected, from when that was first seen. */
  readonly leaseDurationMs: number;
  /** How long after the start of its last successful renewal a leader gives up. */
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
}

const DEFAULTS: ElectionSettings = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 };

/** Up to so many retry periods are added at random while standing: as client-go's jitter. */
const JITTER = 1.2;

interface LeaseSpec {
  readonly holderIdentity?: string | null;
  readonly leaseDurationSeconds?: number;
  readonly leaseTransitions?: number;
}

/** Stands at once, and for as long as it is not elected, whatever goes wrong. */
export function startElection(options: ElectionOptions): Election {
  const { client, namespace, name, identity, timing, now, log, onElected, onLost } = options;
  const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = { ...DEFAULTS, ...options.settings };
  const ending = new AbortController();
  /** The Lease as it was last seen, and when it was first seen like that. */
  let seen: { readonly lease: KubeObject; readonly sinceMs: number } | undefined;
  /** Whether it is so still: nobody else writes a Lease that is held. */
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

  /** Whether the Lease is now ours. A leader whose last renewal went well just writes; anyone else reads it first. */
  async function hold(): Promise<boolean> {
    const known = isFresh && seen ? seen.lease : await read();
    const { holderIdentity } = specOf(known);
    if (holderIdentity && holderIdentity !== identity) {
      if (leaderUntilMs !== undefined) lose(`${holderIdentity} has taken the lease`);
      if (!hasExpired()) return false;
    }
    // A leader that has just given up must not write once more.
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

  /** Told by resourceVersion, which changes even if the clock that the holder writes into the Lease stands still. */
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
        log.warn({ error, lease: name }, 'the lease could not be given back: it ends by itself');
      });
    },
  };
}

/**
 * Takes a Lease from whoever holds it, who ends its work when it sees that, and keeps it from everybody for so long. Returns
 * whether somebody held it; where there is no Lease nobody does.
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

/** RFC 3339 with six digits of a second, as the API server demands. */
function toMicroTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}
