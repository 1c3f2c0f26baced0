import { expect, test } from 'vitest';
import { readWarnings } from '../../src/kube/calls.ts';

test.each([
  [undefined, []],
  ['299 - "one"', ['one']],
  ['299 - "spec.steps[0]: \\"a\\", b", 299 - "two"', ['spec.steps[0]: "a", b', 'two']],
  [
    ['299 - "one"', '299 agent "back\\\\slash"'],
    ['one', 'back\\slash'],
  ],
  [Buffer.from('299 - "a → b…"').toString('latin1'), ['a → b…']],
  ['no warning at all', []],
])('reads the warnings of the header %j', (header, warnings) => {
  expect(readWarnings(header)).toEqual(warnings);
});
