import { LEASES, type LeaseSpec, leaseSpecOf, toMicroTime } from '../kube/lease.ts';
import { apiVersionOf } from '../kube/resources.ts';
import { nameFrom } from '../objects/names.ts';
import type { KubeObject } from '../objects/object.ts';
import { BUCKETS } from '../orchestration/buckets.ts';
import { Annotation, FieldManager, Label } from '../orchestration/vocabulary/metadata.ts';
import type { Member } from './decide.ts';

/** The label of the Leases of members. */
const MEMBER = { [Label.Member]: 'reconciler' };

/** Selects the Leases of members in the namespace of a release. */
export const MEMBER_SELECTOR = Object.entries(MEMBER)
  .map(([key, value]) => `${key}=${value}`)
  .join();

/** Returns the name of the Lease of a member. */
export function nameMemberLease(identity: string): string {
  return nameFrom(FieldManager.Reconciler, [identity]);
}

/** Reads a member from its Lease. Undefined for a Lease that no member holds. */
export function readMember(lease: KubeObject): Member | undefined {
  const { holderIdentity } = leaseSpecOf(lease);
  if (!holderIdentity) return undefined;
  return { identity: holderIdentity, buckets: decodeBuckets(lease.metadata.annotations?.[Annotation.Buckets]) };
}

/** The fields of a member's Lease that change with each renewal. Times are `now`. */
export function renewal(
  { identity, buckets }: Member,
  leaseDurationMs: number,
  now: Date,
): { readonly annotations: Readonly<Record<string, string>>; readonly spec: LeaseSpec } {
  const leaseDurationSeconds = Math.ceil(leaseDurationMs / 1_000);
  return {
    annotations: { [Annotation.Buckets]: encodeBuckets(buckets) },
    spec: { holderIdentity: identity, leaseDurationSeconds, renewTime: toMicroTime(now) },
  };
}

/**
 * A new Lease of a member. It is owned by the Lease of the election, if there is one, so that an uninstall of the
 * release also deletes the Leases of members that were killed.
 */
export function createMemberLease(
  namespace: string,
  member: Member,
  leaseDurationMs: number,
  now: Date,
  owner: KubeObject | undefined,
): KubeObject {
  const { annotations, spec } = renewal(member, leaseDurationMs, now);
  const { name = '', uid = '' } = owner?.metadata ?? {};
  const ownerReferences = owner && [{ apiVersion: owner.apiVersion, kind: owner.kind, name, uid }];
  return {
    apiVersion: apiVersionOf(LEASES),
    kind: LEASES.kind,
    metadata: {
      namespace,
      name: nameMemberLease(member.identity),
      labels: MEMBER,
      annotations,
      ...(ownerReferences && { ownerReferences }),
    },
    spec: { ...spec, acquireTime: toMicroTime(now) },
  };
}

/** Writes a set of buckets as 16 hexadecimal digits. Bucket 0 is the lowest bit. */
function encodeBuckets(buckets: ReadonlySet<number>): string {
  let bits = 0n;
  for (const bucket of buckets) bits |= 1n << BigInt(bucket);
  return bits.toString(16).padStart(BUCKETS / 4, '0');
}

/** Reads a set of buckets. Any other text names no bucket. */
function decodeBuckets(text: string | undefined): ReadonlySet<number> {
  if (text === undefined || !/^[0-9a-f]{16}$/.test(text)) return new Set();
  const bits = BigInt(`0x${text}`);
  return new Set(
    Array.from({ length: BUCKETS }, (_, bucket) => bucket).filter((bucket) => (bits >> BigInt(bucket)) & 1n),
  );
}
