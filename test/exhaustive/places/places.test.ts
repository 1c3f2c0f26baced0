import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compete, fates } from './competition.ts';
import { competitions } from './competitions.ts';

describe('whatever happens to the calls of an engine, every run ends as it must', () => {
  test.each(competitions.map((competition) => [competition.title, competition] as const))(
    'no more runs work than places there are, no place is left, and none overtakes: %s',
    { timeout: 900_000 },
    async (_, competition) => {
      const { calls, complaints } = await compete(competition);
      expect(complaints).toEqual([]);
      for (let number = 1; number <= calls; number += 3) {
        const fate = fates[(number + calls) % fates.length] ?? 'fails';
        expect((await compete(competition, [{ number, fate }])).complaints, `call ${number}: ${fate}`).toEqual([]);
      }
    },
  );

  test('several of them, at any calls', { timeout: 900_000 }, async () => {
    const strike = fc.record({ number: fc.integer({ min: 1, max: 90 }), fate: fc.constantFrom(...fates) });
    const plays = fc.tuple(fc.constantFrom(...competitions), fc.array(strike, { minLength: 2, maxLength: 5 }));
    await fc.assert(
      fc.asyncProperty(plays, async ([competition, strikes]) => {
        expect((await compete(competition, strikes)).complaints, competition.title).toEqual([]);
      }),
      { numRuns: 60, endOnFailure: true },
    );
  });
});
