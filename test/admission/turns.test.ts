import { expect, test } from 'vitest';
import { createTurns } from '../../src/admission/turns.ts';

/** Turns that the test starts: `turn` starts the next one, after this many milliseconds. */
function open() {
  const clock = { nowMs: 0 };
  const next: (() => void)[] = [];
  const answered: string[] = [];
  const turns = createTurns(
    (take) => next.push(take),
    () => clock.nowMs,
  );
  return {
    next,
    answered,
    ask: (peer: string, review: string) => void turns.wait(peer).then(() => answered.push(review)),
    turn: async (afterMs = 1) => {
      clock.nowMs += afterMs;
      next.shift()?.();
      await Promise.resolve();
    },
  };
}

test('a single review is answered at once', async () => {
  const { ask, answered, turn, next } = open();
  for (const review of ['a1', 'a2']) {
    ask('a', review);
    await Promise.resolve();
    expect(answered.at(-1)).toBe(review);
    await turn();
    expect(next).toEqual([]);
  }
});

test('peers take turns, however many reviews one has sent', async () => {
  const { ask, answered, turn } = open();
  for (const review of ['a1', 'a2', 'a3']) ask('a', review);
  for (const review of ['b1', 'b2']) ask('b', review);
  for (let n = 0; n < 5; n++) await turn();
  expect(answered).toEqual(['a1', 'b1', 'a2', 'b2', 'a3']);
});

test('a peer that has used much time waits for one that has used little', async () => {
  const { ask, answered, turn } = open();
  for (const review of ['a1', 'a2']) ask('a', review);
  for (const review of ['b1', 'b2', 'b3']) ask('b', review);
  await turn(300);
  for (let n = 0; n < 4; n++) await turn(1);
  expect(answered).toEqual(['a1', 'b1', 'b2', 'b3', 'a2']);
});
