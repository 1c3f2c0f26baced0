import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KubeError } from '../../src/kube/errors.ts';
import { backoffMs, retryDelayMs } from '../../src/kube/retry.ts';
import { createFakeTiming } from '../support/timing.ts';

const backoff = { baseMs: 800, capMs: 30_000 };
const drawing = (share: number) => createFakeTiming(() => share);

test('the longest delay doubles up to the cap', () => {
  const longest = [0, 1, 2, 5, 6, 5_000].map((failures) => backoffMs(backoff, failures, drawing(1)));
  expect(longest).toEqual([800, 1_600, 3_200, 25_600, 30_000, 30_000]);
});

test('the whole delay is random', () => {
  fc.assert(
    fc.property(fc.nat(2_000), fc.double({ min: 0, max: 1, noNaN: true }), (failures, share) => {
      const longest = backoffMs(backoff, failures, drawing(1));
      expect(backoffMs(backoff, failures, drawing(share))).toBeCloseTo(share * longest);
    }),
  );
});

test('clients retry no sooner than the server asked, and not all at the same time', () => {
  const busy = new KubeError('TooManyRequests', 'later', { retryAfterMs: 5_000 });
  expect([0, 0.5, 1].map((share) => retryDelayMs(busy, backoff, 0, drawing(share)))).toEqual([5_000, 5_400, 5_800]);
});
