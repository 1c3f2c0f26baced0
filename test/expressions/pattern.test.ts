import { expect, test } from 'vitest';
import { compilePattern } from '../../src/expressions/pattern.ts';

function compile(text: string) {
  const pattern = compilePattern(text);
  if ('mistake' in pattern) throw new Error(pattern.mistake);
  return pattern;
}

test.each([
  ['a part of the text matches', 'b+', 'abbc', true],
  ['anchors hold the whole text', '^b+$', 'abbc', false],
  ['the end is the end of the text, not of a line', '^b$', 'b\n', false],
  ['classes of Unicode are known', '^\\p{Greek}+$', 'αβγ', true],
])('of a pattern, %s', (_, pattern, text, isMatch) => {
  expect(compile(pattern).matches(text)).toBe(isMatch);
});

test.each([
  ['[a', 'missing closing ]: `[a`'],
  ['(?=a)', 'invalid or unsupported Perl syntax: `(?=`'],
  ['(a)\\1', 'invalid escape sequence: `\\1`'],
  ['a{1001}', 'invalid repeat count: `{1001}`'],
  ['((a{100}){100}){100}', 'invalid repeat count: `{100}`'],
])('%s is denied with its mistake', (text, mistake) => {
  expect(compilePattern(text)).toEqual({ mistake });
});

test('a pattern that takes a backtracking engine forever takes no time', () => {
  const { matches } = compile('^(a+)+$');
  const startMs = performance.now();
  expect(matches(`${'a'.repeat(100_000)}b`)).toBe(false);
  expect(performance.now() - startMs).toBeLessThan(1000);
});
