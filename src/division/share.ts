import { hashNumber } from '../objects/hash.ts';
import { BUCKETS } from '../orchestration/buckets.ts';

/**
 * Divides the buckets among members. Every process computes the same division for the same members. No member gets
 * more buckets than an equal part, rounded up.
 *
 * Each member has a random weight for each bucket, and a bucket goes to the member with the highest weight. This is
 * rendezvous hashing (Thaler and Ravishankar, "Using name-based mappings to increase hit rates", IEEE/ACM Transactions
 * on Networking 6(1), 1998): if a member joins or leaves, only buckets of that member change hands. A member whose
 * share is full gets no further bucket, as in "Consistent hashing with bounded loads" (Mirrokni, Thorup and
 * Zadimoghaddam, 2018). This limits the memory of a member, but a few more buckets change hands.
 *
 * Costs a hash for each bucket and member.
 */
export function divideBuckets(members: readonly string[]): ReadonlyMap<string, ReadonlySet<number>> {
  const shares = new Map(members.map((member) => [member, new Set<number>()]));
  const most = Math.ceil(BUCKETS / shares.size);
  const taken = new Set<number>();
  for (const { member, bucket } of rankPairs([...shares.keys()])) {
    const share = shares.get(member);
    if (share === undefined || share.size >= most || taken.has(bucket)) continue;
    share.add(bucket);
    taken.add(bucket);
  }
  return shares;
}

/** All pairs of a member and a bucket, the highest weight first. The name decides between equal weights. */
function rankPairs(members: readonly string[]) {
  const pairs = members.flatMap((member) =>
    Array.from({ length: BUCKETS }, (_, bucket) => ({ member, bucket, weight: hashNumber(`${member}/${bucket}`) })),
  );
  return pairs.toSorted(
    (one, other) => other.weight - one.weight || one.bucket - other.bucket || (one.member < other.member ? -1 : 1),
  );
}
