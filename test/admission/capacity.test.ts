import { expect, test } from 'vitest';
import { BODY_LIMIT_BYTES, divideMemory } from '../../src/admission/capacity.ts';

const MEBIBYTE = 1024 * 1024;

test('the memory of a container is divided, and a quarter remains', () => {
  for (const limit of [256, 512, 4096].map((mebibytes) => mebibytes * MEBIBYTE)) {
    const { newConnections, keptConnections, bytesInFlight } = divideMemory(limit, 64 * 1024 * MEBIBYTE);
    expect(limit / 2 + bytesInFlight + (newConnections + keptConnections) * 64 * 1024).toBe((limit / 4) * 3);
  }
});

test.each([
  ['no limit is set', 0],
  ['no limit is set, as cgroups v1 report it', 2 ** 63],
  ['it is the default of the chart', 256 * MEBIBYTE],
])('256 MiB is the limit if %s', (_, limit) => {
  expect(divideMemory(limit, 8 * 1024 * MEBIBYTE)).toEqual({
    newConnections: 256,
    keptConnections: 256,
    bytesInFlight: 32 * MEBIBYTE,
  });
});

test('with any limit, two of the largest bodies can be in flight', () => {
  expect(divideMemory(MEBIBYTE, 8 * 1024 * MEBIBYTE).bytesInFlight).toBe(2 * BODY_LIMIT_BYTES);
});
