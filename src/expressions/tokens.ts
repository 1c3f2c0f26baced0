import { displayName } from '../dag/display.ts';
import { bounds } from './bounds.ts';
import { type Mistake, mistakeAt } from './mistake.ts';
import { findStepNameEnd } from './step-names.ts';

export interface Token {
  /** `StepName` is a name after `steps.`, which may hold characters that are operators elsewhere. */
  readonly type: 'Name' | 'StepName' | 'String' | 'Number' | 'Operator';
  readonly text: string;
  readonly offset: number;
  readonly end: number;
}

const SPACE = /[ \t\r\n]*/y;
/**
 * The source of a regular expression for a string. It reads a string exactly as the library does, so that each string
 * ends at the same place for both.
 */
export const STRING = [
  String.raw`"""(?:\\[\s\S]|(?!""")[^\\])*"""`,
  String.raw`'''(?:\\[\s\S]|(?!''')[^\\])*'''`,
  String.raw`"(?!"")(?:\\[\s\S]|[^"\\\r\n])*"`,
  String.raw`'(?!'')(?:\\[\s\S]|[^'\\\r\n])*'`,
].join('|');
/** One token: a string, a name, a number, an operator. */
const TOKEN = new RegExp(
  [
    `[rRbB]?(?:${STRING})`,
    '[A-Za-z_][A-Za-z0-9_]*',
    String.raw`0[xX][0-9a-fA-F]+|[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?`,
    String.raw`&&|\|\||[=!<>]=|[-+*/%<>!?:.,()[\]{}]`,
  ].join('|'),
  'y',
);
const LARGEST_INTEGER = 2n ** 63n;

export interface Tokens {
  readonly tokens: readonly Token[];
  /** At most one, because nothing after it is read. */
  readonly mistakes: readonly Mistake[];
}

/** Splits an expression into tokens. Linear. */
export function tokenize(text: string, steps: ReadonlySet<string>): Tokens {
  if (text.length > bounds.text) {
    const message = `the expression has ${text.length} characters, but at most ${bounds.text} are allowed: move a part of it into the outputs of a step`;
    return { tokens: [], mistakes: [mistakeAt(0, text.length, message)] };
  }
  const tokens: Token[] = [];
  let depth = 0;
  for (let offset = skipSpace(text, 0); offset < text.length; ) {
    const token = readToken(text, offset, tokens, steps);
    if (token === undefined) {
      return { tokens, mistakes: [mistakeAt(offset, offset + 1, describeStranger(text, offset))] };
    }
    depth += countDepth(token);
    const message = findFault(token, text, depth);
    if (message !== undefined) return { tokens, mistakes: [mistakeAt(offset, token.end, message)] };
    tokens.push(token);
    offset = skipSpace(text, token.end);
  }
  return { tokens, mistakes: [] };
}

function skipSpace(text: string, offset: number): number {
  SPACE.lastIndex = offset;
  SPACE.test(text);
  return SPACE.lastIndex;
}

function readToken(text: string, offset: number, before: readonly Token[], steps: ReadonlySet<string>) {
  if (startsStepName(before)) {
    const end = findStepNameEnd(text, offset, steps);
    if (end > offset) return { type: 'StepName', text: text.slice(offset, end), offset, end } as const;
  }
  TOKEN.lastIndex = offset;
  if (!TOKEN.test(text)) return undefined;
  const end = TOKEN.lastIndex;
  const token = text.slice(offset, end);
  return { type: toType(token), text: token, offset, end };
}

/** A step name follows `steps.`, and `child.steps.`, which are the steps of an inner run. */
function startsStepName(before: readonly Token[]): boolean {
  const { length } = before;
  if (before[length - 1]?.text !== '.' || before[length - 2]?.text !== 'steps') return false;
  return before[length - 3]?.text !== '.' || (before[length - 4]?.text === 'child' && before[length - 5]?.text !== '.');
}

function toType(token: string): Token['type'] {
  const last = token.charAt(token.length - 1);
  if (last === '"' || last === "'") return 'String';
  const first = token.charAt(0);
  if (first >= '0' && first <= '9') return 'Number';
  return /[A-Za-z_]/.test(first) ? 'Name' : 'Operator';
}

function countDepth({ type, text }: Token): number {
  if (type !== 'Operator') return 0;
  if (text === '(' || text === '[' || text === '{') return 1;
  return text === ')' || text === ']' || text === '}' ? -1 : 0;
}

function describeStranger(text: string, offset: number): string {
  const character = String.fromCodePoint(text.codePointAt(offset) ?? 0);
  if (character === '"' || character === "'") return 'the string that starts here does not end on its line';
  return `the character ${displayName(character)} has no meaning here`;
}

/** Returns why an expression must not hold a token that the library accepts, or reads in a surprising way. */
function findFault({ type, text: token, end }: Token, text: string, depth: number): string | undefined {
  if (token === '/' && text[end] === '/') return 'an expression holds no comments';
  if (depth > bounds.depth) return `more than ${bounds.depth} brackets within brackets: simplify the expression`;
  if (type === 'String' && /^b/i.test(token)) return 'bytes are not supported: write a string without b before it';
  if (type !== 'Number') return undefined;
  if (/[A-Za-z0-9_]/.test(text[end] ?? '')) return `${displayName(token + text[end])} is not a valid number`;
  const isInteger = /^(?:0x.*|[0-9]*)$/i.test(token);
  if (isInteger && BigInt(token) > LARGEST_INTEGER) {
    return 'an integer has at most 64 bits: write a decimal point to round it';
  }
  return undefined;
}
