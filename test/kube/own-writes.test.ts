import { expect, test } from 'vitest';
import { createOwnWrites } from '../../src/kube/own-writes.ts';

const cacheAt = (versions: Record<string, string>) => (kind: string) => versions[kind] ?? '0';

test('a key waits until the cache of every kind it wrote has come as far as its last write', () => {
  const writes = createOwnWrites();
  writes.record('a', 'runs', '90');
  writes.record('a', 'runs', '101');
  writes.record('a', 'runs', '99');
  writes.record('a', 'jobs', '95');
  expect(writes.hasSeen('a', cacheAt({ runs: '100', jobs: '100' }))).toBe(false);
  expect(writes.hasSeen('a', cacheAt({ runs: '101', jobs: '9' }))).toBe(true); // jobs were seen before
  expect(writes.hasSeen('a', cacheAt({}))).toBe(true); // all is forgotten
});

test('keys do not wait for each other, nor for what is forgotten', () => {
  const writes = createOwnWrites();
  writes.record('a', 'runs', '7');
  expect(writes.hasSeen('b', cacheAt({}))).toBe(true);
  expect(writes.hasSeen('a', cacheAt({}))).toBe(false);
  writes.forget('a');
  expect(writes.hasSeen('a', cacheAt({}))).toBe(true);
});
