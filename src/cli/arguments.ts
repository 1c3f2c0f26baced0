import { parseArgs } from 'node:util';
import { displayText, quoteName } from '../dag/display.ts';
import { suggestName } from '../dag/suggest.ts';
import type { Flag, Flags, ValueKind, Values } from './flags.ts';

/** The words of the command line that are neither flags nor values of flags. */
export interface Operands {
  readonly words: readonly string[];
  /** Words that follow an unknown flag, and so may be its value. */
  readonly unsure: readonly string[];
}

/** A mistake is a sentence that says where, what was given and what is expected. */
export type ArgumentsResult<F extends Flags> = Operands & {
  /** Complete only if there are no mistakes. */
  readonly values: Values<F>;
  readonly mistakes: readonly string[];
};

export type Environment = Readonly<Record<string, string | undefined>>;

/** A text, and where it was given. `text` is undefined if the flag has no value. */
interface Given {
  readonly source: string;
  readonly text: string | undefined;
}

/**
 * Reads the words after a verb and the variables, and finds all mistakes at once. Strict parsing would stop at the
 * first mistake.
 */
export function readArguments<const F extends Flags>(
  flags: F,
  words: readonly string[],
  environment: Environment,
): ArgumentsResult<F> {
  const { given, mistakes, ...operands } = readWords(flags, words);
  const values: Record<string, unknown> = {};
  for (const [key, flag] of Object.entries(flags)) {
    const found = given.get(key) ?? readVariables(flag, environment, mistakes);
    if (found.length > 1 && !flag.isList) mistakes.push(`--${flag.flag} is given more than once`);
    const read = found.map((one) => readGiven(flag.kind, one, mistakes));
    values[key] = flag.isList ? read : read[0];
  }
  return { values: Object.freeze(values) as Values<F>, mistakes, ...operands };
}

function readWords(flags: Flags, words: readonly string[]) {
  const keys = spellFlags(flags);
  const given = new Map<string, Given[]>();
  const [operands, unsure, mistakes]: [string[], string[], string[]] = [[], [], []];
  let isAfterUnknown = false;
  for (const token of tokenize(flags, words)) {
    if (token.kind === 'positional') (isAfterUnknown ? unsure : operands).push(token.value);
    isAfterUnknown = false;
    if (token.kind !== 'option') continue;
    const key = keys.get(token.name);
    if (key !== undefined) given.set(key, [...(given.get(key) ?? []), readToken(token)]);
    else {
      const meant = suggestName(token.name, keys.keys());
      isAfterUnknown = !token.inlineValue && (meant === undefined || takesValue(flags[keys.get(meant) ?? '']));
      const cure = guess(token.name, [...keys.keys()], '--');
      mistakes.push(`${displayText(token.rawName)} is not known; ${cure}`);
    }
  }
  return { given, words: operands, unsure, mistakes };
}

type OptionToken = Extract<ReturnType<typeof tokenize>[number], { readonly kind: 'option' }>;

/**
 * kubectl reads `-n=ci` as `-n ci`, but node makes the sign part of the value. A word that begins like a flag is a flag
 * and not a value.
 */
function readToken({ rawName: source, inlineValue, value }: OptionToken): Given {
  if (!inlineValue) return { source, text: value?.startsWith('-') ? undefined : value };
  return { source, text: source.startsWith('--') ? value : value.replace(/^=/, '') };
}

/** Maps each long name of each flag to the setting that it means. */
function spellFlags(flags: Flags): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(flags).flatMap(([key, { flag, alias }]) =>
      [flag, alias].flatMap((name) => (name === undefined ? [] : [[name, key] as const])),
    ),
  );
}

function takesValue(flag: Flag | undefined): boolean {
  return flag?.kind.placeholder !== '';
}

function tokenize(flags: Flags, words: readonly string[]) {
  const options = Object.values(flags).flatMap((row) => {
    const { flag, alias, letter } = row;
    const type = takesValue(row) ? ('string' as const) : ('boolean' as const);
    const short = letter === undefined ? {} : { short: letter };
    return [
      ...(flag === undefined ? [] : [[flag, { type, ...short }]]),
      ...(alias === undefined ? [] : [[alias, { type }]]),
    ];
  });
  return parseArgs({
    args: [...words],
    options: Object.fromEntries(options),
    strict: false,
    allowPositionals: true,
    tokens: true,
  }).tokens;
}

/**
 * Reads the variables of a flag, or its fallback if none is set. If the variables differ, reads the first and adds a
 * mistake. A required flag that is missing is a mistake too.
 */
function readVariables(flag: Flag, environment: Environment, mistakes: string[]): readonly Given[] {
  const { variables = [], help, fallback, isRequired } = flag;
  const set = variables.map((source) => ({ source, text: environment[source] })).filter(({ text }) => text);
  if (new Set(set.map(({ text }) => text)).size > 1) {
    const all = set.map(({ source, text = '' }) => `${source}=${quoteName(text)}`).join(' and ');
    mistakes.push(`${all} mean the same and differ; set only one of them`);
  }
  const source = [...(flag.flag === undefined ? [] : [`--${flag.flag}`]), ...variables].join(' or ');
  const [first = fallback === undefined ? undefined : { source, text: fallback }] = set;
  if (first === undefined && isRequired) mistakes.push(`${source} is missing: ${help}`);
  return first === undefined ? [] : [first];
}

function readGiven<T>(kind: ValueKind<T>, { source, text }: Given, mistakes: string[]): T | undefined {
  if (kind.placeholder === '') {
    if (text !== undefined) mistakes.push(`${source} takes no value`);
    return kind.read('');
  }
  if (text === undefined) mistakes.push(`${source} needs a value: ${kind.expected}`);
  else if (text === '') mistakes.push(`${source} is empty; give it a value, or leave it out`);
  else return readText(kind, source, text, mistakes);
  return undefined;
}

/** Reads a text as a value. If that is impossible, adds a mistake that says what is expected. */
export function readText<T>(kind: ValueKind<T>, source: string, text: string, mistakes: string[]): T | undefined {
  const value = kind.read(text);
  if (value !== undefined) return value;
  const meant = Array.isArray(kind.completion) ? suggestName(text, kind.completion) : undefined;
  const cure = meant === undefined ? `expected ${kind.expected}` : `did you mean ${meant}?`;
  mistakes.push(`${source} is ${quoteName(text)}; ${cure}`);
  return undefined;
}

/** Names the known word that was probably meant, or lists all known words. */
export function guess(wanted: string, known: readonly string[], prefix = ''): string {
  const meant = suggestName(wanted, known);
  if (meant !== undefined) return `did you mean ${prefix}${meant}?`;
  return `there are ${known.map((word) => `${prefix}${word}`).join(', ')}`;
}
