import { expect, test } from 'vitest';
import { worstCases } from './cases.ts';
import { measure } from './measure.ts';

/** A young generation that no decision fills: nothing is collected, so that all that is allocated is seen. */
const UNCOLLECTED = ['--min-semi-space-size=256', '--max-semi-space-size=256'];
/**
 * More than deciding may add to the memory of a parsed body, because most of this is collected at once. Before the gate
 * checked limits first, deciding allocated up to a gigabyte and kept 340 MiB.
 */
const MOST_ALLOCATED_MEBIBYTES = 64;

test.each(worstCases)('$what: deciding allocates little, and keeps less', async ({ what: _, ...recipe }) => {
  const { allocatedMebibytes, peakMebibytes, parsedMebibytes } = await measure(recipe, UNCOLLECTED);
  expect(allocatedMebibytes).toBeLessThan(MOST_ALLOCATED_MEBIBYTES);
  expect(peakMebibytes - parsedMebibytes).toBeLessThan(MOST_ALLOCATED_MEBIBYTES);
});
