import type { Scalar } from 'yaml';
import type { Span } from '../../expressions/mistake.ts';

/** A part of a source, in UTF-16 units. The end is exclusive. */
interface Part {
  readonly start: number;
  readonly end: number;
}

/**
 * The pieces of the source of a scalar, by its style. A piece stands for no character (`none`), for newlines, for
 * itself (`same`), or, as an escape, for a character.
 */
const FOLD = String.raw`(?<![ \t])[ \t]*(?<newlines>\r?\n(?:[ \t]*\r?\n)*)[ \t]*`;
const SAME = '(?<same>[^])';
const PIECES = {
  PLAIN: `${FOLD}|${SAME}`,
  QUOTE_SINGLE: `''|${FOLD}|${SAME}`,
  QUOTE_DOUBLE: String.raw`(?<none>\\\r?\n[ \t]*)|\\(?:x.{2}|u.{4}|U.{8}|.)|${FOLD}|${SAME}`,
} as const;

/**
 * Returns where in `source` a span of the text of a scalar is written. Undefined if that cannot be known exactly.
 * Linear in the scalar.
 */
export function findInScalar({ range, type, value }: Scalar, source: string, span: Span): Part | undefined {
  if (typeof value !== 'string' || range == null) return undefined;
  const [start, end] = range;
  const written = source.slice(start, end);
  if (type === 'PLAIN') return align(written, start, PIECES[type], value, span);
  if (type === 'QUOTE_SINGLE' || type === 'QUOTE_DOUBLE')
    return align(written.slice(1, -1), start + 1, PIECES[type], value, span);
  const header = written.indexOf('\n') + 1;
  const lines = written.slice(header);
  const indent = Math.max(1, indentOf(lines) - indentOf(value));
  const pieces = String.raw`(?<none>^ {1,${indent}})|(?<newlines>\r?\n) {0,${indent}}|${SAME}`;
  return align(lines, start + header, pieces, value, span);
}

/** The spaces before the first line that has more than spaces. */
function indentOf(text: string): number {
  return /^(?: *\r?\n)*( *)/.exec(text)?.[1]?.length ?? 0;
}

/** Walks through the source and the text together, up to the end of the span. */
function align(written: string, shift: number, pieces: string, value: string, span: Span): Part | undefined {
  let [at, after] = [0, 0];
  let start: number | undefined;
  for (const { 0: raw, index, groups = {} } of written.matchAll(new RegExp(pieces, 'g'))) {
    if (groups['same'] !== undefined && raw !== value[at]) return undefined;
    const length = lengthOf(raw, groups, value, at);
    if (length === 0) continue;
    at += length;
    after = shift + index + raw.length;
    if (start === undefined && at > span.offset) start = shift + index;
    if (start !== undefined && at >= span.offset + span.length) return { start, end: after };
  }
  return at > 0 && at === span.offset ? { start: after, end: after } : undefined;
}

/** How many units of the text a piece of the source stands for. */
function lengthOf(raw: string, { none, newlines }: RegExpExecArray['groups'] & {}, value: string, at: number): number {
  if (none !== undefined) return 0;
  if (newlines === undefined) return raw.startsWith('\\U') && Number.parseInt(raw.slice(2), 16) > 0xffff ? 2 : 1;
  // Newlines become a space, or some of them stay.
  if (value[at] === ' ') return 1;
  const most = newlines.split('\n').length - 1;
  let count = 0;
  while (count < most && value[at + count] === '\n') count += 1;
  return count;
}
