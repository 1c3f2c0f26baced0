import { expect, it } from 'vitest';
import { createRandom } from '../fuzz/random.ts';
import { estimateSlope } from '../support/slope.ts';

it('finds the slope of things that begin at different levels', () => {
  const samples = [0, 1, 2, 3].flatMap((at) => [
    { of: 'a', at, value: 100 + 2 * at },
    { of: 'b', at: at + 10, value: 2 * at },
  ]);
  const { perTime, standardError } = estimateSlope(samples);
  expect(perTime).toBeCloseTo(2);
  expect(standardError).toBeCloseTo(0);
});

it('is within two standard errors of the truth 19 times in 20', () => {
  const random = createRandom(11, 0);
  const isClose = () => {
    const noise = () => random.int(1_000) - 500;
    const samples = Array.from({ length: 60 }, (_, at) => ({ of: `${at % 3}`, at, value: 3 * at + noise() }));
    const { perTime, standardError } = estimateSlope(samples);
    return Math.abs(perTime - 3) < 2 * standardError;
  };
  expect(Array.from({ length: 200 }, isClose).filter(Boolean).length).toBeGreaterThan(180);
});
