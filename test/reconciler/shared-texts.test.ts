import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bucketLabel } from '../../src/orchestration/buckets.ts';
import { Label } from '../../src/orchestration/vocabulary/metadata.ts';
import { createTextSharing } from '../../src/reconciler/shared-texts.ts';

test('changes no value, however many texts there are', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(3), (value, mostTexts) => {
      const share = createTextSharing(mostTexts);
      expect(share(structuredClone(value))).toEqual(value);
      expect(share(structuredClone(value))).toEqual(value);
    }),
  );
});

test('leaves what is frozen, such as the label of a bucket', () => {
  const object = { metadata: { labels: bucketLabel(54) } };
  expect(createTextSharing()(object)).toEqual({ metadata: { labels: { [Label.Bucket]: '54' } } });
});

test('leaves what is nested too deep for the stack', () => {
  const deep: unknown = JSON.parse(`${'['.repeat(9_000)}"a text that is repeated"${']'.repeat(9_000)}`);
  expect(createTextSharing()(deep)).toBe(deep);
});

test('makes the texts that objects repeat take memory once', () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage: () => void = runInNewContext('gc');
  const text = JSON.stringify({ namespace: 'n'.repeat(100), status: { message: 'm'.repeat(100) } });
  const bytesOf = (keep: (value: unknown) => unknown) => {
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    const kept = Array.from({ length: 20_000 }, () => keep(JSON.parse(text)));
    collectGarbage();
    return (process.memoryUsage().heapUsed - before) / kept.length;
  };
  expect(bytesOf(createTextSharing())).toBeLessThan(bytesOf((value) => value) - 100);
});
