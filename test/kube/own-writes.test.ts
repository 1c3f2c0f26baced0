import { expect, test } from 'vitest';
import { createOwnWrites } from '../../src/kube/own-writes.ts';

const cacheAt = (versions: Record<string, string>) => (kind: string) => versions[kind] ?? '0';

test('a key waits until the cache of every kind that it wrote contains its last write', () => {
  const writes = createOwnWrites();
  writes.record('a', 'runs', '90');
  writes.record('a', 'runs', '101');
  writes.record('a', 'runs', '99');
  writes.record('a', 'jobs', '95');
  expect(writes.untilSeenMs('a', cacheAt({ runs: '100', jobs: '100' }))).toBeGreaterThan(0);
  expect(writes.untilSeenMs('a', cacheAt({ runs: '101', jobs: '9' }))).toBe(0); // jobs were seen before
  expect(writes.untilSeenMs('a', cacheAt({}))).toBe(0); // all is forgotten
});

test('keys do not wait for each other', () => {
  const writes = createOwnWrites();
  writes.record('a', 'runs', '7');
  expect(writes.untilSeenMs('b', cacheAt({}))).toBe(0);
  expect(writes.untilSeenMs('a', cacheAt({}))).toBeGreaterThan(0);
});

test('a key waits longer each time while a watch is silent, up to five seconds, and not at all after an event', () => {
  const writes = createOwnWrites();
  writes.record('a', 'runs', '7');
  const waits = Array.from({ length: 12 }, () => writes.untilSeenMs('a', cacheAt({})));
  expect([...waits.slice(0, 4), waits.at(-1)]).toEqual([20, 40, 80, 160, 5_000]);
  expect(writes.untilSeenMs('a', cacheAt({ runs: '7' }))).toBe(0);
  writes.record('a', 'runs', '9');
  expect(writes.untilSeenMs('a', cacheAt({ runs: '7' }))).toBe(20);
});
