import { describe, expect, test } from 'vitest';
import { compilePattern } from '../../src/expressions/pattern.ts';

describe('compilePattern', () => {
  const matches = (pattern: string, text: string) => {
    const compiled = compilePattern(pattern);
    return 'mistake' in compiled ? compiled.mistake : compiled.matches(text);
  };

  test.each([
    ['^v[0-9]+$', 'v12', true],
    ['^v[0-9]+$', 'v12x', false],
    ['b', 'abc', true],
    ['^sha256:[0-9a-f]{64}$', `sha256:${'0'.repeat(64)}`, true],
    ['^\\pL+$', 'Größe', true],
  ])('%s on %s: %s', (pattern, text, isMatch) => {
    expect(matches(pattern, text)).toBe(isMatch);
  });

  test('does not backtrack', () => {
    expect(matches('^(a+)+$', `${'a'.repeat(60_000)}b`)).toBe(false);
    expect(matches('^(a|a)*(a|aa)+$', `${'a'.repeat(60_000)}b`)).toBe(false);
  });

  test.each([
    ['(', "no pattern of RE2: missing closing ): '('"],
    ['(a)\\1', "no pattern of RE2: invalid escape sequence: '\\\\1'"],
    ['(\u0003', "no pattern of RE2: missing closing ): '(\\u0003'"],
    ['a'.repeat(513), '513 characters, and a pattern has at most 512'],
    ['a{501}', '501 parts when its repetitions are written out, and a pattern has at most 500'],
    ['(a?){400}(b?){400}', 'and a pattern has at most 500'],
    ['(?:[a-z{9}]{20}){40}', 'and a pattern has at most 500'],
    ['((a{100}){100}){100}', 'and a pattern has at most 500'],
  ])('denies %.30s', (pattern, mistake) => {
    expect(matches(pattern, '')).toContain(mistake);
  });

  test('says what is wrong in a short line, whatever the pattern is', () => {
    expect(matches(`(${'\u0017'.repeat(500)}`, '')).toMatch(
      /^no pattern of RE2: missing closing \): '\((\\u0017){20,}…$/,
    );
  });
});
