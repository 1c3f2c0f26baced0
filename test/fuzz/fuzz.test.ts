import { expect, test } from 'vitest';
import { fuzz, MOST_GROWTH_MEBIBYTES } from './fuzz.ts';

test('20,000 generated reviews are answered as they must be, in flat memory', async () => {
  const seed = Date.now() % 2 ** 31;
  const { counts, halfwayMebibytes, endMebibytes } = await fuzz({ seed, reviews: 20_000 });
  for (const [outcome, count] of Object.entries(counts)) expect(count, `${outcome}, seed ${seed}`).toBeGreaterThan(300);
  expect(endMebibytes - halfwayMebibytes, `seed ${seed}`).toBeLessThan(MOST_GROWTH_MEBIBYTES);
});
