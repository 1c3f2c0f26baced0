import { expect, test } from 'vitest';
import { readArguments } from '../../../src/cli/arguments.ts';
import { findRepeatedKeys, parameterFlag } from '../../../src/cli/cluster/parameters.ts';

function read(...texts: string[]) {
  const words = texts.map((text) => `--parameter=${text}`);
  const { values, mistakes } = readArguments({ parameters: parameterFlag('of a run') }, words, {});
  return { parameters: values.parameters, mistakes };
}

test('a parameter is cut at its first equals sign, and its value may be empty', () => {
  expect(read('a=1', 'note=a=b', 'none=')).toEqual({
    parameters: [
      ['a', '1'],
      ['note', 'a=b'],
      ['none', ''],
    ],
    mistakes: [],
  });
});

test('what is no KEY=VALUE is reported with what was given', () => {
  expect(read('a', '=1', 'b=1').mistakes).toEqual([
    '--parameter is "a"; expected KEY=VALUE',
    '--parameter is "=1"; expected KEY=VALUE',
  ]);
});

test('a key that is given more than once is reported with all its values', () => {
  const { parameters } = read('b=1', 'a=1', 'b=2', 'b=1', '__proto__=x');
  expect(findRepeatedKeys(parameters)).toEqual(['--parameter gives "b" more than once, as "1" and as "2" and as "1"']);
});
