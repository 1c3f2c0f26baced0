import { expect, test } from 'vitest';
import { BODY_LIMIT_BYTES, divideMemory } from '../../src/admission/capacity.ts';

const MEBIBYTE = 1024 * 1024;

test('the memory of a container is divided, and a quarter is left', () => {
  for (const limit of [256, 512, 4096].map((mebibytes) => mebibytes * MEBIBYTE)) {
    const { newConnections, keptConnections, bytesInFlight } = divideMemory(limit, 64 * 1024 * MEBIBYTE);
    expect(limit / 2 + bytesInFlight + (newConnections + keptConnections) * 64 * 1024).toBe((limit / 4) * 3);
  }
});

test.each([
  ['none is set', 0],
  ['none is set, as cgroups of version 1 say it', 2 ** 63],
  ['it is the default of the chart', 256 * MEBIBYTE],
])('the limit of 256 MiB holds where %s', (_, limit) => {
  expect(divideMemory(limit, 8 * 1024 * MEBIBYTE)).toEqual({
    newConnections: 256,
    keptConnections: 256,
    bytesInFlight: 32 * MEBIBYTE,
  });
});

test('under any limit two of the largest bodies may be on their way', () => {
  expect(divideMemory(MEBIBYTE, 8 * 1024 * MEBIBYTE).bytesInFlight).toBe(2 * BODY_LIMIT_BYTES);
});
