import { displayName, quoteName } from '../dag/display.ts';
import { defaultLimits } from '../dag/rules.ts';
import { suggestName } from '../dag/suggest.ts';
import { type DefaultingMode, defaultingModes } from './defaults.ts';
import { defaultPolicy, type Policy, rules, type Severity } from './judge.ts';

/** `warn` lets every object pass and tells what is wrong with it; `off` judges nothing. */
export const modes = ['enforce', 'warn', 'off'] as const;
export type Mode = (typeof modes)[number];

/** What is answered when no decision could be made in time: the words of a webhook configuration. */
const failurePolicies = ['Fail', 'Ignore'] as const;

/** What can be configured of the gate while it runs. */
export interface Settings {
  readonly mode: Mode;
  readonly defaulting: DefaultingMode;
  readonly failurePolicy: (typeof failurePolicies)[number];
  readonly policy: Policy;
}

export const defaultSettings: Settings = {
  mode: 'enforce',
  defaulting: 'Auto',
  failurePolicy: 'Fail',
  policy: defaultPolicy,
};

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly mistakes: readonly string[] };

const severities = ['deny', 'warn', 'off'] as const;

/** Reads one key's text into a draft, or says what is wrong with the text. */
type Reader = (draft: Draft, text: string) => string | undefined;

type Draft = { -readonly [Key in keyof Settings]: Settings[Key] };

/** Every key there is. `severity.CODE` stands for one key a rule. */
const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['mode', (draft, text) => readWord(modes, text, (mode) => Object.assign(draft, { mode }))],
  [
    'defaulting.mode',
    (draft, text) => readWord(defaultingModes, text, (defaulting) => Object.assign(draft, { defaulting })),
  ],
  [
    'failurePolicy',
    (draft, text) => readWord(failurePolicies, text, (failurePolicy) => Object.assign(draft, { failurePolicy })),
  ],
  ...Object.keys(defaultLimits).map((limit): [string, Reader] => [
    `limits.${limit}`,
    (draft, text) => readLimit(draft, limit, text),
  ]),
  ...rules.map(({ code, isFixed = false }): [string, Reader] => [
    `severity.${code}`,
    (draft, text) => readSeverity(draft, code, isFixed, text),
  ]),
]);

/**
 * Reads the gate's ConfigMap: one key a setting, its text as the value. Keys that are absent keep their default; every
 * mistake is told, each with the key, the text and what it may be.
 */
export function parseSettings(entries: ReadonlyMap<string, string>): Parsed<Settings> {
  const draft: Draft = { ...defaultSettings };
  const mistakes: string[] = [];
  for (const [key, text] of entries) {
    const mistake = readers.get(key)?.(draft, text.trim()) ?? (readers.has(key) ? undefined : unknownKey(key));
    if (mistake !== undefined) mistakes.push(`${displayName(key)}: ${mistake}`);
  }
  return mistakes.length > 0 ? { ok: false, mistakes } : { ok: true, value: Object.freeze(draft) };
}

/** Reads the break-glass ConfigMap: the key `mode`, or nothing where it is not mounted. */
export function parseOverride(entries: ReadonlyMap<string, string>): Parsed<Mode | undefined> {
  let override: Mode | undefined;
  const mistakes: string[] = [];
  for (const [key, text] of entries) {
    const mistake =
      key === 'mode'
        ? readWord(modes, text.trim(), (mode) => {
            override = mode;
          })
        : 'unknown key; the override has only mode';
    if (mistake !== undefined) mistakes.push(`${displayName(key)}: ${mistake}`);
  }
  return mistakes.length > 0 ? { ok: false, mistakes } : { ok: true, value: override };
}

function readWord<Word extends string>(
  words: readonly Word[],
  text: string,
  take: (word: Word) => void,
): string | undefined {
  const word = words.find((known) => known === text);
  if (word === undefined) return `${quoteName(text)} is none of ${words.join(', ')}`;
  take(word);
  return undefined;
}

function readLimit(draft: Draft, limit: string, text: string): string | undefined {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || !Number.isSafeInteger(value))
    return `${quoteName(text)} is no whole number of 1 or more`;
  draft.policy = { ...draft.policy, limits: { ...draft.policy.limits, [limit]: value } };
  return undefined;
}

function readSeverity(draft: Draft, code: string, isFixed: boolean, text: string): string | undefined {
  if (isFixed && text !== 'deny')
    return `${quoteName(text)}: this rule always denies, since without it the graph cannot be decided`;
  return readWord<Severity>(severities, text, (severity) => {
    draft.policy = { ...draft.policy, severities: new Map([...draft.policy.severities, [code, severity]]) };
  });
}

function unknownKey(key: string): string {
  const meant = suggestName(key, readers.keys());
  return meant === undefined ? 'unknown key' : `unknown key; did you mean ${meant}?`;
}
