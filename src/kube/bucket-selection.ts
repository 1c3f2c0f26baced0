import { BUCKETS, readBucket } from '../orchestration/buckets.ts';
import { Label } from '../orchestration/vocabulary/metadata.ts';
import type { Followed, Reselection } from './reflector-options.ts';

/** All buckets, in order. */
export const ALL_BUCKETS: ReadonlySet<number> = new Set(Array.from({ length: BUCKETS }, (_, bucket) => bucket));

/**
 * Returns how to follow the objects of some buckets. `notin` also matches objects without the label, so the watch
 * includes those for any set of buckets. With all buckets, there is no selector.
 */
export function followBuckets(buckets: ReadonlySet<number>): Followed {
  if (buckets.size === 0) return 'nothing';
  const others = [...ALL_BUCKETS].filter((bucket) => !buckets.has(bucket));
  return others.length === 0 ? {} : { labelSelector: `${Label.Bucket} notin (${others.join()})` };
}

/**
 * Returns the change from one set of buckets to another. Only the objects that are gained have to be listed, unless
 * nothing was followed before. An object without a valid label is lost only if nothing is followed afterwards.
 */
export function reselectBuckets(before: ReadonlySet<number>, after: ReadonlySet<number>): Reselection {
  const gained = [...ALL_BUCKETS].filter((bucket) => after.has(bucket) && !before.has(bucket));
  return {
    to: followBuckets(after),
    gained: gained.length === 0 ? undefined : `${Label.Bucket} in (${gained.join()})`,
    isLost: ({ metadata: { labels } }) => {
      const bucket = readBucket(labels);
      return after.size === 0 || (bucket !== undefined && !after.has(bucket));
    },
  };
}
