import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { disturbances as kinder } from './disturbances.ts';
import { forgedStatuses } from './forgeries.ts';
import { stories } from './stories.ts';
import { tell, tellAll } from './unkind.ts';

const disturbances = [...kinder, ...forgedStatuses];

describe('whatever stands in its way, a run ends as it must, nothing runs twice and nothing runs on', () => {
  test.each(stories.map((story) => [story.title, story] as const))('%s', { timeout: 300_000 }, async (_, story) => {
    const { histories, violation } = await tellAll(story, disturbances);
    expect(violation).toBeUndefined();
    expect(histories).toBeGreaterThan(disturbances.length);
  });

  test('several of them at once, in any order', { timeout: 300_000 }, async () => {
    const strike = fc.record({
      disturbance: fc.constantFrom(...disturbances),
      number: fc.integer({ min: 1, max: 40 }),
    });
    const plays = fc.tuple(fc.constantFrom(...stories), fc.array(strike, { minLength: 2, maxLength: 4 }));
    await fc.assert(
      fc.asyncProperty(plays, async ([story, strikes]) => {
        const { complaints } = await tell(story, strikes);
        const what = strikes.map(({ number, disturbance }) => `at call ${number}: ${disturbance.title}`);
        expect(complaints, [story.title, ...what].join('\n')).toEqual([]);
      }),
      { numRuns: 300, endOnFailure: true },
    );
  });
});
