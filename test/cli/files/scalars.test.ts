import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Document, Scalar } from 'yaml';
import { readDocuments } from '../../../src/cli/files/documents.ts';

function readValue(text: string): string {
  const [document] = readDocuments(text);
  return String((document?.value as { value: unknown } | undefined)?.value);
}

/** The text of the file at the place of a span of `value`. Undefined if only the start of the value is known. */
function find(text: string, offset: number, length: number): string | undefined {
  const [document] = readDocuments(text);
  const { line, column, end } = document?.placeOf(['value'], { offset, length }) ?? { line: 0, column: 0 };
  if (end === undefined) return undefined;
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  const offsetOf = (place: { line: number; column: number }) => (starts[place.line - 1] ?? 0) + place.column - 1;
  return text.slice(offsetOf({ line, column }), offsetOf(end));
}

describe('a word of a text is found', () => {
  test.each([
    ['in a plain value', 'value: a WORD b'],
    ['in a plain value of several lines', 'value: a\n  b\n\n\n  c WORD'],
    ['in single quotes, behind a doubled one', "value: 'it''s a WORD'"],
    ['in double quotes, behind escapes', String.raw`value: "\ta \"b\" \x41\u0041 \U0001F600 WORD"`],
    ['in double quotes, behind a line that goes on', 'value: "a \\\n    b\n    c WORD"'],
    ['in a literal block', 'value: |\n  a\n    b\n\n  c WORD\n'],
    ['in a literal block that begins with an empty line', 'value: |-\n\n    a WORD'],
    ['in a literal block with a given indentation', 'value: |2\n    a\n  WORD\n'],
    ['in a literal block with carriage returns', 'value: |\r\n  a\r\n  WORD\r\n'],
    ['in a folded block', 'value: >\n  a\n  b\n\n\n  c\n    d\n  WORD\n'],
    ['in a value with an anchor', 'value: &x !!str "a WORD"'],
    ['in a JSON text', '{"value": "a\\n\\/WORD"}'],
  ])('%s', (_, text) => {
    expect(find(text, readValue(text).indexOf('WORD'), 4)).toBe('WORD');
  });

  test('over the end of a line', () => {
    expect(find('value: >\n  a WO\n  RD b\n', 2, 5)).toBe('WO\n  RD');
  });
});

test.each([
  ['an alias', 'x: &x a WORD\nvalue: *x'],
  ['a value that is absent', 'x: a WORD'],
  ['a place behind the text', 'value: a'],
])('of %s only the start is known', (_, text) => {
  expect(find(text, 2, 4)).toBeUndefined();
});

test('the end of a text is a place without length', () => {
  expect(readDocuments('value: "ab"')[0]?.placeOf(['value'], { offset: 2, length: 0 })).toEqual({
    line: 1,
    column: 11,
    end: { line: 1, column: 11 },
  });
});

test('every letter of every text is found, however the text is written', () => {
  const styles = ['PLAIN', 'QUOTE_SINGLE', 'QUOTE_DOUBLE', 'BLOCK_LITERAL', 'BLOCK_FOLDED'] as const;
  const sign = fc.constantFrom('a', 'b', 'c', ' ', ' ', '\n', "'", '"', '\\', '{', ':', '#', '\t', '😀', '\u0007');
  fc.assert(
    fc.property(fc.array(sign, { maxLength: 60 }), fc.constantFrom(...styles), (signs, type) => {
      const value = signs.join('');
      const scalar = new Scalar(value);
      scalar.type = type;
      const text = new Document({ value: scalar }).toString({ lineWidth: 20, minContentWidth: 0 });
      // The library writes some texts as plain values that read back as something else.
      if (readValue(text) === value)
        for (const { 0: letter, index } of value.matchAll(/[abc]/g)) expect(find(text, index, 1), text).toBe(letter);
    }),
    { numRuns: 3000 },
  );
});

test('a text of 300,000 spaces is searched in linear time', () => {
  expect(find(`value: "a${' '.repeat(300_000)}WORD"`, 300_001, 4)).toBe('WORD');
});
