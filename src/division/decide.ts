import { BUCKETS } from '../orchestration/buckets.ts';
import { divideBuckets } from './share.ts';

/** A replica that follows runs, as its Lease shows it. */
export interface Member {
  readonly identity: string;
  /** The buckets that its Lease names. */
  readonly buckets: ReadonlySet<number>;
  /** Whether it has not renewed its Lease for a while, so that the Lease may expire soon. */
  readonly isLate?: boolean;
}

/** What a replica knows when it decides which buckets to hold. */
export interface Situation {
  readonly identity: string;
  /** The other members whose Leases have not expired. */
  readonly others: readonly Member[];
  /** False while an engine of version 0.2 holds the Lease of the election: it executes all runs. */
  readonly mayHold: boolean;
  /** The buckets that the own Lease names. Empty if this replica could not renew it in time. */
  readonly published: ReadonlySet<number>;
  /** The buckets that this replica no longer works on, and in which no reconcile is in progress any more. */
  readonly ended: ReadonlySet<number>;
}

export interface Decision {
  /** The buckets to work on as soon as the own Lease names them. */
  readonly work: ReadonlySet<number>;
  /** The buckets to stop work on. The own Lease names them until their reconciles have ended. */
  readonly draining: ReadonlySet<number>;
  /** The buckets of late members that this replica will take if their Leases expire. It follows them until then. */
  readonly expected: ReadonlySet<number>;
}

/**
 * Decides which buckets a replica holds. It takes a bucket of its share only if no other Lease names the bucket. Late
 * members get no share of these buckets, because they have probably died, and nobody would work on the buckets until
 * their Leases expire. The own Lease names a bucket that the replica gives back until its work on the bucket has ended.
 */
export function decideBuckets({ identity, others, mayHold, published, ended }: Situation): Decision {
  const shareAmong = (members: readonly Member[]): ReadonlySet<number> =>
    (mayHold && divideBuckets([identity, ...members.map((member) => member.identity)]).get(identity)) || new Set();
  const { late = [], timely = [] } = Object.groupBy(others, ({ isLate }) => (isLate ? 'late' : 'timely'));
  const share = shareAmong(others);
  const timelyShare = late.length === 0 ? share : shareAmong(timely);
  const isOf = (members: readonly Member[], bucket: number) => members.some(({ buckets }) => buckets.has(bucket));
  const expected = new Set<number>();
  const work = new Set<number>();
  const draining = new Set<number>();
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const isNamed = published.has(bucket);
    const isFree = !isOf(others, bucket);
    const isMine = timelyShare.has(bucket) && (isNamed || isFree);
    const stays = share.has(bucket) && isNamed && isFree;
    if (isMine || stays) work.add(bucket);
    else if (isNamed && !ended.has(bucket)) draining.add(bucket);
    if (timelyShare.has(bucket) && !isNamed && isOf(late, bucket)) expected.add(bucket);
  }
  return { work, draining, expected };
}
