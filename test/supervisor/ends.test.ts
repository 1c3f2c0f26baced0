import { describe, expect, test } from 'vitest';
import { causeOf, defaultHeapMib, END_CAUSES, isWorkBlamed, restartDelayMs } from '../../src/supervisor/ends.ts';
import { EXIT } from '../../src/supervisor/messages.ts';

const end = { code: null, signal: null, isStalled: false };

describe('the cause of an end', () => {
  test.each([
    ['fault', { code: EXIT.fault }],
    ['fault', { code: 1 }],
    ['memory', { signal: 'SIGABRT' }],
    ['memory', { code: 134 }],
    ['stalled', { signal: 'SIGKILL', isStalled: true }],
    ['killed', { signal: 'SIGKILL' }],
    ['exit', { code: 0 }],
    ['spawn', { error: new Error('EAGAIN') }],
  ] as const)('is %s for %j', (cause, fields) => {
    expect(causeOf({ ...end, ...fields })).toBe(cause);
  });

  test('does not blame the work if the environment or the engine itself is the cause', () => {
    expect(END_CAUSES.filter((cause) => !isWorkBlamed(cause))).toEqual(['exit', 'spawn']);
  });
});

describe('the delay before the next engine', () => {
  test('doubles with each end, up to the cap', () => {
    const delays = [0, 1, 2, 3, 10, 1_000].map((failures) => restartDelayMs(failures, 30_000, () => 1));
    expect(delays).toEqual([250, 500, 1_000, 2_000, 30_000, 30_000]);
  });

  test('is at least half of that, for any random number', () => {
    expect(restartDelayMs(0, 30_000, () => 0)).toBe(125);
    expect(restartDelayMs(10, 30_000, () => 0)).toBe(15_000);
  });
});

test('the heap gets the rest of the container’s memory limit, and at least a minimum', () => {
  const mib = 2 ** 20;
  expect([undefined, 512 * mib, 256 * mib, 128 * mib].map(defaultHeapMib)).toEqual([1_024, 320, 64, 64]);
});
