import { expect, test } from 'vitest';
import { startLoop } from '../../src/certificates/loop.ts';
import { createFakeTiming } from '../support/timing.ts';

function start() {
  const timing = createFakeTiming();
  const rounds: number[] = [];
  const loop = startLoop({
    round: () => {
      rounds.push(timing.now());
      return Promise.resolve();
    },
    schedule: timing.schedule,
  });
  return { timing, rounds, loop };
}

test('the loop runs a round at once, and another every ten seconds', async () => {
  const { timing, rounds, loop } = start();
  await timing.advance(25_000);
  expect(rounds).toEqual([0, 10_200, 20_400]);
  await loop.stop();
});

test('a wake starts the next round at once, but many wakes start at most five a second', async () => {
  const { timing, rounds, loop } = start();
  await timing.advance(5_000);
  loop.wake();
  await timing.advance(0);
  expect(rounds).toEqual([0, 5_000]);
  for (let i = 0; i < 100; i++) {
    loop.wake();
    await timing.advance(10);
  }
  expect(rounds.length).toBeLessThanOrEqual(2 + 6);
  await loop.stop();
});

test('a wake during a round is not lost', async () => {
  const { timing, rounds, loop } = start();
  loop.wake();
  await timing.advance(300);
  expect(rounds).toEqual([0, 200]);
  await loop.stop();
});

test('no round starts after the loop is stopped', async () => {
  const { timing, rounds, loop } = start();
  await timing.advance(100);
  await loop.stop();
  await timing.advance(60_000);
  expect(rounds).toEqual([0]);
});
