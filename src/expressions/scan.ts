import { quoteName } from '../dag/display.ts';
import { suggestName } from '../dag/suggest.ts';
import { bounds } from './bounds.ts';
import { functions, macros, methods } from './functions.ts';
import { decodeString } from './literals.ts';
import { type Mistake, mistakeAt, type Span } from './mistake.ts';
import type { Pattern } from './pattern.ts';
import { readSource, type Source, type Variable, variables } from './sources.ts';
import type { Token } from './tokens.ts';

/** A part of the text that the library sees as one variable. */
export interface Slot {
  readonly alias: string;
  readonly span: Span;
  /** What the variable holds: a value, whether there is that value, or a pattern. */
  readonly content:
    | { readonly type: 'Value' | 'Test'; readonly source: Source }
    | { readonly type: 'Pattern'; readonly pattern: Pattern };
}

export interface Scanned {
  /** As long as the text that was scanned, so that positions are the same. */
  readonly rewritten: string;
  readonly slots: readonly Slot[];
  readonly mistakes: readonly Mistake[];
}

interface Frame {
  readonly type: 'Group' | 'Index' | 'Macro' | 'Literal';
  readonly isMap: boolean;
}

interface State {
  readonly tokens: readonly Token[];
  readonly allowed: readonly Variable[];
  readonly findPattern: (text: string) => Pattern | { readonly mistake: string };
  readonly slots: Slot[];
  readonly renamed: { readonly offset: number; readonly end: number; readonly to: string }[];
  readonly mistakes: Mistake[];
  readonly frames: Frame[];
  /** Names of entries that any macro declares. Where each is known, the library checks. */
  readonly entries: Set<string>;
}

/** Names of integers are ours, because the library reads an empty string as 0. */
export const INT = '_in';
const LITERALS: readonly string[] = ['true', 'false', 'null', 'in'];
/** The library leaves these keys out without a word. */
const DROPPED_KEYS: readonly string[] = ['__proto__', 'constructor', 'prototype'];

/**
 * Finds what an expression reads and refuses what is not in the allow-list. Every source becomes one variable of equal
 * length, padded by spaces: so the library sees neither names of steps nor any object to look into, and has() works on
 * every spelling. Linear in the tokens.
 */
export function scan(
  text: string,
  tokens: readonly Token[],
  allowed: readonly Variable[],
  findPattern: State['findPattern'],
): Scanned {
  const state: State = {
    tokens,
    allowed,
    findPattern,
    slots: [],
    renamed: [],
    mistakes: [],
    frames: [],
    entries: new Set(findEntries(tokens)),
  };
  for (let index = 0; index < tokens.length; ) index = scanToken(state, index);
  return { rewritten: rewrite(text, state), slots: state.slots, mistakes: state.mistakes };
}

function rewrite(text: string, { renamed }: State): string {
  let rewritten = '';
  for (const { offset, end, to } of renamed) {
    rewritten += text.slice(rewritten.length, offset) + to.padEnd(end - offset);
  }
  return rewritten + text.slice(rewritten.length);
}

function findEntries(tokens: readonly Token[]): string[] {
  return tokens
    .filter((_, index) => isMacro(tokens, index - 2) && tokens[index - 1]?.text === '(')
    .map(({ text }) => text);
}

function isMacro(tokens: readonly Token[], index: number): boolean {
  return tokens[index - 1]?.text === '.' && macros.some((name) => name === tokens[index]?.text);
}

/** Returns the index of the next token. */
function scanToken(state: State, index: number): number {
  const { tokens } = state;
  const token = tokens[index];
  if (token?.type === 'Operator') scanOperator(state, token, index);
  if (token?.type !== 'Name') return index + 1;
  const isMember = tokens[index - 1]?.text === '.';
  const isCall = tokens[index + 1]?.text === '(';
  if (isMember) return isCall ? scanMethod(state, token, index) : index + 1;
  if (isCall) return scanFunction(state, token, index);
  if (LITERALS.includes(token.text)) return index + 1;
  if (!variables.some((name) => name === token.text)) return scanName(state, token, index);
  const { source, mistake, next } = readSource(tokens, index, state.allowed);
  if (mistake !== undefined) state.mistakes.push(mistake);
  if (source !== undefined) addSlot(state, token, tokens[next - 1] ?? token, { type: 'Value', source });
  return next;
}

function addSlot(state: State, first: Token, last: Token, content: Slot['content']): void {
  const { slots, renamed, mistakes } = state;
  if (slots.length === bounds.readings) {
    mistakes.push(mistakeAt(first.offset, last.end, `an expression reads at most ${bounds.readings} values`));
  }
  if (slots.length >= bounds.readings) return;
  const alias = toAlias(content, slots.filter(({ content: { type } }) => type === content.type).length);
  slots.push({ alias, span: { offset: first.offset, length: last.end - first.offset }, content });
  renamed.push({ offset: first.offset, end: last.end, to: alias });
}

/** At most four characters, and three for a pattern: no longer than what it replaces. The letter is its type. */
export function toAlias(content: Slot['content'] | { type: 'Pattern' }, index: number): string {
  if (content.type === 'Pattern') return `_p${index.toString(36)}`;
  if (content.type === 'Test') return `_b${index.toString(36)}`;
  const { source } = content;
  if (source.type === 'Child') return `_d${index.toString(36)}`;
  return `${source.type === 'Step' && source.field === 'attempt' ? '_i' : '_s'}${index.toString(36)}`;
}

function scanName({ tokens, allowed, entries, mistakes }: State, { text, offset, end }: Token, index: number): number {
  if (entries.has(text) && !text.startsWith('_')) return index + 1;
  const before = tokens[index - 1];
  const isDashed = before?.text === '-' && before.end === offset && tokens[index - 2]?.end === before.offset;
  const meant = suggestName(text, allowed);
  const hint = isDashed
    ? 'write a name with dashes in brackets, as in parameters["a-b"]'
    : meant === undefined
      ? `an expression can read ${allowed.join(', ')}`
      : `did you mean ${quoteName(meant)}?`;
  mistakes.push(mistakeAt(offset, end, `no variable is named ${quoteName(text)}: ${hint}`));
  return index + 1;
}

function scanFunction(state: State, token: Token, index: number): number {
  const { text, offset, end } = token;
  if (text === 'has') return scanHas(state, token, index);
  if (text === 'int') state.renamed.push({ offset, end, to: INT });
  if (!functions.some((name) => name === text)) {
    state.mistakes.push(mistakeAt(offset, end, describeUnknown(text, functions, methods)));
  }
  return index + 1;
}

function scanHas(state: State, token: Token, index: number): number {
  const { tokens, mistakes } = state;
  const root = tokens[index + 2];
  if (root?.type === 'Name' && state.entries.has(root.text)) return index + 1;
  const { source, mistake, next } = readSource(tokens, index + 2, state.allowed);
  const close = tokens[next];
  const isField = source !== undefined && !(source.type === 'Child' && source.path.length === 0);
  if (mistake !== undefined) mistakes.push(mistake);
  else if (isField && close?.text === ')') {
    addSlot(state, token, close, { type: 'Test', source });
    return next + 1;
  } else
    mistakes.push(mistakeAt(token.offset, token.end, 'has() takes one field, as in has(steps.build.outputs.image)'));
  return next;
}

function scanMethod(state: State, token: Token, index: number): number {
  const { text, offset, end } = token;
  if (isMacro(state.tokens, index)) return scanMacro(state, token, index);
  if (text === 'matches') return scanMatches(state, token, index);
  if (!methods.some((name) => name === text)) {
    const message =
      text === 'map'
        ? 'map() is not supported: give the list itself, or filter it'
        : describeUnknown(text, [...methods, ...macros], functions);
    state.mistakes.push(mistakeAt(offset, end, message));
  }
  return index + 1;
}

function describeUnknown(name: string, here: readonly string[], elsewhere: readonly string[]): string {
  const start = `no function is named ${quoteName(name)}`;
  if (elsewhere.includes(name))
    return `${quoteName(name)} is called ${here.includes('has') ? 'behind a value, as in' : 'with the value in brackets, as in'} ${here.includes('has') ? `value.${name}()` : `${name}(value)`}`;
  const meant = suggestName(name, here);
  return meant === undefined ? `${start}: there are ${here.join(', ')}` : `${start}: did you mean ${quoteName(meant)}?`;
}

/** `list.filter(entry, condition)`. The library checks that the list and the condition are there. */
function scanMacro({ tokens, frames, mistakes }: State, token: Token, index: number): number {
  const entry = tokens[index + 2];
  if (frames.some(({ type }) => type === 'Macro')) {
    const message = `${token.text}() cannot stand inside another ${macros.join(', ')}: move one of them into outputs`;
    mistakes.push(mistakeAt(token.offset, token.end, message));
  }
  const isTaken = entry?.text.startsWith('_') || variables.some((name) => name === entry?.text);
  if (entry?.type !== 'Name' || isTaken || LITERALS.includes(entry.text) || tokens[index + 3]?.text !== ',') {
    const message = `${token.text}() takes a name of yours for the entries, and a condition, as in list.${token.text}(entry, entry != "")`;
    mistakes.push(mistakeAt(token.offset, token.end, message));
  }
  return index + 1;
}

/** Patterns are literals, so that a wrong or a costly one is found before the run. */
function scanMatches(state: State, token: Token, index: number): number {
  const { tokens, slots, mistakes, findPattern } = state;
  const literal = tokens[index + 2];
  if (literal?.type !== 'String' || tokens[index + 3]?.text !== ')' || literal.text.length < 3) {
    mistakes.push(
      mistakeAt(token.offset, token.end, 'matches() takes a pattern as a string literal, as in matches("^v[0-9]+$")'),
    );
    return index + 1;
  }
  const text = decodeString(literal);
  const pattern = typeof text === 'string' ? findPattern(text) : undefined;
  if (typeof text !== 'string') mistakes.push(text);
  else if (pattern !== undefined && 'mistake' in pattern)
    mistakes.push(mistakeAt(literal.offset, literal.end, pattern.mistake));
  else if (slots.filter(({ content }) => content.type === 'Pattern').length === bounds.patterns) {
    mistakes.push(mistakeAt(literal.offset, literal.end, `an expression has at most ${bounds.patterns} patterns`));
  } else if (pattern !== undefined) addSlot(state, literal, literal, { type: 'Pattern', pattern });
  return index + 3;
}

function scanOperator(state: State, token: Token, index: number): void {
  const { tokens, frames, mistakes } = state;
  if (')]}'.includes(token.text)) frames.pop();
  if ('([{'.includes(token.text)) {
    const frame = { type: toFrameType(tokens, token, index), isMap: token.text === '{' };
    frames.push(frame);
    if (frame.type === 'Literal' && frames.filter(({ type }) => type === 'Literal').length > bounds.literalDepth) {
      const message = `more than ${bounds.literalDepth} lists and maps within each other: move one of them into outputs`;
      mistakes.push(mistakeAt(token.offset, token.end, message));
    }
  }
  if ((token.text === '{' || token.text === ',') && frames.at(-1)?.isMap) checkKey(state, index + 1);
}

function toFrameType(tokens: readonly Token[], { text }: Token, index: number): Frame['type'] {
  if (text === '(') return isMacro(tokens, index - 1) ? 'Macro' : 'Group';
  const before = tokens[index - 1];
  const isAfterValue = before !== undefined && (before.type !== 'Operator' || ')]}'.includes(before.text));
  return text === '[' && isAfterValue && before.text !== 'in' ? 'Index' : 'Literal';
}

function checkKey({ tokens, mistakes }: State, index: number): void {
  const key = tokens[index];
  if (key === undefined || key.text === '}') return;
  if (key.type !== 'String' || tokens[index + 1]?.text !== ':') {
    mistakes.push(mistakeAt(key.offset, key.end, 'the keys of a map are string literals, as in {"name": run.name}'));
    return;
  }
  const name = decodeString(key);
  if (typeof name !== 'string') mistakes.push(name);
  else if (DROPPED_KEYS.includes(name))
    mistakes.push(mistakeAt(key.offset, key.end, `no key of a map is named ${quoteName(name)}`));
}
