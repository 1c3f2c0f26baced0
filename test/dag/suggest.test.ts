import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { suggestName } from '../../src/dag/suggest.ts';

describe('suggestName', () => {
  test.each([
    ['biuld', 'build', 'swapped neighbours'],
    ['biudl', 'build', 'two swaps'],
    ['depoy', 'deploy', 'a letter left out'],
    ['deploooy', 'deploy', 'two letters too many'],
    ['abloy', 'deploy', undefined],
    ['tset', 'test', 'one edit in four letters'],
    ['tse', 'test', undefined],
    ['BUILD', 'build', 'case'],
    ['Ab', 'aB', 'case'],
  ])('for %j and a step %j: %s', (wanted, candidate, why) => {
    expect(suggestName(wanted, [candidate])).toBe(why && candidate);
  });

  test('prefers a difference in case to one edit, one edit to two, and the first of equal candidates', () => {
    expect(suggestName('deploy', ['deplxx', 'deplox', 'DEPLOY'])).toBe('DEPLOY');
    expect(suggestName('deploy', ['deplxx', 'deplox'])).toBe('deplox');
    expect(suggestName('deploy', ['deplox', 'deploz', 'deplxx'])).toBe('deplox');
  });

  test('never suggests the empty name of a malformed step', () => {
    expect(suggestName('a', ['', 'b'])).toBe('b');
  });

  test('suggests nothing for a name that is longer than Kubernetes allows', () => {
    const long = 'x'.repeat(253);
    expect(suggestName(long, [`${long}x`, `${long.slice(1)}y`])).toBe(`${long.slice(1)}y`);
    expect(suggestName(`${long}x`, [long])).toBeUndefined();
  });

  // With a matrix for each pair this takes minutes, and the gate answers nothing in that time.
  test('returns quickly for the longest names that differ only at their ends', () => {
    const like = 'x'.repeat(245);
    const names = Array.from({ length: 1000 }, (_, i) => like + `${i}`.padStart(8, '0'));
    for (let i = 0; i < 200; i++) expect(suggestName(`${like}abcdef${i}`, names)).toBeUndefined();
  });

  test('suggests the first of the nearest names, as the full edit matrix does', () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'b', 'A'), maxLength: 7 });
    fc.assert(
      fc.property(name, fc.array(name, { maxLength: 4 }), (wanted, candidates) => {
        const isCase = (candidate: string) => candidate.toLowerCase() === wanted.toLowerCase();
        const distanceTo = (candidate: string) => (isCase(candidate) ? 0 : naiveDistance(wanted, candidate));
        const near = candidates.filter((name) => name !== '' && distanceTo(name) <= (wanted.length < 5 ? 1 : 2));
        const nearest = Math.min(...near.map(distanceTo));
        expect(suggestName(wanted, candidates)).toBe(near.find((name) => distanceTo(name) === nearest));
      }),
      { numRuns: 3000 },
    );
  });
});

/** Optimal string alignment distance, straight from its recurrence. */
function naiveDistance(left: string, right: string): number {
  const distances = Array.from({ length: left.length + 1 }, () => Array<number>(right.length + 1).fill(0));
  const distance = (i: number, j: number) => distances[i]?.[j] ?? Infinity;
  for (let i = 0; i <= left.length; i++)
    for (let j = 0; j <= right.length; j++) {
      const isSwapped = i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1];
      const changed = distance(i - 1, j - 1) + (left[i - 1] === right[j - 1] ? 0 : 1);
      const swapped = isSwapped ? distance(i - 2, j - 2) + 1 : Infinity;
      const least = Math.min(distance(i - 1, j) + 1, distance(i, j - 1) + 1, changed, swapped);
      distances[i]?.splice(j, 1, i + j === 0 ? 0 : least);
    }
  return distance(left.length, right.length);
}
