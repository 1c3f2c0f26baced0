import { describe, expect, test } from 'vitest';
import { readArguments } from '../../src/cli/arguments.ts';
import { anyText, boolean, type Flags, oneOf, outputFlag, toggle, wholeNumber } from '../../src/cli/flags.ts';

const flags = {
  output: outputFlag(['text', 'json'], 'the format'),
  isStrict: { flag: 'strict', kind: toggle, help: 'whether' },
  name: { flag: 'name', letter: 'n', kind: anyText('NAME'), help: 'who' },
  pairs: { flag: 'parameter', letter: 'p', kind: anyText('KEY=VALUE'), help: 'what', isList: true },
} as const satisfies Flags;

const nothing = { output: 'text', isStrict: undefined, name: undefined, pairs: [] };

function read(...words: string[]) {
  return readArguments(flags, words, {});
}

test('takes values behind a space or an equals sign, and operands anywhere', () => {
  const words = ['a.yaml', '--output', 'json', '--strict', '-', '--name=-x', '--', '--strange.yaml'];
  expect(read(...words)).toEqual({
    values: { ...nothing, output: 'json', isStrict: true, name: '-x' },
    words: ['a.yaml', '-', '--strange.yaml'],
    unsure: [],
    mistakes: [],
  });
});

test('takes a flag by its letter, as kubectl does, and a list as often as it is given', () => {
  const words = ['-n=ci', '-p', 'a=1', '--parameter=b=2', '-pc=', '-p=d=3', '--parameter==e', '-ojson'];
  expect(read(...words)).toMatchObject({
    values: { ...nothing, output: 'json', name: 'ci', pairs: ['a=1', 'b=2', 'c=', 'd=3', '=e'] },
    mistakes: [],
  });
});

test('takes a flag by its former name too', () => {
  for (const words of [['-o', 'json'], ['--output=json'], ['--format', 'json'], ['--format=json']])
    expect(read(...words)).toMatchObject({ values: { output: 'json' }, mistakes: [] });
  expect(read('--format', 'jsn').mistakes).toEqual(['--format is "jsn"; did you mean json?']);
});

test('reports all mistakes at once, each with what was probably meant', () => {
  const words = [
    '--frmat=json',
    '--format',
    'jsn',
    '--strict=no',
    '--constructor',
    '-x\u001b',
    '-n',
    '',
    '--__proto__=1',
  ];
  expect(read(...words).mistakes).toEqual([
    '--frmat is not known; did you mean --format?',
    '--constructor is not known; there are --output, --format, --strict, --name, --parameter',
    '-x is not known; there are --output, --format, --strict, --name, --parameter',
    '-\\u001b is not known; there are --output, --format, --strict, --name, --parameter',
    '--__proto__ is not known; there are --output, --format, --strict, --name, --parameter',
    '--format is "jsn"; did you mean json?',
    '--strict takes no value',
    '-n is empty; give it a value, or leave it out',
  ]);
});

test.each([
  [['--output=pdf'], '--output is "pdf"; expected one of text, json'],
  [['-o', '--strict'], '-o needs a value: one of text, json'],
  [['--n=x'], '--n is not known; there are --output, --format, --strict, --name, --parameter'],
  [['--name'], '--name needs a value: a text that is not blank'],
  [['--name', ' '], '--name is " "; expected a text that is not blank'],
  [['--name=a', '-n', 'a'], '--name is given more than once'],
  [['--output=text', '--format=text'], '--output is given more than once'],
  [['--strict', '--strict'], '--strict is given more than once'],
  [['--parameter=a', '--parameter='], '--parameter is empty; give it a value, or leave it out'],
])('%j is a mistake', (words, mistake) => {
  expect(read(...words).mistakes).toEqual([mistake]);
});

test('is unsure of a word behind a flag that is not known, unless that is a misspelt switch', () => {
  expect(read('--nme', 'x', 'a')).toMatchObject({ words: ['a'], unsure: ['x'] });
  expect(read('--what', 'x')).toMatchObject({ words: [], unsure: ['x'] });
  expect(read('--nme=x', 'a')).toMatchObject({ words: ['a'], unsure: [] });
  expect(read('--strct', 'a')).toMatchObject({ words: ['a'], unsure: [] });
});

describe('a setting with variables', () => {
  const settings = {
    count: {
      flag: 'count',
      kind: wholeNumber(0, 9),
      help: 'how many',
      variables: ['NEW_COUNT', 'OLD_COUNT'],
      isRequired: true,
    },
    mode: { kind: oneOf(['on', 'off']), help: 'whether', variables: ['MODE'] },
    name: { kind: anyText(), help: 'who', variables: ['NAME'], fallback: 'nobody' },
    elects: { flag: 'elect', kind: boolean, help: 'whether', fallback: 'true' },
  } as const satisfies Flags;
  const readBoth = (words: readonly string[], environment: Record<string, string>) => {
    const { values, mistakes } = readArguments(settings, words, environment);
    return mistakes.length === 0 ? values : mistakes;
  };

  test('takes its value from any of them', () => {
    const values = { count: 3, mode: 'on', name: 'nobody', elects: true };
    expect(readBoth([], { OLD_COUNT: '3', MODE: 'on' })).toEqual(values);
    expect(readBoth([], { NEW_COUNT: '3', OLD_COUNT: '3', MODE: 'on' })).toEqual(values);
  });

  test('prefers the flag, and counts an empty variable as not set', () => {
    expect(readBoth(['--count=4', '--elect', 'false'], { NEW_COUNT: '3', NAME: '', MODE: '' })).toEqual({
      count: 4,
      mode: undefined,
      name: 'nobody',
      elects: false,
    });
  });

  test('is refused if they differ, are wrong or are missing', () => {
    expect(readBoth([], { NEW_COUNT: '3', OLD_COUNT: '4', MODE: 'maybe' })).toEqual([
      'NEW_COUNT="3" and OLD_COUNT="4" mean the same and differ; set only one of them',
      'MODE is "maybe"; expected one of on, off',
    ]);
    expect(readBoth([], {})).toEqual(['--count or NEW_COUNT or OLD_COUNT is missing: how many']);
  });
});
