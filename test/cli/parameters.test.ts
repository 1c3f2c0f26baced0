import { expect, test } from 'vitest';
import { readParameters } from '../../src/cli/parameters.ts';

test('parameters are cut at the first equals sign, and a value may be empty', () => {
  expect(readParameters(['a=1', 'note=a=b', 'none='])).toEqual({
    parameters: { a: '1', note: 'a=b', none: '' },
    mistakes: [],
  });
});

test('what is no KEY=VALUE, and a key that is given twice, is told with what was given', () => {
  expect(readParameters(['a', '=1', 'b=1', 'b=2', '__proto__=x']).mistakes).toEqual([
    '--parameter is "a"; write KEY=VALUE',
    '--parameter is "=1"; write KEY=VALUE',
    '--parameter gives "b" twice, as "1" and as "2"',
  ]);
});
