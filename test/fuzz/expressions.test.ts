import { expect, test } from 'vitest';
import { fuzzExpressions } from './expressions.ts';

test('2,000 odd expressions get a sentence or a value, and no value leaves its place', () => {
  const seed = Date.now() % 2 ** 31;
  const { counts } = fuzzExpressions(2000, seed);
  for (const [outcome, count] of Object.entries(counts)) expect(count, `${outcome}, seed ${seed}`).toBeGreaterThan(0);
});
