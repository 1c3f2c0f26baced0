import { quoteName } from '../dag/display.ts';
import { suggestName } from '../dag/suggest.ts';
import { bounds } from './bounds.ts';
import { isMacro, keywords, scanFunction, scanMethod } from './calls.ts';
import { decodeString } from './literals.ts';
import type { Mistake } from './mistake.ts';
import { addMistake, addSlot, type FindPattern, type Scan, type Slot } from './slots.ts';
import { readSource, type Variable, variables } from './sources.ts';
import type { Token } from './tokens.ts';

/** The library drops the entries of a map that have these keys, without an error. */
const DROPPED_KEYS: readonly string[] = ['__proto__', 'constructor', 'prototype'];

export interface Scanned {
  /** As long as the text that was scanned, so that positions are the same. */
  readonly rewritten: string;
  readonly slots: readonly Slot[];
  readonly mistakes: readonly Mistake[];
}

/**
 * Finds what an expression reads, and every name that is not in the allow-list. It replaces every source with one
 * variable, padded with spaces to the same length. So the library sees neither names of steps nor objects to look into,
 * and has() works for every spelling. Linear in the tokens.
 */
export function scanExpression(
  text: string,
  tokens: readonly Token[],
  allowed: readonly Variable[],
  findPattern: FindPattern,
): Scanned {
  const entries = new Set(findEntries(tokens));
  const scan: Scan = { tokens, allowed, findPattern, entries, slots: [], renamed: [], mistakes: [], frames: [] };
  for (let index = 0; index < tokens.length; ) index = scanToken(scan, index);
  return { rewritten: rewrite(text, scan), slots: scan.slots, mistakes: scan.mistakes };
}

function findEntries(tokens: readonly Token[]): string[] {
  const isEntry = (index: number) => tokens[index - 1]?.text === '(' && isMacro(tokens, index - 2);
  return tokens.flatMap(({ type, text }, index) => (type === 'Name' && isEntry(index) ? [text] : []));
}

function rewrite(text: string, { renamed }: Scan): string {
  let rewritten = '';
  for (const { offset, end, to } of renamed) {
    rewritten += text.slice(rewritten.length, offset) + to.padEnd(end - offset);
  }
  return rewritten + text.slice(rewritten.length);
}

/** Returns the index of the next token. */
function scanToken(scan: Scan, index: number): number {
  const { tokens, allowed, mistakes } = scan;
  const token = tokens[index];
  if (token?.type === 'Operator') scanOperator(scan, token, index);
  if (token?.type !== 'Name') return index + 1;
  const isCall = tokens[index + 1]?.text === '(';
  if (tokens[index - 1]?.text === '.') return isCall ? scanMethod(scan, token, index) : index + 1;
  if (keywords.includes(token.text)) return index + 1;
  if (isCall) return scanFunction(scan, token, index);
  if (!variables.some((name) => name === token.text)) {
    checkName(scan, token, index);
    return index + 1;
  }
  const { source, mistake, next } = readSource(tokens, index, allowed);
  if (mistake !== undefined) mistakes.push(mistake);
  if (source !== undefined) addSlot(scan, token, tokens[next - 1] ?? token, { type: 'Value', source });
  return next;
}

function checkName(scan: Scan, token: Token, index: number): void {
  const { tokens, allowed, entries } = scan;
  if (entries.has(token.text) && !token.text.startsWith('_')) return;
  const dash = tokens[index - 1];
  const isDashed = dash?.text === '-' && dash.end === token.offset && tokens[index - 2]?.end === dash.offset;
  const meant = suggestName(token.text, allowed);
  const known =
    meant === undefined ? `an expression can read ${allowed.join(', ')}` : `did you mean ${quoteName(meant)}?`;
  const hint = isDashed ? 'write a name with dashes in brackets, as in parameters["a-b"]' : known;
  addMistake(scan, token, `no variable is named ${quoteName(token.text)}: ${hint}`);
}

function scanOperator(scan: Scan, token: Token, index: number): void {
  const { tokens, frames } = scan;
  if (token.text === ')' || token.text === ']' || token.text === '}') frames.pop();
  const type = toFrameType(tokens, token, index);
  if (type !== undefined) frames.push({ type });
  if (type === 'List' || type === 'Map') {
    const depth = frames.filter((frame) => frame.type === 'List' || frame.type === 'Map').length;
    const message = `more than ${bounds.literalDepth} lists and maps within each other: move one into outputs`;
    if (depth > bounds.literalDepth) addMistake(scan, token, message);
  }
  if (type === 'Map' || (token.text === ',' && frames.at(-1)?.type === 'Map')) checkKey(scan, index + 1);
}

/** Returns what a bracket opens. Undefined for any other operator. */
function toFrameType(
  tokens: readonly Token[],
  { text }: Token,
  index: number,
): Scan['frames'][number]['type'] | undefined {
  if (text === '(') return isMacro(tokens, index - 1) ? 'Macro' : 'Group';
  if (text === '{') return 'Map';
  if (text !== '[') return undefined;
  const before = tokens[index - 1];
  const isAfterValue = before?.type === 'Operator' ? ')]}'.includes(before.text) : before !== undefined;
  return isAfterValue && before?.text !== 'in' ? 'Index' : 'List';
}

/** A key that is not a literal could be one that the library drops. */
function checkKey(scan: Scan, index: number): void {
  const { tokens, mistakes } = scan;
  const key = tokens[index];
  if (key === undefined || key.text === '}') return;
  if (key.type !== 'String' || tokens[index + 1]?.text !== ':') {
    addMistake(scan, key, 'the keys of a map are string literals, as in {"name": run.name}');
    return;
  }
  const name = decodeString(key);
  if (typeof name !== 'string') mistakes.push(name);
  else if (DROPPED_KEYS.includes(name)) addMistake(scan, key, `no key of a map can be named ${quoteName(name)}`);
}
