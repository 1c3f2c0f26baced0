import { quoteName } from '../dag/display.ts';
import { suggestName } from '../dag/suggest.ts';
import { bounds } from './bounds.ts';
import { decodeString } from './literals.ts';
import { addMistake, addSlot, type Scan } from './slots.ts';
import { readSource, variables } from './sources.ts';
import type { Token } from './tokens.ts';

/** Functions that stand alone, as in `size(list)`. */
export const functions = ['has', 'size', 'string', 'int', 'double', 'bool'] as const;
/** Functions after a value, as in `name.contains("x")`. */
export const methods = [
  'size',
  'contains',
  'startsWith',
  'endsWith',
  'matches',
  'lowerAscii',
  'upperAscii',
  'trim',
] as const;
/** Functions after a list that name its entries, as in `list.all(entry, entry != "")`. */
export const macros = ['filter', 'exists', 'exists_one', 'all'] as const;
export const keywords: readonly string[] = ['true', 'false', 'null', 'in'];
/** The name of our own int(), because the library's int() reads an empty string as 0. */
export const INT = '_in';

/** Whether the token is the name of a macro that is called. `map` has the form of one, but is not supported. */
export function isMacro(tokens: readonly Token[], index: number): boolean {
  const name = tokens[index]?.text;
  if (tokens[index - 1]?.text !== '.' || tokens[index + 1]?.text !== '(') return false;
  return name === 'map' || macros.some((macro) => macro === name);
}

/** Checks a call of a function that stands alone. Returns the index of the next token. */
export function scanFunction(scan: Scan, token: Token, index: number): number {
  const { text, offset, end } = token;
  if (text === 'has') return scanHas(scan, token, index);
  if (text === 'int') scan.renamed.push({ offset, end, to: INT });
  if (functions.some((name) => name === text)) return index + 1;
  const isMethod = [...methods, ...macros].some((name) => name === text);
  addMistake(
    scan,
    token,
    isMethod ? `call ${text}() on a value, as in value.${text}(…)` : describeUnknown(text, functions),
  );
  return index + 1;
}

/** Checks a call of a function after a value. Returns the index of the next token. */
export function scanMethod(scan: Scan, token: Token, index: number): number {
  const { text } = token;
  if (text === 'map') addMistake(scan, token, 'map() is not supported: use the list as it is, or filter it');
  else if (isMacro(scan.tokens, index)) checkMacro(scan, token, index);
  else if (text === 'matches') return scanMatches(scan, token, index);
  else if (functions.some((name) => name === text) && text !== 'size') {
    addMistake(scan, token, `write the value into the brackets of ${text}(), as in ${text}(value)`);
  } else if (!methods.some((name) => name === text)) {
    addMistake(scan, token, describeUnknown(text, [...methods, ...macros]));
  }
  return index + 1;
}

function describeUnknown(name: string, known: readonly string[]): string {
  const meant = suggestName(name, known);
  const hint = meant === undefined ? `there are ${known.join(', ')}` : `did you mean ${quoteName(meant)}?`;
  return `no function is named ${quoteName(name)}: ${hint}`;
}

/** The library's has() takes only names, as in `a.b`, so the has() of a source becomes one variable. */
function scanHas(scan: Scan, token: Token, index: number): number {
  const { tokens, entries, allowed, mistakes } = scan;
  const root = tokens[index + 2];
  if (root?.type === 'Name' && entries.has(root.text)) return index + 1;
  const { source, mistake, next } = readSource(tokens, index + 2, allowed);
  const close = tokens[next];
  if (mistake !== undefined) {
    mistakes.push(mistake);
    return next;
  }
  const isField = source !== undefined && !(source.type === 'Child' && source.path.length === 0);
  if (isField && close?.text === ')') {
    addSlot(scan, token, close, { type: 'Test', source });
    return next + 1;
  }
  addMistake(scan, token, 'has() takes one field, as in has(steps.build.outputs.image)');
  return source === undefined ? index + 2 : next;
}

/** `list.filter(entry, condition)`: the library checks that the list and the condition are there. */
function checkMacro(scan: Scan, token: Token, index: number): void {
  const { tokens, frames } = scan;
  if (frames.some(({ type }) => type === 'Macro')) {
    addMistake(scan, token, `${token.text}() cannot stand inside another ${macros.join(', ')}: move one into outputs`);
  }
  const entry = tokens[index + 2];
  const isName = entry?.type === 'Name' && !keywords.includes(entry.text) && !entry.text.startsWith('_');
  if (isName && !variables.some((name) => name === entry.text) && tokens[index + 3]?.text === ',') return;
  const form = `list.${token.text}(entry, entry != "")`;
  addMistake(scan, token, `${token.text}() takes a new name for the entries and a condition, as in ${form}`);
}

/** Patterns must be literals, so that an invalid or costly one is found before the run. */
function scanMatches(scan: Scan, token: Token, index: number): number {
  const { tokens, slots, mistakes, findPattern } = scan;
  const literal = tokens[index + 2];
  if (literal?.type !== 'String' || tokens[index + 3]?.text !== ')' || literal.text.length < 3) {
    addMistake(scan, token, 'matches() takes a pattern as a string literal, as in matches("^v[0-9]+$")');
    return index + 1;
  }
  const text = decodeString(literal);
  if (typeof text !== 'string') {
    mistakes.push(text);
    return index + 3;
  }
  const pattern = findPattern(text);
  if ('mistake' in pattern) addMistake(scan, literal, pattern.mistake);
  else if (slots.filter(({ content }) => content.type === 'Pattern').length === bounds.patterns) {
    addMistake(scan, literal, `an expression has at most ${bounds.patterns} patterns`);
  } else addSlot(scan, literal, literal, { type: 'Pattern', pattern });
  return index + 3;
}
