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
    ['(', "not a valid RE2 pattern: missing closing ): '('"],
    ['(a)\\1', "not a valid RE2 pattern: invalid escape sequence: '\\\\1'"],
    ['(\u0003', "not a valid RE2 pattern: missing closing ): '(\\u0003'"],
    ['a'.repeat(513), 'the pattern has 513 characters, but at most 512 are allowed'],
    ['a{501}', 'the pattern has 501 parts if its repetitions are written out, but at most 500 are allowed'],
    ['(a?){400}(b?){400}', 'but at most 500 are allowed'],
    ['(?:[a-z{9}]{20}){40}', 'but at most 500 are allowed'],
    ['((a{100}){100}){100}', 'but at most 500 are allowed'],
  ])('denies %.30s', (pattern, mistake) => {
    expect(matches(pattern, '')).toContain(mistake);
  });

  test('says what is wrong in a short line, whatever the pattern is', () => {
    expect(matches(`(${'\u0017'.repeat(500)}`, '')).toMatch(
      /^not a valid RE2 pattern: missing closing \): '\((\\u0017){20,}…$/,
    );
  });
});
