import { isIP } from 'node:net';

/** How a word of the command line, or a variable of the environment, becomes a value. */
export interface ValueKind<T> {
  /** The placeholder for a value in the help: `NAME`, `text|json`. Empty for a switch, which takes no value. */
  readonly placeholder: string;
  /** What a value must be, a noun phrase. */
  readonly expected: string;
  /** Returns undefined if the text is not what is expected. The text is never empty. */
  readonly read: (text: string) => T | undefined;
  /** What a shell offers: one of these words, or the names of files or folders. */
  readonly completion?: Completion;
}

export type Completion = readonly string[] | 'file' | 'folder';

/** One setting of a command. */
export interface Flag {
  readonly kind: ValueKind<unknown>;
  /** What it is for, a noun phrase or a sentence without its full stop. */
  readonly help: string;
  /**
   * Its name without the dashes. A setting without a name is read only from variables. The flag overrides the
   * variables.
   */
  readonly flag?: string;
  /** Its short name: `n` of `-n`. */
  readonly letter?: string;
  /** A former name, which works as well. */
  readonly alias?: string;
  /**
   * Variables with the same meaning, the former names last. Those that are set must agree. An empty variable counts as
   * not set.
   */
  readonly variables?: readonly string[];
  /** The value if the user gives none. It is read like the text of a user. */
  readonly fallback?: string;
  readonly isRequired?: true;
  /** It may be given several times, and its value is the list of all. */
  readonly isList?: true;
}

/** Flags by the name of the setting in code. */
export type Flags = Readonly<Record<string, Flag>>;

type Value<F> = F extends { readonly kind: ValueKind<infer T> }
  ? F extends { readonly isList: true }
    ? readonly T[]
    : F extends { readonly fallback: string } | { readonly isRequired: true }
      ? T
      : T | undefined
  : never;

/** The values of the settings of a command. */
export type Values<F> = { readonly [Key in keyof F]: Value<F[Key]> };

/** A flag without a value, which is true if it is given. */
export const toggle: ValueKind<true> = { placeholder: '', expected: 'nothing', read: () => true };

export function anyText(placeholder = 'TEXT', completion?: Completion): ValueKind<string> {
  const read = (text: string) => (text.trim() === '' ? undefined : text);
  return { placeholder, expected: 'a text that is not blank', read, ...(completion && { completion }) };
}

export const file = anyText('FILE', 'file');
export const folder = anyText('DIR', 'folder');

/**
 * A name that can be part of a path of the API. As in kubectl, any other text is rejected, because it would lead to
 * another path.
 */
export const objectName: ValueKind<string> = {
  placeholder: 'NAME',
  expected: 'a name without / and %, other than . and ..',
  read: (text) => (isObjectName(text) ? text : undefined),
};

export function isObjectName(text: string): boolean {
  return /^(?!\.{0,2}$)[^/%]+$/.test(text);
}

/** Decimal digits, from `least` to `most`, both included. */
export function wholeNumber(least: number, most: number, placeholder = 'N'): ValueKind<number> {
  const read = (text: string) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    return value >= least && value <= most ? value : undefined;
  };
  return { placeholder, expected: `a whole number from ${least} to ${most}`, read };
}

/** Port 0 lets the system choose a free one. */
export const port = wholeNumber(0, 65_535, 'PORT');

/** One of these words, exactly as written. */
export function oneOf<const T extends string>(words: readonly T[], placeholder = words.join('|')): ValueKind<T> {
  return {
    placeholder,
    expected: `one of ${words.join(', ')}`,
    read: (text) => words.find((word) => word === text),
    completion: words,
  };
}

/** `-o`: the format of a command's output. */
export function outputFlag<const T extends string>(formats: readonly [T, ...T[]], help: string) {
  return { flag: 'output', letter: 'o', alias: 'format', kind: oneOf(formats), help, fallback: formats[0] } as const;
}

export const logLevelFlag = {
  flag: 'log-level',
  kind: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], 'LEVEL'),
  help: 'how much to log: trace, debug, info, warn, error, fatal or silent',
  fallback: 'info',
} as const;

export const boolean: ValueKind<boolean> = {
  placeholder: 'true|false',
  expected: 'true or false',
  read: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
  completion: ['true', 'false'],
};

/** Words separated by commas, for each of which `isOne` is true. */
export function commaList(
  placeholder: string,
  expected: string,
  isOne: (word: string) => boolean,
): ValueKind<readonly string[]> {
  const read = (text: string) => {
    const words = text.split(',').map((word) => word.trim());
    return words.every(isOne) ? words : undefined;
  };
  return { placeholder, expected: `${expected} with commas between`, read };
}

/** Labels of RFC 1035, the first of which may be a wildcard. */
const DNS_NAME = /^(?=.{1,253}$)(\*\.)?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;

export const dnsName: ValueKind<string> = {
  placeholder: 'NAME',
  expected: 'a DNS name, whose first label may be *',
  read: (text) => (DNS_NAME.test(text) ? text : undefined),
};

export const ipAddress: ValueKind<string> = {
  placeholder: 'ADDRESS',
  expected: 'an IP address',
  read: (text) => (isIP(text) === 0 ? undefined : text),
};
