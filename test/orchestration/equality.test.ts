import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isEqual } from '../../src/orchestration/equality.ts';

/** Equal values have equal texts if their keys are sorted. */
function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText)}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, inside]) => `${JSON.stringify(key)}:${canonicalText(inside)}`);
  return `{${entries.toSorted()}}`;
}

/** Few values, so that two of them are often equal. */
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<unknown>(null, 0, 1, '0', '', true, false),
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('0', 'a', '__proto__', 'constructor'), tie('value'), { maxKeys: 2 }),
  ),
}));

test('agrees with the comparison of the texts with sorted keys, for any two values', () => {
  fc.assert(
    fc.property(value, value, (left, right) => {
      const [one, other] = [left, right].map((side) => JSON.parse(JSON.stringify(side)));
      expect(isEqual(one, other)).toBe(canonicalText(one) === canonicalText(other));
    }),
    { numRuns: 5000 },
  );
});

test('finds a value equal to itself with its keys reversed, and different from itself with one more part', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string(), (value, key) => {
      expect(isEqual(value, turnKeys(value))).toBe(true);
      expect(isEqual([value], [value, null])).toBe(false);
      expect(isEqual({ [`x${key}`]: value }, { [`y${key}`]: value })).toBe(false);
    }),
  );
});

test.each([
  [[], {}],
  [null, {}],
  [null, undefined],
  [0, '0'],
  [{ a: undefined }, {}],
  [['a'], { 0: 'a' }],
])('finds %j different from %j', (left, right) => {
  expect(isEqual(left, right)).toBe(false);
  expect(isEqual(right, left)).toBe(false);
});

test('compares values that are nested 100,000 levels deep', () => {
  const parse = (inside: string) => JSON.parse('['.repeat(100_000) + inside + ']'.repeat(100_000));
  expect(isEqual(parse('1'), parse('1'))).toBe(true);
  expect(isEqual(parse('1'), parse('2'))).toBe(false);
});

function turnKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turnKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, inside]) => [key, turnKeys(inside)]),
  );
}
