import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bounds } from '../../src/expressions/bounds.ts';
import { compileExpression, createScope, evaluate } from '../../src/expressions/expression.ts';
import { renderValue } from '../../src/expressions/render.ts';
import { compileTemplate, renderTemplate } from '../../src/expressions/template.ts';
import type { StepValue, Values } from '../../src/expressions/values.ts';

const page = readFileSync('docs/reference/expressions.md', 'utf8');

/** The run that the page reads. */
const steps = new Map<string, StepValue>([
  ['build-web', { phase: 'Succeeded', reason: '', attempt: 1, outputs: { image: 'web@sha256:1', count: '12' } }],
  ['test', { phase: 'Failed', reason: 'ChildFailed', attempt: 3, outputs: {} }],
]);
const values: Values = {
  parameters: { version: 'v1.2.3', environment: 'production', 'release-notes': 'none' },
  run: { name: 'nightly-7', namespace: 'ci', uid: '0b1c', orchestration: 'nightly', deliveryId: '' },
  steps: (name) => steps.get(name),
  child: { status: { vcs: { headBranch: 'fix-7' }, labels: ['bug', 'urgent'] } },
};
const scope = createScope({ variables: ['parameters', 'run', 'steps', 'child'], steps: [...steps.keys()] });

/** The rows of all tables with these headings: the code in the first cell, and the whole second cell. */
function rowsUnder(first: string, second: string): { text: string; cell: string }[] {
  const tables = page.split(/\n\n/).filter((part) => part.startsWith(`| ${first} | ${second} |\n`));
  return tables.flatMap((table) =>
    table
      .trim()
      .split('\n')
      .slice(2)
      .map((row) => {
        const [, text = '', cell = ''] = /^\| `(.*?)` \| (.*) \|$/.exec(row) ?? [];
        return { text: text.replaceAll('\\|', '|'), cell };
      }),
  );
}

describe('docs/reference/expressions.md', () => {
  test.each(rowsUnder('expression', 'result'))('says what $text gives', ({ text, cell }) => {
    const compiled = compileExpression(text, scope, 'String');
    if ('mistakes' in compiled) throw new Error(compiled.mistakes[0]?.message);
    const evaluated = evaluate(compiled.expression, values);
    expect('value' in evaluated ? `\`${renderValue(evaluated.value)}\`` : evaluated.message).toBe(cell);
  });

  test.each(rowsUnder('expression', 'mistake'))('says what is wrong with $text', ({ text, cell }) => {
    expect(compileExpression(text, scope, 'String')).toMatchObject({ mistakes: [{ message: cell }] });
  });

  test.each(rowsUnder('text', 'becomes'))('says what becomes of $text', ({ text, cell }) => {
    const { template, mistakes } = compileTemplate(text, scope);
    expect(mistakes).toEqual([]);
    const rendered = template && renderTemplate(template, values);
    expect(`\`${rendered && 'text' in rendered ? rendered.text : text}\``).toBe(cell);
  });

  test('shows no expression that does not compile, apart from its mistakes', () => {
    const isMistake = new Set(rowsUnder('expression', 'mistake').map(({ text }) => text));
    const spans = [...page.replace(/^```.*?^```$/gms, '').matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
    const shown = spans.filter((span) => /^(?:\w+\()?(?:parameters|run|steps|child)[.[]/.test(span));
    const inYaml = [...page.matchAll(/(?:when: |\$\{\{ )(.+?)(?: \}\}|$)/gm)].map(([, text = '']) => text);
    const isForm = (text: string) => ['expression', 'steps', 'github.sha'].includes(text);
    const expressions = [...shown, ...inYaml.filter((text) => !isForm(text))];
    expect(expressions.length).toBeGreaterThan(40);
    const wrong = expressions.filter(
      (text) => !isMistake.has(text) && 'mistakes' in compileExpression(text.replaceAll('\\|', '|'), scope, 'String'),
    );
    expect(wrong).toEqual([]);
  });

  test('lists every bound', () => {
    const rows = [...(page.split('## Bounds')[1] ?? '').matchAll(/^\| .* \| ([\d,]+) \|$/gm)];
    const unlisted = ['entry', 'least', 'mistakes', 'warnings', 'firstWord'];
    const listed = Object.entries(bounds).filter(([name]) => !unlisted.includes(name));
    const byNumber = (left: number, right: number) => left - right;
    expect(rows.map(([, number = '']) => Number(number.replaceAll(',', ''))).sort(byNumber)).toEqual(
      listed.map(([, number]) => number).sort(byNumber),
    );
    expect(page).toContain(`as at least ${bounds.least} characters`);
    expect(page).toContain(`and ${bounds.entry}\nmore for each entry`);
  });
});
