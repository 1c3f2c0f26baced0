import { displayName, quoteName } from '../dag/display.ts';
import { defaultLimits } from '../dag/rules.ts';
import { suggestName } from '../dag/suggest.ts';
import { type DefaultingMode, defaultingModes } from './defaults.ts';
import { defaultPolicy, type Policy, rules, type Severity } from './judge.ts';

/**
 * `enforce` denies and warns. `warn` allows every object and reports all problems as warnings. `off` checks nothing.
 */
export const modes = ['enforce', 'warn', 'off'] as const;
export type Mode = (typeof modes)[number];

/** The answer if there is no decision in time, as in a webhook configuration. */
const failurePolicies = ['Fail', 'Ignore'] as const;

/** The settings of the gate that can change while it runs. */
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

/** Parses the text of one key into the draft. Returns a message if the text is invalid. */
type Reader = (draft: Draft, text: string) => string | undefined;

type Draft = { -readonly [Key in keyof Settings]: Settings[Key] };

/** All keys, including one key `severity.CODE` for each rule. */
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
 * Parses the ConfigMap of the gate, which has one key for each setting. An absent key keeps its default. All mistakes
 * are returned, each with the key, the text and the valid values.
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

/** Parses the break-glass ConfigMap, whose only key is `mode`. Undefined if the ConfigMap is not mounted. */
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
  if (word === undefined) return `${quoteName(text)} is not one of ${words.join(', ')}`;
  take(word);
  return undefined;
}

function readLimit(draft: Draft, limit: string, text: string): string | undefined {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || !Number.isSafeInteger(value))
    return `${quoteName(text)} is not a whole number of 1 or more`;
  draft.policy = { ...draft.policy, limits: { ...draft.policy.limits, [limit]: value } };
  return undefined;
}

function readSeverity(draft: Draft, code: string, isFixed: boolean, text: string): string | undefined {
  if (isFixed && text !== 'deny')
    return `${quoteName(text)}: this rule always denies, because without it the graph cannot be checked`;
  return readWord<Severity>(severities, text, (severity) => {
    draft.policy = { ...draft.policy, severities: new Map([...draft.policy.severities, [code, severity]]) };
  });
}

function unknownKey(key: string): string {
  const meant = suggestName(key, readers.keys());
  return meant === undefined ? 'unknown key' : `unknown key; did you mean ${meant}?`;
}
