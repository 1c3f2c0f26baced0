import { expect, test } from 'vitest';
import { readArguments } from '../../src/cli/arguments.ts';

const flags = { format: ['text', 'json'], strict: 'switch', name: 'text' } as const;

test('takes values behind a space or an equals sign, and operands anywhere', () => {
  const args = ['a.yaml', '--format', 'json', '--strict', '-', '--name=-x', '--', '--strange.yaml'];
  expect(readArguments(flags, args)).toEqual({
    values: { format: 'json', strict: true, name: '-x' },
    operands: ['a.yaml', '-', '--strange.yaml'],
    mistakes: [],
  });
});

test('tells all mistakes at once, each with what was probably meant', () => {
  const args = [
    '--frmat=json',
    '--format',
    'jsn',
    '--format=pdf',
    '--strict=no',
    '--constructor',
    '-x\u001b',
    '--name',
  ];
  expect(readArguments(flags, args).mistakes).toEqual([
    '--frmat is not known; did you mean --format?',
    '--format is "jsn"; did you mean json?',
    '--format is "pdf"; there are text, json',
    '--strict takes no value',
    '--constructor is not known; there are --format, --strict, --name',
    '-x is not known; there are --format, --strict, --name',
    '-\\u001b is not known; there are --format, --strict, --name',
    '--name needs a value',
  ]);
});

test('tells which values a flag without one could have', () => {
  expect(readArguments(flags, ['--format', '--strict']).mistakes).toEqual(['--format needs a value: text, json']);
});

test('takes a value behind a letter and an equals sign, as kubectl does', () => {
  const both = { namespace: 'text', parameter: 'texts' } as const;
  expect(readArguments(both, ['-n=ci', '-p=a=1', '--parameter==b'])).toEqual({
    values: { namespace: 'ci', parameter: ['a=1', '=b'] },
    operands: [],
    mistakes: [],
  });
});

test('takes a flag by its letter, and one that takes several as often as it is given', () => {
  const several = { namespace: 'text', parameter: 'texts' } as const;
  const args = ['-n', 'ci', '-p', 'a=1', '--parameter=b=2', '-pc='];
  expect(readArguments(several, args)).toEqual({
    values: { namespace: 'ci', parameter: ['a=1', 'b=2', 'c='] },
    operands: [],
    mistakes: [],
  });
});

test('takes a flag by its former name too', () => {
  const output = { output: ['text', 'json'], strict: 'switch' } as const;
  for (const args of [['-o', 'json'], ['--output=json'], ['--format', 'json'], ['--format=json']]) {
    expect(readArguments(output, args)).toEqual({ values: { output: 'json' }, operands: [], mistakes: [] });
  }
  expect(readArguments(output, ['--format', 'jsn', '--frmat=x']).mistakes).toEqual([
    '--format is "jsn"; did you mean json?',
    '--frmat is not known; did you mean --format?',
  ]);
  expect(readArguments({ name: 'text' }, ['--format=x']).mistakes).toEqual(['--format is not known; there are --name']);
});
