import { expect, it } from 'vitest';
import { estimateMedian } from '../../bench/bootstrap.ts';
import { formatTable, type Row, verdictOf } from '../../bench/table.ts';
import { createRandom } from '../fuzz/random.ts';

it('finds an interval that holds the median of what the values were drawn from 19 times in 20', () => {
  const random = createRandom(7, 0);
  // The sum of twelve uniform numbers is close to normal; its median is 6.
  const draw = () => Array.from({ length: 12 }, () => random.int(1_000_000) / 1_000_000).reduce((a, b) => a + b, 0);
  const trials = 40;
  let hits = 0;
  for (let trial = 0; trial < trials; trial++) {
    const { low, median, high } = estimateMedian(Array.from({ length: 51 }, draw), createRandom(trial, 1));
    expect(low).toBeLessThanOrEqual(median);
    expect(high).toBeGreaterThanOrEqual(median);
    if (low <= 6 && 6 <= high) hits += 1;
  }
  expect(hits).toBeGreaterThanOrEqual(34);
});

it('gives a point for values that are all the same', () => {
  expect(estimateMedian([2, 2, 2], createRandom(1, 1))).toEqual({ median: 2, low: 2, high: 2 });
});

it('judges a ratio by the lower end of its interval', () => {
  const row = (low: number): Row => ({
    ...{ what: 'create', unit: 'ms', ours: 11, against: 'bare', other: 10, ratio: 1.1 },
    ...{ interval: { low, high: 1.2 }, budget: { maxLowRatio: 1.05 } },
  });
  expect(verdictOf(row(1.04))).toBe('held');
  expect(verdictOf(row(1.06))).toBe('NOT HELD');
  expect(formatTable([row(1.04)])).toContain('| 1.1 (1.04 to 1.2) | ratio ≤ 1.05, lower end | held');
});
