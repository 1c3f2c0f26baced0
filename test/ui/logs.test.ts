import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cssColor, parseAnsi, type Span, stripAnsi } from '../../src/ui/page/logs/ansi.ts';
import { createLogBuffer, noLogs, splitFound } from '../../src/ui/page/logs/log-buffer.ts';

const ESC = '\x1b';

describe('a line of a log', () => {
  test.each<[string, string, readonly Span[]]>([
    ['without colors', 'plain', [{ text: 'plain' }]],
    ['with a color and its end', `${ESC}[31mred${ESC}[0m on`, [{ text: 'red', color: 1 }, { text: ' on' }]],
    ['with bright colors and a ground', `${ESC}[1;93;44mx`, [{ text: 'x', isBold: true, color: 11, ground: 4 }]],
    ['with 256 colors', `${ESC}[38;5;208;48;5;17mx`, [{ text: 'x', color: 208, ground: 17 }]],
    ['with 16 million colors', `${ESC}[38;2;255;0;16mx`, [{ text: 'x', color: '#ff0010' }]],
    ['with colons', `${ESC}[38:5:9mx`, [{ text: 'x', color: 9 }]],
    ['with an empty code', `${ESC}[4mx${ESC}[my`, [{ text: 'x', isUnderlined: true }, { text: 'y' }]],
    [
      'that ends one style of two',
      `${ESC}[1;3mx${ESC}[22my`,
      [
        { text: 'x', isBold: true, isItalic: true },
        { text: 'y', isItalic: true },
      ],
    ],
    ['with invalid numbers', `${ESC}[38;5;999;38;2;1mx`, [{ text: 'x' }]],
    [
      'with other sequences and control characters',
      `a${ESC}[2K${ESC}]0;title\x07b\x08${ESC}7c`,
      [{ text: 'a' }, { text: 'b' }, { text: 'c' }],
    ],
    ['that was written over', `10 %\r100 %`, [{ text: '100 %' }]],
    ['with a carriage return at its end', 'done\r', [{ text: 'done' }]],
  ])('%s', (_, line, spans) => {
    expect(parseAnsi(line, {}).spans).toEqual(spans);
  });

  test('begins in the style in which the one before it has ended', () => {
    const { after } = parseAnsi(`${ESC}[32mstart`, {});
    expect(parseAnsi('next', after).spans).toEqual([{ text: 'next', color: 2 }]);
  });

  test('never shows a control character, whatever it holds', () => {
    const text = fc.string({
      unit: fc.constantFrom(...Array.from(`${ESC}[]0123456789;:mKa\x07\r\t\\?`)),
      maxLength: 60,
    });
    fc.assert(
      fc.property(text, (line) => {
        expect(stripAnsi(line)).not.toMatch(/(?!\t)\p{Cc}/u);
      }),
    );
  });
});

test('the colors of a palette of 256', () => {
  expect([9, 16, 208, 231, 232, 255, '#123456'].map(cssColor)).toEqual([
    ...[
      'var(--ansi-9)',
      'rgb(0,0,0)',
      'rgb(255,135,0)',
      'rgb(255,255,255)',
      'rgb(8,8,8)',
      'rgb(238,238,238)',
      '#123456',
    ],
  ]);
});

describe('the logs of a step', () => {
  const source = (at: number) =>
    ({ type: 'Source', source: at, pod: `p${at}`, container: 'c', command: 'kubectl logs' }) as const;

  test('keep the last 20,000 lines, in chunks that never change once they are full', () => {
    const add = createLogBuffer();
    const lines = (from: number, count: number) => Array.from({ length: count }, (_, at) => `${from + at}`);
    let state = add(noLogs, [source(0), { type: 'Lines', source: 0, lines: lines(0, 250) }]);
    const [first, second] = state.chunks;
    expect([first?.lines.length, second?.lines.length]).toEqual([200, 50]);
    state = add(state, [{ type: 'Lines', source: 0, lines: lines(250, 10) }]);
    expect(state.chunks[0]).toBe(first);
    expect(state.chunks[1]?.lines.at(-1)?.text).toBe('259');
    state = add(state, [{ type: 'Lines', source: 0, lines: lines(260, 20_000) }]);
    expect([state.chunks.length, state.dropped]).toEqual([100, 400]);
    expect(state.chunks[0]?.lines[0]?.text).toBe('400');
    expect(state.chunks.at(-1)?.lines.at(-1)?.text).toBe('20259');
  });

  test('keep the style of each source apart, and say what is waited for and why they end', () => {
    const add = createLogBuffer();
    let state = add(noLogs, [{ type: 'Note', sentence: 'The pod is being created.' }]);
    expect(state.note).toBe('The pod is being created.');
    state = add(state, [
      ...[source(0), source(1)],
      { type: 'Lines', source: 0, lines: [`${ESC}[31ma`] },
      { type: 'Lines', source: 1, lines: ['b'] },
      { type: 'Lines', source: 0, lines: ['c'] },
      { type: 'End', sentence: 'The pod is gone.' },
    ]);
    expect(state.chunks[0]?.lines.map(({ spans }) => spans[0]?.color)).toEqual([1, undefined, 1]);
    expect(state).toMatchObject({ note: 'The pod is gone.', isOver: true });
  });
});

test('the searched text is found in any case, as often as it is there', () => {
  expect(splitFound('Error: error', 'ERROR')).toEqual([
    { text: 'Error', isFound: true },
    { text: ': ', isFound: false },
    { text: 'error', isFound: true },
  ]);
  expect(splitFound('abc', '')).toEqual([{ text: 'abc', isFound: false }]);
});
