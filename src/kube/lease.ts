import type { KubeObject } from '../objects/object.ts';
import { KubeErrorReason } from '../orchestration/vocabulary/kube-error-reasons.ts';
import type { KubeClient } from './client.ts';
import { ifFound, KubeError } from './errors.ts';
import type { Timing } from './ports.ts';
import { apiVersionOf, namespacedResource } from './resources.ts';

export const LEASES = namespacedResource('coordination.k8s.io', 'v1', 'Lease', 'leases');

/** The fields of a Lease's spec that are read or written. The times are for people: no code compares them. */
export interface LeaseSpec {
  readonly holderIdentity?: string | null;
  readonly leaseDurationSeconds?: number;
  readonly leaseTransitions?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
}

export function leaseSpecOf(lease: KubeObject): LeaseSpec {
  return (lease['spec'] ?? {}) as LeaseSpec;
}

/** RFC 3339 with microseconds, which the API server requires. */
export function toMicroTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}

/** How long Leases have not changed, as this process measures it on its own monotonic clock. */
export interface LeaseAges {
  /**
   * Records the Leases that exist now, and forgets the others. Call it as soon as they are read. If the last call was
   * more than `gapMs` ago, all ages start again at 0, because nobody could renew while the API server did not answer.
   */
  observe(leases: readonly KubeObject[]): void;
  /** The milliseconds since this process first saw this version of the Lease. */
  ageMs(lease: KubeObject): number;
  /** How many times in a row this process has seen this version of the Lease. */
  timesSeen(lease: KubeObject): number;
}

/** Compares resourceVersions, because they change even if the clock of the holder does not advance. */
export function createLeaseAges(timing: Timing, gapMs: number): LeaseAges {
  let seen: ReadonlyMap<string, { readonly sinceMs: number; readonly times: number }> = new Map();
  let observedMs = timing.now();
  const idOf = ({ metadata }: KubeObject) => `${metadata.uid} ${metadata.resourceVersion}`;
  return {
    observe(leases) {
      const now = timing.now();
      const before = now - observedMs > gapMs ? undefined : seen;
      seen = new Map(
        leases.map(idOf).map((id) => {
          const { sinceMs = now, times = 0 } = before?.get(id) ?? {};
          return [id, { sinceMs, times: times + 1 }];
        }),
      );
      observedMs = now;
    },
    ageMs: (lease) => timing.now() - (seen.get(idOf(lease))?.sinceMs ?? timing.now()),
    timesSeen: (lease) => seen.get(idOf(lease))?.times ?? 0,
  };
}

/**
 * Takes a Lease from its holder for `seconds`, during which nobody else takes it. The holder ends its work when it sees
 * that. Creates the Lease if there is none. Returns the previous holder, if there was one.
 */
export async function seizeLease(
  client: Pick<KubeClient, 'get' | 'create' | 'patch'>,
  target: { readonly namespace: string; readonly name: string },
  identity: string,
  now: Date,
  seconds: number,
): Promise<string | undefined> {
  const before = await ifFound(client.get(LEASES, target));
  const { holderIdentity, leaseTransitions = 0 } = before ? leaseSpecOf(before) : {};
  const time = toMicroTime(now);
  const spec = { holderIdentity: identity, leaseDurationSeconds: seconds, acquireTime: time, renewTime: time };
  const body = { spec: { ...spec, leaseTransitions: leaseTransitions + 1 } };
  try {
    if (before === undefined)
      await client.create(LEASES, { apiVersion: apiVersionOf(LEASES), kind: LEASES.kind, metadata: target, ...body });
    else await client.patch(LEASES, target, { type: 'merge', body });
  } catch (error) {
    const isRaced = error instanceof KubeError && error.reason === KubeErrorReason.AlreadyExists;
    if (!isRaced) throw error;
    return seizeLease(client, target, identity, now, seconds);
  }
  return holderIdentity ?? undefined;
}
