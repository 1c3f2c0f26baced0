import { expect, test } from 'vitest';
import { checks, describe, run } from './checks.ts';
import { listGraphs, listShapes } from './graphs.ts';
import { hashText } from './hash.ts';

test('there are as many graphs as there should be', () => {
  // OEIS A003024 and A003087.
  expect([1, 2, 3, 4].map((size) => listGraphs(size).length)).toEqual([1, 3, 25, 543]);
  expect([1, 2, 3, 4].map((size) => listShapes(size).length)).toEqual([1, 2, 6, 31]);
});

test('texts that differ have different numbers', () => {
  const texts = Array.from({ length: 200_000 }, (_, i) => `{"phase":"Running","attempt":${i},"name":"${i % 7}"}`);
  expect(new Set(texts.map(hashText)).size).toBe(texts.length);
});

/** So many states at least, or the exploration has lost something. */
const LEAST_STATES = 3_000;

test.each(checks.filter(({ isQuick }) => isQuick).map((check) => [describe(check), check] as const))(
  'keeps all invariants: %s',
  { timeout: 900_000 },
  (_, check) => {
    const { states, ends, violation } = run(check);
    expect(violation).toBeUndefined();
    expect(states).toBeGreaterThan(LEAST_STATES);
    expect(ends).toBeGreaterThan(0);
  },
);
