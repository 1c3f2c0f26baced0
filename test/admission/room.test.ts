import { expect, test } from 'vitest';
import { createRoom } from '../../src/admission/room.ts';

/** A room of 100 bytes on a clock that the test sets, and the guests that it expelled. */
function open() {
  const clock = { nowMs: 0 };
  const expelled: string[] = [];
  const room = createRoom(100, () => clock.nowMs);
  const guest = (name: string, bytes: number) => ({ bytes, expel: () => void expelled.push(name) });
  return { clock, expelled, room, guest };
}

test('the guest with the most bytes times time is expelled first', () => {
  const { clock, expelled, room, guest } = open();
  room.take(guest('small and old', 10));
  room.take(guest('large and old', 60));
  clock.nowMs = 100;
  room.take(guest('young', 30));
  expect(expelled).toEqual([]);
  room.take(guest('last', 40));
  expect(expelled).toEqual(['large and old']);
});

test('a guest that grows counts with its present size', () => {
  const { expelled, room, guest } = open();
  const growing = guest('growing', 10);
  room.take(growing);
  growing.bytes = 95;
  room.take(growing);
  room.take(guest('other', 5));
  expect(expelled).toEqual([]);
  room.take(guest('one more', 1));
  expect(expelled).toEqual(['growing']);
});

test('a guest that leaves twice frees its bytes once', () => {
  const { expelled, room, guest } = open();
  const first = guest('first', 90);
  room.take(first);
  room.leave(first);
  room.leave(first);
  room.take(guest('second', 90));
  expect(expelled).toEqual([]);
  room.take(guest('third', 20));
  expect(expelled).toEqual(['second']);
});

test('a single guest is never expelled', () => {
  const { expelled, room, guest } = open();
  room.take(guest('alone', 200));
  expect(expelled).toEqual([]);
});
