import { parseArgs } from 'node:util';
import { quoteName } from '../dag/display.ts';
import { suggestName } from '../dag/suggest.ts';
import { displayText } from './format/escape.ts';

/** What a flag takes: nothing, any text, any text each time it is given, or one of these words. */
type FlagKind = 'switch' | 'text' | 'texts' | readonly string[];

type Value<Kind extends FlagKind> = Kind extends 'switch'
  ? true
  : Kind extends 'texts'
    ? readonly string[]
    : Kind extends readonly (infer Word)[]
      ? Word
      : string;

/** One letter means the same for every verb that has the flag; they are kubectl's and Argo's. */
const LETTERS: Readonly<Record<string, string>> = { namespace: 'n', output: 'o', parameter: 'p' };

/** Other spellings of flags, as they were before or are elsewhere. */
const ALIASES: Readonly<Record<string, string>> = { format: 'output' };

/** By name, without dashes. */
export type Flags = Readonly<Record<string, FlagKind>>;

export interface Arguments<F extends Flags> {
  /** Of the flags that were given; of a flag given twice the last value, unless it takes several. */
  readonly values: { readonly [Name in keyof F]?: Value<F[Name]> };
  readonly operands: readonly string[];
  /** One sentence each. */
  readonly mistakes: readonly string[];
}

/** Wherever it stands: who asks for help gets nothing else. */
export function asksForHelp(args: readonly string[]): boolean {
  return args.some((word) => word === '--help' || word === '-h');
}

/** Reads the words after a verb and tells all mistakes at once, which node's strict parsing does not. */
export function readArguments<const F extends Flags>(flags: F, args: readonly string[]): Arguments<F> {
  const { tokens } = parseArgs({
    args: [...args],
    options: optionsOf(spell(flags)),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values: Record<string, string | true> = {};
  const mistakes: string[] = [];
  const lists: Record<string, string[]> = {};
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const value = token.inlineValue ? readInline(token.rawName, token.value) : readNext(token.value);
    const name = nameOf(flags, token.name);
    const mistake = findMistake(flags, name, value);
    if (mistake !== undefined) mistakes.push(`${displayText(token.rawName)} ${mistake}`);
    else if (flags[name] === 'texts') lists[name] = [...(lists[name] ?? []), value ?? ''];
    else values[name] = value ?? true;
  }
  const operands = tokens.flatMap((token) => (token.kind === 'positional' ? token.value : []));
  return { values: { ...values, ...lists } as Arguments<F>['values'], operands, mistakes };
}

/** The flag that is meant by this name. */
function nameOf(flags: Flags, name: string): string {
  const other = Object.hasOwn(ALIASES, name) ? ALIASES[name] : undefined;
  return other !== undefined && !Object.hasOwn(flags, name) && Object.hasOwn(flags, other) ? other : name;
}

/** The flags with their other spellings. */
function spell(flags: Flags): Flags {
  const others = Object.keys(ALIASES).filter((name) => nameOf(flags, name) !== name);
  return { ...Object.fromEntries(others.map((name) => [name, flags[nameOf(flags, name)] ?? 'text'])), ...flags };
}

/** kubectl reads `-n=ci` as `-n ci`; to node the sign is part of the value. */
function readInline(flag: string, value: string): string {
  return flag.startsWith('--') ? value : value.replace(/^=/, '');
}

/** A word that begins as a flag does is one. */
function readNext(value: string | undefined): string | undefined {
  return value?.startsWith('-') ? undefined : value;
}

/** The flags as node's `parseArgs` wants them. */
function optionsOf(flags: Flags) {
  return Object.fromEntries(
    Object.entries(flags).map(([name, kind]) => {
      const type: 'boolean' | 'string' = kind === 'switch' ? 'boolean' : 'string';
      return [name, { type, ...(LETTERS[name] && { short: LETTERS[name] }) }];
    }),
  );
}

function findMistake(flags: Flags, name: string, value: string | undefined) {
  const kind = Object.hasOwn(flags, name) ? flags[name] : undefined;
  if (kind === undefined) return `is not known; ${guess(name, Object.keys(spell(flags)), '--')}`;
  if (kind === 'switch') return value === undefined ? undefined : 'takes no value';
  const isText = kind === 'text' || kind === 'texts';
  if (value === undefined) return isText ? 'needs a value' : `needs a value: ${kind.join(', ')}`;
  if (value === '') return 'is empty; give it a value, or leave it out';
  return isText || kind.includes(value) ? undefined : `is ${quoteName(value)}; ${guess(value, kind)}`;
}

/** What was probably meant, or else what there is. */
export function guess(wanted: string, known: readonly string[], prefix = ''): string {
  const meant = suggestName(wanted, known);
  if (meant !== undefined) return `did you mean ${prefix}${meant}?`;
  return `there are ${known.map((word) => `${prefix}${word}`).join(', ')}`;
}
