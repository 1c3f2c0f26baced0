import type { Timing } from '../kube/ports.ts';
import { BUCKETS } from '../orchestration/buckets.ts';

/** Buckets that a Lease names, and how long that Lease has not been renewed, in milliseconds. */
export interface Claim {
  readonly buckets: ReadonlySet<number>;
  readonly ageMs: number;
}

/** Measures how long buckets have had no owner. */
export interface Ownership {
  /** Records all claims that hold now. */
  see(claims: readonly Claim[]): void;
  /** The time since any claim on the bucket was last renewed, for the bucket where it is longest, in milliseconds. */
  readonly unownedMs: () => number;
}

/** Counts from the time of this call, because earlier claims are not known. */
export function createOwnership({ now }: Pick<Timing, 'now'>): Ownership {
  const ownedMs = new Array<number>(BUCKETS).fill(now());
  return {
    see(claims) {
      for (const { buckets, ageMs } of claims)
        for (const bucket of buckets) ownedMs[bucket] = Math.max(ownedMs[bucket] ?? 0, now() - ageMs);
    },
    unownedMs: () => now() - Math.min(...ownedMs),
  };
}
