import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { displayLoop, displayName, displayText, listNames, quoteName } from '../../src/dag/display.ts';
import { hostileName, withoutEmoji } from '../support/steps.ts';

describe('displayName', () => {
  test.each([
    ['build-2', 'build-2'],
    ['überprüfen 检查 😀', 'überprüfen 检查 😀'],
    ['a\nb\u001b[31m', 'a\\u000ab\\u001b[31m'],
    ['\u202Egnp', '\\u202egnp'],
    ['a\u200Bb\u00A0c\u2028', 'a\\u200bb\\u00a0c\\u2028'],
    ['\u3164\ufe0f', '\\u3164\\ufe0f'],
    ['\ud800', '\\ud800'],
    ['\u{e0041}', '\\u{e0041}'],
    ['say "\\u0041"', 'say \\"\\\\u0041\\"'],
  ])('shows %j as %s', (name, shown) => {
    expect(displayName(name)).toBe(shown);
  });

  test('shows the longest DNS label in full, and cuts longer names', () => {
    expect(displayName('x'.repeat(63))).toBe('x'.repeat(63));
    expect(displayName('x'.repeat(64))).toBe(`${'x'.repeat(63)}…`);
  });

  test('does not cut inside an escape sequence or a character', () => {
    expect(displayName(`${'x'.repeat(62)}\n`)).toBe(`${'x'.repeat(62)}…`);
    expect(displayName(`${'x'.repeat(62)}😀`)).toBe(`${'x'.repeat(62)}…`);
  });

  test('is short, has only printable characters, and can be decoded', () => {
    fc.assert(
      fc.property(hostileName, (name) => {
        const shown = displayName(name);
        expect(withoutEmoji(shown)).not.toMatch(/\p{C}|\p{Zl}|\p{Zp}/u);
        expect(shown.length).toBeLessThanOrEqual(64);
        const text = shown.replaceAll(/\\(?:u\{(.+?)\}|u(.{4})|(.))/gu, (_, long, short, itself) =>
          itself ? itself : String.fromCodePoint(Number.parseInt(long ?? short, 16)),
        );
        if (name.length <= 10) expect(text).toBe(name);
        else expect(name.startsWith(text.replace(/…$/u, ''))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

test.each([
  ['👩\u200d💻 ships ❤\ufe0f 1\ufe0f\u20e3', '👩\u200d💻 ships ❤\ufe0f 1\ufe0f\u20e3'],
  ['👨\u200d👩\u200d👧 🧙🏾\u200d♀\ufe0f 🇩🇪', '👨\u200d👩\u200d👧 🧙🏾\u200d♀\ufe0f 🇩🇪'],
  ['a\u200db, 👩\u200d, \u200d💻', 'a\\u200db, 👩\\u200d, \\u200d💻'],
  ['👩\u200d\u202e💻, 1\ufe0f', '👩\\u200d\\u202e💻, 1\\ufe0f'],
])('a text keeps emoji of several characters whole, and a joiner outside of one is escaped: %j', (text, shown) => {
  expect(displayText(text)).toBe(shown);
  expect(displayName(text)).toBe(shown);
});

test('quoteName escapes quotes, so that a name cannot end the quotation', () => {
  expect(quoteName('a" and "b')).toBe('"a\\" and \\"b"');
  expect(quoteName('a\\" and "b')).toBe('"a\\\\\\" and \\"b"');
});

describe('displayLoop', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];

  test('ends with the step that it starts with', () => {
    expect(displayLoop(['a', 'b\n'])).toBe('a → b\\u000a → a');
    expect(displayLoop(names.slice(0, 8))).toBe('a → b → c → d → e → f → g → h → a');
  });

  test('shows only both ends of a long loop', () => {
    expect(displayLoop(names)).toBe('a → b → c → d → … 2 more … → g → h → i → j → a');
  });
});

test('listNames counts the names that it does not show', () => {
  expect(listNames(['a'])).toBe('"a"');
  expect(listNames(['a', 'b', 'c'], 3)).toBe('"a", "b", "c"');
  expect(listNames(['a', 'b', 'c', 'd', 'e', 'f', 'g'])).toBe('"a", "b", "c", "d", "e" and 2 more');
});
