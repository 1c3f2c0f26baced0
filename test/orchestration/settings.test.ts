import { describe, expect, test } from 'vitest';
import { stepKinds } from '../../src/orchestration/kinds/table.ts';
import { defaultSettings, parseOverride, parseSettings } from '../../src/orchestration/settings.ts';

const parse = (entries: Record<string, string>) => parseSettings(new Map(Object.entries(entries)));
const override = (entries: Record<string, string>) => parseOverride(new Map(Object.entries(entries)));

describe('parseSettings', () => {
  test('has a default for every key', () => {
    expect(parse({})).toEqual({ ok: true, value: defaultSettings });
  });

  test('reads every kind of key, and keeps the defaults of the others', () => {
    const parsed = parse({
      mode: 'warn',
      'defaulting.mode': 'Never',
      failurePolicy: 'Ignore\n',
      'limits.maxSteps': '2000',
      'severity.DependencyCycle': 'warn',
      'severity.MixedDependsOn': 'off',
      'severity.MissingSteps': 'deny',
    });
    expect(parsed).toEqual({
      ok: true,
      value: {
        mode: 'warn',
        defaulting: 'Never',
        failurePolicy: 'Ignore',
        policy: {
          limits: { maxSteps: 2000, maxDependencies: 256 },
          severities: new Map([
            ['DependencyCycle', 'warn'],
            ['MixedDependsOn', 'off'],
            ['MissingSteps', 'deny'],
          ]),
          kinds: stepKinds,
        },
      },
    });
  });

  test('reports all mistakes at once, each with the key, the text and the valid values', () => {
    const parsed = parse({
      mode: 'on',
      moed: 'warn',
      'defaulting.mode': 'auto',
      failurePolicy: '',
      'limits.maxSteps': '0',
      'limits.maxDependencies': '1e3',
      'limits.maxSteps ': '5',
      'severity.MissingSteps': 'off',
      'severity.TooManySteps': 'warn',
      'severity.MixedDependsOn': 'error',
      'severity.DependencyCycles': 'warn',
      'severity.Nonsense': 'warn',
      'nothing\nlike it': 'x',
    });
    expect(parsed).toEqual({
      ok: false,
      mistakes: [
        'mode: "on" is not one of enforce, warn, off',
        'moed: unknown key; did you mean mode?',
        'defaulting.mode: "auto" is not one of Auto, Always, Never',
        'failurePolicy: "" is not one of Fail, Ignore',
        'limits.maxSteps: "0" is not a whole number of 1 or more',
        'limits.maxDependencies: "1e3" is not a whole number of 1 or more',
        'limits.maxSteps : unknown key; did you mean limits.maxSteps?',
        'severity.MissingSteps: "off": this rule always denies, because without it the graph cannot be checked',
        'severity.TooManySteps: "warn": this rule always denies, because without it the graph cannot be checked',
        'severity.MixedDependsOn: "error" is not one of deny, warn, off',
        'severity.DependencyCycles: unknown key; did you mean severity.DependencyCycle?',
        'severity.Nonsense: unknown key',
        'nothing\\u000alike it: unknown key',
      ],
    });
  });

  test.each(['-1', '1.5', '99999999999999999999', 'many'])('rejects the limit %j', (text) => {
    expect(parse({ 'limits.maxSteps': text })).toMatchObject({ ok: false });
  });

  test('returns frozen settings, so that they cannot change during a review', () => {
    const parsed = parse({});
    expect(parsed.ok && Object.isFrozen(parsed.value)).toBe(true);
  });
});

describe('parseOverride', () => {
  test('reads the mode for the whole gate', () => {
    expect(override({ mode: ' off\n' })).toEqual({ ok: true, value: 'off' });
  });

  test('returns nothing if nothing is mounted', () => {
    expect(override({})).toEqual({ ok: true, value: undefined });
  });

  test('reports all mistakes at once', () => {
    expect(override({ mode: 'disabled', 'severity.DependencyCycle': 'off' })).toEqual({
      ok: false,
      mistakes: [
        'mode: "disabled" is not one of enforce, warn, off',
        'severity.DependencyCycle: unknown key; the override has only mode',
      ],
    });
  });
});
