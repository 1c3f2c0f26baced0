import { describe, expect, test } from 'vitest';
import {
  BUCKETS,
  bucketLabel,
  bucketOf,
  bucketOfName,
  bucketOfText,
  readBucket,
} from '../../src/orchestration/buckets.ts';
import { Label } from '../../src/orchestration/vocabulary/metadata.ts';

const named = (labels?: Record<string, string>) => ({
  metadata: { namespace: 'ci', name: 'nightly', ...(labels && { labels }) },
});

describe('the bucket of an object', () => {
  test.each([0, 9, 63])('is the one in its label: %i', (bucket) => {
    expect(bucketOf(named({ [Label.Bucket]: String(bucket) }))).toBe(bucket);
    expect(bucketOf(named(bucketLabel(bucket)))).toBe(bucket);
  });

  test.each(['64', '99', '-1', '07', '1.0', ' 1', 'abc', ''])('is that of its name if the label is "%s"', (value) => {
    expect(readBucket({ [Label.Bucket]: value })).toBeUndefined();
    expect(bucketOf(named({ [Label.Bucket]: value }))).toBe(bucketOfName('ci', 'nightly'));
  });

  test('is that of its name if it has no label', () => {
    expect(bucketOf(named())).toBe(bucketOfName('ci', 'nightly'));
  });
});

describe('the bucket of a name', () => {
  // The numbers are stored in labels by other versions, so they never change.
  test.each([
    ['ci', 'nightly', 16],
    ['ci', 'release', 4],
    ['agents', 'nightly', 5],
  ])('of %s/%s is %i for ever', (namespace, name, bucket) => {
    expect(bucketOfName(namespace, name)).toBe(bucket);
  });

  test('is each of the buckets about as often as any other', () => {
    const found = Array.from({ length: 64_000 }, (_, n) => bucketOfText(`ci/run-${n}`));
    const counts = Array.from({ length: BUCKETS }, (_, bucket) => found.filter((one) => one === bucket).length);
    // Five standard deviations around 1,000.
    expect(Math.min(...counts)).toBeGreaterThan(840);
    expect(Math.max(...counts)).toBeLessThan(1_160);
  });
});
