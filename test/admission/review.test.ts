import { expect, test } from 'vitest';
import { readTimeoutMs } from '../../src/admission/review.ts';

test.each([
  ['5s', 5_000],
  ['10s', 10_000],
  ['500ms', 500],
  ['1.5s', 1_500],
  ['1m30s', 30_000],
  ['1s500ms', 1_500],
  ['30s', 30_000],
  ['31s', 30_000],
  ['999999999m', 30_000],
])('%s is %i ms', (timeout, expected) => {
  expect(readTimeoutMs({ timeout })).toBe(expected);
});

test.each(
  [
    ['', '0s', '0', '-5s', '5', 's', '5 s', ' 5s', '5S', '5h', '1e3s', '.5s', '5.s', 'NaNs', '٥s', '5s\n', 'Infinitys'],
    [undefined, null, 5, ['1s', '2s'], {}],
  ].flat(),
)('the invalid timeout %j counts as that of our webhook configurations, 5 s', (timeout) => {
  expect(readTimeoutMs({ timeout })).toBe(5_000);
});

test('no query counts as 5 s', () => {
  expect(readTimeoutMs(undefined)).toBe(5_000);
});

test('reads a timeout of the length of a request line quickly', () => {
  expect(readTimeoutMs({ timeout: '1'.repeat(16_000) })).toBe(5_000);
  expect(readTimeoutMs({ timeout: `${'1ms'.repeat(5_000)}x` })).toBe(5_000);
});
