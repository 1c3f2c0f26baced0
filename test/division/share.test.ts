import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { divideBuckets } from '../../src/division/share.ts';
import { BUCKETS } from '../../src/orchestration/buckets.ts';

const members = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 12 });

/** The owner of each bucket. */
function ownersOf(names: readonly string[]): readonly (string | undefined)[] {
  const owners = new Array<string | undefined>(BUCKETS).fill(undefined);
  for (const [member, share] of divideBuckets(names)) for (const bucket of share) owners[bucket] = member;
  return owners;
}

describe('a division of the buckets', () => {
  test('gives each bucket to exactly one member, and no member more than one bucket more than its part', () => {
    fc.assert(
      fc.property(members, (names) => {
        const shares = [...divideBuckets(names).values()];
        expect(new Set(shares.flatMap((share) => [...share])).size).toBe(BUCKETS);
        expect(shares.reduce((sum, share) => sum + share.size, 0)).toBe(BUCKETS);
        expect(Math.max(...shares.map((share) => share.size))).toBe(Math.ceil(BUCKETS / names.length));
      }),
    );
  });

  test('is the same whatever the order in which the members are read', () => {
    fc.assert(
      fc.property(members, (names) => {
        expect(ownersOf(names.toReversed())).toEqual(ownersOf(names));
      }),
    );
  });

  test.each([
    // At most the share of the member that joins or leaves, plus half of it, moves.
    [2, 1, 32],
    [3, 2, 32],
    [4, 3, 24],
    [6, 5, 16],
    [10, 9, 10],
  ])('of %i members moves few buckets if one of them leaves', (all, left, most) => {
    const trials = Array.from({ length: 50 }, (_, trial) => {
      const names = Array.from({ length: all }, (__, index) => `replica-${trial}-${index}`);
      const [before, after] = [ownersOf(names), ownersOf(names.slice(0, left))];
      return before.filter((owner, bucket) => owner !== after[bucket]).length;
    });
    expect(trials.reduce((sum, moved) => sum + moved, 0) / trials.length).toBeLessThanOrEqual(most);
  });
});
