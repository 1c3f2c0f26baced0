import { expect, test } from 'vitest';
import { createOwnWrites } from '../../src/kube/own-writes.ts';

const cacheAt = (versions: Record<string, string>) => (kind: string) => versions[kind] ?? '0';

test('a key waits until the cache of every kind it wrote has come as far as its last write', () => {
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

test('a key waits ever longer behind a watch that is silent, five seconds at most, and not at all once it has spoken', () => {
  const writes = createOwnWrites();
  writes.record('a', 'runs', '7');
  const waits = Array.from({ length: 12 }, () => writes.untilSeenMs('a', cacheAt({})));
  expect([...waits.slice(0, 4), waits.at(-1)]).toEqual([20, 40, 80, 160, 5_000]);
  expect(writes.untilSeenMs('a', cacheAt({ runs: '7' }))).toBe(0);
  writes.record('a', 'runs', '9');
  expect(writes.untilSeenMs('a', cacheAt({ runs: '7' }))).toBe(20);
});
