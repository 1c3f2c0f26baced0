import { describe, expect, test } from 'vitest';
import { stateOf } from '../../src/ui/page/connection.ts';
import { printable } from '../../src/ui/page/names.ts';
import type { ClusterConnection, ParameterView } from '../../src/ui/page/protocol.ts';
import { buildAction, noAnswers } from '../../src/ui/page/run/action-words.ts';
import { readForm, startForm } from '../../src/ui/page/run/form.ts';
import type { Link } from '../../src/ui/page/stream.ts';

describe('the form of a new run', () => {
  const declared: ParameterView[] = [
    { name: 'version', isRequired: true },
    { name: 'target', isRequired: false, default: 'staging', enum: ['staging', 'production'] },
    { name: 'notes', isRequired: false },
    { name: 'level', isRequired: false, default: '3' },
  ];
  const fill = (values: Readonly<Record<string, string>>, others = '') => {
    const { parameters, mistakes } = readForm(declared, { ...startForm(declared), ...values }, others);
    return [parameters, Object.fromEntries(mistakes)];
  };

  test('begins with the defaults, and gives only what differs from them', () => {
    expect(startForm(declared)).toEqual({ version: '', target: 'staging', notes: '', level: '3' });
    expect(fill({ version: '1', target: 'production' })).toEqual([{ version: '1', target: 'production' }, {}]);
  });

  test('gives an empty text only in place of a default', () => {
    expect(fill({ version: '1', level: '' })).toEqual([{ version: '1', level: '' }, {}]);
  });

  test('finds all mistakes at once', () => {
    expect(fill({ target: 'moon' }, 'oops')[1]).toEqual({
      version: 'A value is required.',
      target: 'Choose one of staging, production.',
      '': 'Write NAME=VALUE in place of “oops”.',
    });
    expect(fill({ version: '1' }, 'version=2')[1]).toEqual({ '': 'Enter version in its own field.' });
  });

  test('takes parameters that are not declared', () => {
    expect(fill({ version: '1' }, 'url=http://a?b=c\n\n empty=')[0]).toEqual({
      version: '1',
      url: 'http://a?b=c',
      empty: '',
    });
  });
});

test('an action is sent with the names of what it is about', () => {
  const build = (verb: Parameters<typeof buildAction>[0]['verb'], fields = {}) =>
    buildAction({ verb, consequence: '', step: 'gate' }, { name: 'r' }, 'ci', { ...noAnswers, ...fields }, 'id');
  expect(build('run', { parameters: { a: '1' } })).toEqual({
    ...{ verb: 'run', namespace: 'ci', orchestration: 'r', parameters: { a: '1' }, deliveryId: 'id' },
  });
  expect(build('rerun', { steps: ['b'], isLatest: true })).toEqual({
    ...{ verb: 'rerun', namespace: 'ci', run: 'r', steps: ['b'], isLatest: true, deliveryId: 'id' },
  });
  expect(build('deny', { comment: 'no' })).toEqual({
    verb: 'deny',
    namespace: 'ci',
    run: 'r',
    step: 'gate',
    comment: 'no',
  });
  expect(build('cancel', { isNow: true })).toEqual({ verb: 'cancel', namespace: 'ci', run: 'r', isNow: true });
  expect(build('suspend')).toEqual({ verb: 'suspend', namespace: 'ci', run: 'r' });
});

describe('the state of the connection', () => {
  const live: Link = { state: 'Live' };
  const cluster = (state: 'Unreachable' | 'Forbidden' | 'Failed'): ClusterConnection => ({
    ...{ state, since: '2026-01-01T00:00:00Z', sentences: ['Why.'] },
  });
  test.each<[Link, ClusterConnection, string]>([
    [live, { state: 'Live' }, 'Live'],
    [live, { state: 'Connecting' }, 'Loading …'],
    [live, cluster('Unreachable'), 'Cluster unreachable'],
    [live, cluster('Forbidden'), 'No access'],
    [live, cluster('Failed'), 'Not up to date'],
    [{ state: 'Connecting' }, { state: 'Live' }, 'Connecting …'],
    [{ state: 'Lost', sentence: 'Gone.' }, { state: 'Live' }, 'Reconnecting …'],
    [{ state: 'Refused', sentence: 'No.' }, { state: 'Live' }, 'Stopped'],
  ])('is good only if both connections stand: %j and %j are %j', (link, to, word) => {
    const state = stateOf(link, to);
    expect(state.word).toBe(word);
    expect(state.look === 'good').toBe(word === 'Live');
  });
});

test('a name is shown as it is, but for characters that hide or forge text', () => {
  for (const name of ['👨‍👩‍👧‍👦 family', '❤️', 'בדיקות', 'می‌خواهم', 'naïve <b>']) expect(printable(name)).toBe(name);
  expect(printable('a\u202eb\u200d\n\u0000\ud800')).toBe('a\\u202eb\\u200d\\u000a\\u0000\\ud800');
});
