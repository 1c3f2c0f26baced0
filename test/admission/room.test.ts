import { expect, test } from 'vitest';
import { createRoom } from '../../src/admission/room.ts';

/** A room of 100 bytes, on a clock that is set by hand, and who was expelled from it. */
function open() {
  const clock = { nowMs: 0 };
  const expelled: string[] = [];
  const room = createRoom(100, () => clock.nowMs);
  const guest = (name: string, bytes: number) => ({ bytes, expel: () => void expelled.push(name) });
  return { clock, expelled, room, guest };
}

test('whoever takes up most for longest goes first', () => {
  const { clock, expelled, room, guest } = open();
  room.take(guest('small and old', 10));
  room.take(guest('large and old', 60));
  clock.nowMs = 100;
  room.take(guest('young', 30));
  expect(expelled).toEqual([]);
  room.take(guest('last', 40));
  expect(expelled).toEqual(['large and old']);
});

test('a guest that grows is counted as large as it is', () => {
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

test('who leaves, even twice, makes room once', () => {
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

test('who is alone may stay', () => {
  const { expelled, room, guest } = open();
  room.take(guest('alone', 200));
  expect(expelled).toEqual([]);
});
