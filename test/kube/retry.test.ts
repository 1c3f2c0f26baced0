import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KubeError } from '../../src/kube/errors.ts';
import { createTiming } from '../../src/kube/ports.ts';
import { backoffMs, createWaits, retryDelayMs } from '../../src/kube/retry.ts';
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

test('a server that cannot be reached is tried every four seconds, and the first answers start with short waits', () => {
  const waits = createWaits(backoff, drawing(1));
  const unsent = new KubeError('Unavailable', 'connect ECONNREFUSED');
  const busy = new KubeError('TooManyRequests', 'storage is (re)initializing', { code: 429 });
  const expired = new KubeError('Expired', 'too old resource version', { code: 410 });
  const series = [...Array(20).fill(unsent), busy, busy, busy, expired, expired, unsent, busy, expired];
  expect(series.map((failure) => waits.after(failure).delayMs).slice(17)).toEqual([
    ...[4_000, 4_000, 4_000, 800, 1_600, 3_200, 800, 1_600, 3_200 /* unreachable */, 6_400, 12_800],
  ]);
  expect(waits.after(busy)).toEqual({ delayMs: 25_600, isFirst: false });
  waits.reset();
  expect(waits.after(busy)).toEqual({ delayMs: 800, isFirst: true });
});

test('a timer never ends early on the clock that it was set by', async () => {
  const timing = createTiming(() => performance.now());
  const early = await Promise.all(
    Array.from({ length: 200 }, (_, index) => {
      const dueMs = timing.now() + 5 + index / 7;
      return new Promise<boolean>((resolve) => timing.schedule(5 + index / 7, () => resolve(timing.now() < dueMs)));
    }),
  );
  expect(early.filter(Boolean)).toEqual([]);
});
