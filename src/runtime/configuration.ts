import { parseArgs } from 'node:util';

/** How a text becomes a value: `read` gives undefined for what is not `expected`, a noun phrase. */
export interface ValueKind<T> {
  readonly expected: string;
  readonly read: (text: string) => T | undefined;
}

/** One entry of a configuration. It is required unless it has a fallback or is optional. */
export interface Setting {
  readonly kind: ValueKind<unknown>;
  /** What it is for, a noun phrase; told when a required one is missing. */
  readonly help: string;
  /** Without its dashes. Beats the environment. */
  readonly flag?: string;
  /** Variables of one meaning: those that are set must agree. An empty one counts as not set. */
  readonly variables?: readonly string[];
  /** Read like anything a user gives. */
  readonly fallback?: string;
  readonly isOptional?: boolean;
}

type Value<S> = S extends { readonly kind: ValueKind<infer T> }
  ? S extends { readonly isOptional: true }
    ? T | undefined
    : T
  : never;

export type Configuration<S> = { readonly [Key in keyof S]: Value<S[Key]> };

/** A mistake is a sentence that says where, what was given and what is expected. */
export type ConfigurationResult<C> =
  | { readonly ok: true; readonly configuration: C }
  | { readonly ok: false; readonly mistakes: readonly string[] };

export interface ConfigurationSources {
  /** The words after the verb. */
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The candidate that was probably meant. */
  readonly suggest: (wanted: string, candidates: readonly string[]) => string | undefined;
}

/** Reads flags and environment into a frozen configuration, or tells all mistakes at once. */
export function readConfiguration<const S extends Readonly<Record<string, Setting>>>(
  settings: S,
  sources: ConfigurationSources,
): ConfigurationResult<Configuration<S>> {
  const mistakes: string[] = [];
  const known = Object.values(settings).flatMap(({ flag }) => flag ?? []);
  const flags = readFlags(known, sources, mistakes);
  const configuration: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(settings)) {
    const given = findGiven(setting, flags, sources.environment, mistakes);
    if (given !== undefined) configuration[name] = readText(setting.kind, given, mistakes);
    else if (setting.isOptional) configuration[name] = undefined;
  }
  if (mistakes.length > 0) return { ok: false, mistakes };
  return { ok: true, configuration: Object.freeze(configuration) as Configuration<S> };
}

/** What people may set, a flag a line: with its fallback, and the variables that it beats. */
export function describeSettings(settings: Readonly<Record<string, Setting>>): string {
  return Object.values(settings)
    .map(({ flag, variables = [], help, fallback, isOptional }) => {
      const names = [...(flag === undefined ? [] : [`--${flag}`]), ...variables];
      const otherwise = fallback === undefined ? (isOptional ? '' : ' (required)') : ` (default: ${fallback})`;
      return `  ${names.join(', ')}\n      ${help}${otherwise}\n`;
    })
    .join('');
}

export const anyText: ValueKind<string> = {
  expected: 'a text that is not empty',
  read: (text) => (text.trim() === '' ? undefined : text),
};

/** Decimal digits, from `least` to `most`, both included. */
export function wholeNumber(least: number, most: number): ValueKind<number> {
  const read = (text: string) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    return value >= least && value <= most ? value : undefined;
  };
  return { expected: `a whole number from ${least} to ${most}`, read };
}

/** One of these words, as it is written. */
export function oneOf<const T extends string>(words: readonly T[]): ValueKind<T> {
  return { expected: `one of ${words.join(', ')}`, read: (text) => words.find((word) => word === text) };
}

/** A text and where it was given; without text when a mistake has told about it already. */
interface Given {
  readonly source: string;
  readonly text: string | undefined;
}

/** Flags by name. Parsing is not strict, since strict parsing stops at the first mistake. */
function readFlags(
  known: readonly string[],
  { args, suggest }: ConfigurationSources,
  mistakes: string[],
): ReadonlyMap<string, Given> {
  const options = Object.fromEntries(known.map((flag) => [flag, { type: 'string' as const }]));
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const flags = new Map<string, Given>();
  let isAfterUnknown = false;
  for (const token of tokens) {
    // The word after an unknown flag was meant as its value.
    if (token.kind === 'positional' && !isAfterUnknown) mistakes.push(`${quote(token.value)} belongs to no flag`);
    isAfterUnknown = token.kind === 'option' && !known.includes(token.name);
    if (token.kind !== 'option') continue;
    const { name, rawName: source, value, inlineValue } = token;
    const given = { source, text: value?.startsWith('--') && !inlineValue ? undefined : value };
    if (isAfterUnknown) mistakes.push(describeUnknown(source, known, suggest(name, known)));
    else mistakes.push(...findFlagMistakes(given, flags.has(name)));
    flags.set(name, given);
  }
  return flags;
}

function findFlagMistakes({ source, text }: Given, isRepeated: boolean): readonly string[] {
  if (isRepeated) return [`${source} is given more than once`];
  return text === undefined ? [`${source} needs a value`] : [];
}

function describeUnknown(source: string, known: readonly string[], nearest: string | undefined): string {
  if (nearest !== undefined) return `${source} is not known; did you mean --${nearest}?`;
  return `${source} is not known; there are ${known.map((flag) => `--${flag}`).join(', ')}`;
}

/** The flag, else the variables if they agree, else the fallback. */
function findGiven(
  { flag, variables = [], fallback, help, isOptional }: Setting,
  flags: ReadonlyMap<string, Given>,
  environment: ConfigurationSources['environment'],
  mistakes: string[],
): Given | undefined {
  const fromFlag = flag === undefined ? undefined : flags.get(flag);
  if (fromFlag) return fromFlag;
  const set = variables.map((source) => ({ source, text: environment[source] })).filter(({ text }) => text);
  if (new Set(set.map(({ text }) => text)).size > 1) {
    const all = set.map(({ source, text }) => `${source}=${quote(text ?? '')}`).join(' and ');
    mistakes.push(`${all} mean the same and differ; set only one of them`);
  }
  if (set[0]) return set[0];
  const names = [...(flag === undefined ? [] : [`--${flag}`]), ...variables].join(' or ');
  if (fallback !== undefined) return { source: names, text: fallback };
  if (!isOptional) mistakes.push(`${names} is missing: ${help}`);
  return undefined;
}

function readText(kind: ValueKind<unknown>, { source, text }: Given, mistakes: string[]): unknown {
  if (text === undefined) return undefined;
  const value = kind.read(text);
  if (value === undefined) mistakes.push(`${source} is ${quote(text)}; expected ${kind.expected}`);
  return value;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
