import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { writeYaml } from '../../../src/cli/format/yaml.ts';

test('what could forge or turn round a line is escaped, and is read as it was', () => {
  const value = {
    plain: 'a: b # c',
    'key\u202e': ['\u001b[31mred', 'line\nline', 'right \u202e left', '\u{e0001}tag', '::error::x', 'no', ''],
  };
  const text = writeYaml(value);
  expect(text).toMatch(/^[\n\x20-\x7e]*$/);
  expect(parse(text)).toEqual(value);
});
