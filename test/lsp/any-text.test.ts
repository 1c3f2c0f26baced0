import { globSync, readFileSync } from 'node:fs';
import { assert, constantFrom, integer, property, record, string } from 'fast-check';
import { expect, test } from 'vitest';
import { complete } from '../../src/lsp/completion.ts';
import { findDefinition } from '../../src/lsp/definition.ts';
import { diagnose } from '../../src/lsp/diagnose.ts';
import { findFixes } from '../../src/lsp/fixes.ts';
import { describeSpot } from '../../src/lsp/hover.ts';
import { readText } from '../../src/lsp/reading.ts';
import { findSpot, type Part } from '../../src/lsp/spot.ts';
import { outline } from '../../src/lsp/symbols.ts';
import { findTarget } from '../../src/lsp/target.ts';

const examples = globSync('examples/{.,rejected,warned}/*.yaml')
  .map((file) => readFileSync(file, 'utf8'))
  .filter((text) => text.length < 10_000);

/** Pieces of YAML that people leave half-written, and pieces that break parsers. */
const pieces = constantFrom(
  '',
  ':',
  '- ',
  '[',
  ']',
  '{',
  '}',
  '"',
  "'",
  '|',
  '>',
  '&a ',
  '*a',
  '<<: *a',
  '#',
  '\t',
  '---\n',
  '${{',
  'steps.',
  '!!x ',
  '\r\n',
  '?',
);

/** An example with a part of it replaced, and a cursor in it. */
const edited = record({
  example: constantFrom(...examples),
  at: integer({ min: 0, max: 10_000 }),
  removed: integer({ min: 0, max: 80 }),
  added: pieces,
  typed: string({ maxLength: 3 }),
  cursor: integer({ min: 0, max: 10_000 }),
});

test('answers about any text, with parts that are inside of it', () => {
  assert(
    property(edited, ({ example, at, removed, added, typed, cursor }) => {
      const start = at % (example.length + 1);
      const text = `${example.slice(0, start)}${added}${typed}${example.slice(start + removed)}`;
      const offset = cursor % 2 === 0 ? Math.min(text.length, start + added.length) : cursor % (text.length + 1);
      for (const part of ask(text, offset)) {
        expect(part.start).toBeGreaterThanOrEqual(0);
        expect(part.end).toBeGreaterThanOrEqual(part.start);
        expect(part.end).toBeLessThanOrEqual(text.length + 1);
      }
    }),
    { numRuns: 500 },
  );
});

/** All parts of a text that occur in the answers about it and about a cursor in it. */
function ask(text: string, offset: number): readonly Part[] {
  const reading = readText('a.yaml', text);
  const diagnosed = diagnose(reading, text);
  const spot = findSpot(reading, offset);
  const target = spot && findTarget(reading, spot, offset);
  const suggestions = complete(reading, text, offset);
  return [
    ...diagnosed,
    ...diagnosed.flatMap((one) => findFixes(one).flatMap(({ edits }) => edits)),
    ...suggestions,
    ...suggestions.flatMap(({ more = [] }) => more),
    ...[(spot && describeSpot(reading, spot, offset)) ?? []].flat(),
    ...[(spot && target && findDefinition(target, spot.object)) ?? []].flat(),
    ...outline(reading).flatMap(({ children, selection, ...entry }) => [entry, selection, ...children]),
  ];
}
