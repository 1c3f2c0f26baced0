import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readDocuments } from '../../../src/cli/files/documents.ts';

/** Values of documents, and `line:column message` of those that cannot be read. */
function read(text: string): unknown[] {
  return readDocuments(text).flatMap(({ value, mistakes }) =>
    mistakes.length === 0 ? [value] : mistakes.map(({ line, column, message }) => `${line}:${column} ${message}`),
  );
}

function placeOf(text: string, ...path: (string | number)[]): string | undefined {
  return readDocuments(text)
    .map((document) => document.placeOf(path))
    .map(({ line, column }) => `${line}:${column}`)[0];
}

describe('documents', () => {
  test.each([
    ['nothing', '', []],
    ['a comment', '# nothing\n', []],
    ['markers alone', '---\n---\n# nothing\n---\n', []],
    ['several, some empty', 'a: 1\n--- # second\n\n---\nb: 2\n---\n', [{ a: 1 }, { b: 2 }]],
    ['a byte order mark', '\uFEFFa: 1\n', [{ a: 1 }]],
    ['carriage returns', 'a: 1\r\n---\r\nb: |\r\n  x\r\n  y\r\n', [{ a: 1 }, { b: 'x\ny\n' }]],
    ['the end of a document marked', 'a: 1\n...\nb: 2\n', [{ a: 1 }, { b: 2 }]],
    ['a marker inside a block of text', 'a: |\n  x\n  ---\n  y\n', [{ a: 'x\n---\ny\n' }]],
    ['JSON with tabs and escapes', '{\n\t"a": "x\\/\\ud83d\\ude00"\n}\n', [{ a: 'x/😀' }]],
    ['JSON objects one behind the other', '{"a": "}{"}\n{"b": 2}{"c": 3}', [{ a: '}{' }, { b: 2 }, { c: 3 }]],
    ['JSON with carriage returns alone', '{"a":\r[1],\r"b": 2}', [{ a: [1], b: 2 }]],
    ['YAML whose lines end with a carriage return', 'a: 1\rb:\r  - 2\r---\rc: 3\r', [{ a: 1, b: [2] }, { c: 3 }]],
  ])('reads %s', (_, text, values) => {
    expect(read(text)).toEqual(values);
  });

  test('tells an unclosed quote with its place, and reads the documents around it', () => {
    expect(read('a: 1\n---\nb: "x\n---\nc: 3\n')).toEqual([
      { a: 1 },
      '4:1 not valid YAML: Missing closing "quote',
      { c: 3 },
    ]);
  });

  test('cuts what the parser quotes after it is escaped', () => {
    const [message] = read(`a: |${'\0'.repeat(500)}`);
    expect(message).toMatch(/^1:5 not valid YAML: .+\\u0000…$/);
    expect(String(message).length).toBeLessThan(230);
  });

  test('tells a broken JSON object among others', () => {
    expect(read('{"a": 1}\n{"b": [}\n{"c": 3}\n')).toEqual([
      { a: 1 },
      expect.stringMatching(/^2:8 not valid YAML: /),
      { c: 3 },
    ]);
  });

  test('tells every key given twice, at its second place, and does not choose one', () => {
    expect(read('a: 1\nb: { x: 1, x: 2 }\na: 3\n')).toEqual([
      '3:1 the key "a" is given twice: remove one of the two',
      '2:12 the key "x" is given twice: remove one of the two',
    ]);
  });

  test('knows that keys written differently can be one', () => {
    expect(read('on: 1\nyes: 2\n')).toEqual(['2:1 the key "true" is given twice: remove one of the two']);
  });

  test('tells keys that are no text', () => {
    expect(read('{ [a]: 1, ? { b: 2 } : 3 }\n')).toEqual([
      '1:3 the key is a list or a map, not text: quote it, or render the template first',
      '1:13 the key is a list or a map, not text: quote it, or render the template first',
    ]);
  });

  test('suggests rendering a template', () => {
    expect(read('a: {{ .Values.x }}\n{{- if .y }}\n')).toEqual([expect.stringContaining('render a template')]);
  });

  test('escapes what a mistake quotes', () => {
    expect(read('a: *b\u001b\n')).toEqual([expect.stringContaining('\\u001b')]);
  });

  test('tells a byte that is not UTF-8', () => {
    expect(read('a: \uFFFD\n')).toEqual(['1:4 holds a byte that is not UTF-8 here']);
  });
});

describe('aliases', () => {
  test('repeat what their anchors hold, a thousand times if need be', () => {
    const [value] = read(`base: &base { a: 1 }\nall:\n${'  - { <<: *base, b: 2 }\n'.repeat(1000)}`);
    expect(value).toMatchObject({ all: Array.from({ length: 1000 }, () => ({ a: 1, b: 2 })) });
  });

  test('without an anchor before them are told', () => {
    expect(read('a: 1\nb: *c\n')).toEqual([expect.stringMatching(/^2:4 .*alias.*: c$/)]);
  });

  test('inside what they stand for are told', () => {
    expect(read('a: &a [1, *a]\n')).toEqual(['1:11 the alias "a" refers to a value that contains it: remove it']);
  });

  test.each([
    ['lists', (inner: string) => `[${inner}]`],
    ['merges', (inner: string) => `{ <<: [${inner}] }`],
  ])('that unfold without end are refused: %s', (_, wrap) => {
    const levels = Array.from(
      { length: 9 },
      (__, n) => `a${n + 1}: &a${n + 1} ${wrap(Array(9).fill(`*a${n}`).join())}`,
    );
    expect(read(['a0: &a0 { x: 1 }', ...levels].join('\n'))).toEqual([expect.stringContaining('aliases expand')]);
  });
});

test('tells nesting that is too deep to be read', () => {
  expect(read('['.repeat(20_000))).toEqual([expect.stringContaining('nested too deep')]);
});

test('takes a large map in linear time', () => {
  // Comparing each key with each takes 20 s here; this takes 1 s.
  const keys = Array.from({ length: 40_000 }, (_, index) => `k${index}: 1`).join('\n');
  expect(read(keys)).toHaveLength(1);
}, 10_000);

test('never fails, whatever the text', () => {
  const sign = fc.constantFrom(
    ...'-:?,[]{}#&*!|>\'"%@` \n\t\r\\'.split(''),
    '---',
    '\n--- ',
    '...',
    '<<',
    '\uFEFF',
    'a',
    '0',
    '{{',
  );
  fc.assert(
    fc.property(fc.array(sign, { maxLength: 40 }), (signs) => {
      for (const { mistakes, placeOf } of readDocuments(signs.join(''))) {
        for (const place of [...mistakes, placeOf(['a', 0])])
          expect(Math.min(place.line, place.column)).toBeGreaterThan(0);
      }
    }),
    { numRuns: 1000 },
  );
});

describe('places', () => {
  const text = [
    'base: &base { x: 1 }', // 1
    'list:', // 2
    '  - name: a', // 3
    '    empty:', // 4
    '  - *base', // 5
    '  - <<: *base', // 6
    '    z: [1, 22]', // 7
  ].join('\n');

  test.each([
    [['list'], '2:1', 'a list is where its key is'],
    [['list', 0], '3:5', 'an entry is where it begins'],
    [['list', 0, 'name'], '3:11', 'a scalar is where its value is'],
    [['list', 0, 'empty'], '4:5', 'an empty value is where its key is'],
    [['list', 0, 'absent'], '3:5', 'what is absent is where its parent is'],
    [['list', 7], '2:1', 'what is behind the end too'],
    [['list', 1, 'x'], '5:5', 'what an alias holds is where it is used'],
    [['list', 2, 'x'], '6:5', 'what is merged in too'],
    [['list', 2, 'z', 1], '7:12', 'flow lists have places inside a line'],
    [['absent', 'below'], '1:1', 'with no parent it is the document'],
  ])('of %j: %s, since %s', (path, place) => {
    expect(placeOf(text, ...path)).toBe(place);
  });

  test('count from the beginning of the file', () => {
    const [, second] = readDocuments('a: 1\n---\nb:\n  c: 2\n');
    expect(second?.placeOf(['b', 'c'])).toEqual({ line: 4, column: 6 });
  });

  test('and values of a JSON text are what and where they are written', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const json = JSON.stringify({ value }, null, 2);
        const lines = json.split('\n');
        const [document] = readDocuments(json);
        expect(document?.value).toEqual(JSON.parse(json));
        for (const [path, scalar] of scalarsOf(value, ['value'])) {
          const { line, column } = document?.placeOf(path) ?? { line: 0, column: 0 };
          const written = JSON.stringify(scalar);
          expect(lines[line - 1]?.slice(column - 1).startsWith(written), `${path.join('.')} in ${json}`).toBe(true);
        }
      }),
    );
  });
});

function scalarsOf(value: unknown, path: readonly (string | number)[]): [(string | number)[], unknown][] {
  if (typeof value !== 'object' || value === null) return [[[...path], value]];
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return keys.flatMap((key) => scalarsOf((value as Record<string | number, unknown>)[key], [...path, key]));
}
