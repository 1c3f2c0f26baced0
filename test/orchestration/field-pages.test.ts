import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { checkFieldPages } from '../../scripts/field-pages.ts';
import { stepFields } from '../../src/orchestration/fields.ts';
import { stepKinds } from '../../src/orchestration/kinds/table.ts';

const page = readFileSync('docs/reference/step-fields.md', 'utf8');
/** The cells of each row, by the name of the field. */
const rows = new Map(
  [...page.matchAll(/^\| `(.+?)` \| (.+) \|$/gm)].map(([, name = '', cells = '']) => [name, cells.split(' | ')]),
);

describe('the references of step fields and policies', () => {
  test('are as make generate writes them', async () => {
    expect(await checkFieldPages('.')).toEqual([]);
  });

  test('have a row for every field that a kind of step reads', () => {
    const names = [stepFields, ...stepKinds.all.map(({ fields }) => fields)].flatMap((fields) => Object.keys(fields));
    expect([...rows.keys()]).toEqual(expect.arrayContaining(names));
  });

  test.each([
    ['dependsOn', 'literal', 'agents chart'],
    ['with', 'placeholders', 'agents chart'],
    ['when', 'expression', 'this chart'],
    ['outputs', 'expression', 'this chart'],
    ['agentRef', 'literal', 'agents chart'],
    ['goal', 'placeholders', 'no CRD'],
    ['secrets', 'literal', 'no CRD'],
    ['signalRef', 'literal', 'no CRD'],
  ])('say that %s is read as %s, and is from %s', (name, value, from) => {
    expect(rows.get(name)?.[0]?.split('<br>').slice(1)).toEqual([value, from]);
  });
});
