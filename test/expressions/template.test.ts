// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders look like this
import { describe, expect, test } from 'vitest';
import { compileTemplate, renderTemplate } from '../../src/expressions/template.ts';
import { createTestScope, values } from '../support/expressions.ts';

const NASTY = 'q"\\\n${{ run.name }} {{x}} $(y) \u2028 ${z}';

function compile(text: string) {
  const { template, mistakes, warnings } = compileTemplate(text, createTestScope());
  const show = ({ span: { offset, length }, message }: (typeof mistakes)[number]) =>
    `${text.slice(offset, offset + length)}: ${message}`;
  return { template, mistakes: mistakes.map(show), warnings: warnings.map(show) };
}

/** The text with its values. Undefined if it is not a template. */
function render(text: string): string | undefined {
  const { template, mistakes } = compile(text);
  expect(mistakes).toEqual([]);
  if (template === undefined) return undefined;
  const parameters = { ...values.parameters, nasty: NASTY };
  const rendered = renderTemplate(template, { ...values, parameters });
  return rendered.type === 'Text' ? rendered.text : `${rendered.type}: ${rendered.message}`;
}

describe('a text with placeholders', () => {
  test.each([
    ['a ${{ run.name }} b ${{run.uid}}', 'a release-7 b 1-2'],
    ['${{ steps.build-web.outputs.image }}', 'web:1'],
    ['${{ "}}" + run.name }}', '}}release-7'],
    ["${{ '''it's }}''' + run.name }}", "it's }}release-7"],
    ['${{ {"a": {"b": run.name}} }}', '{"a":{"b":"release-7"}}'],
    ['${{ has(parameters.none) ? "1" : "2" }}', '2'],
    ['$${{ run.name }}', '${{ run.name }}'],
    ['$$${{ run.name }} ${{ run.name }}', '$${{ run.name }} release-7'],
    ['${{ parameters.nasty }}', NASTY],
    ['${{ steps.build.attempt }} ${{ run.name == "" }} ${{ 1.5 + double(parameters.count) }}', '2 false 4.5'],
    ['${{ {"z": 9007199254740993, "a": [1.0, run.uid, true]} }}', '{"a":[1,"1-2",true],"z":9007199254740993}'],
    ['{{ run.name }} ${run.name} ${{ run.uid }}', '{{ run.name }} ${run.name} 1-2'],
    ['${{ github.sha }} ${{ run.uid }}', '${{ github.sha }} 1-2'],
  ])('%s', (text, rendered) => {
    expect(render(text)).toBe(rendered);
  });

  test.each(['', 'plain', '{{ run.name }} ${run.name} $(x) }}', '{"a": "{{x}}"}', '${{ github.sha }}', '\\u0024'])(
    'is none: %j',
    (text) => {
      expect(render(text)).toBeUndefined();
    },
  );

  test('says which output is absent, and which value fails', () => {
    expect(render('${{ steps.skipped.outputs.image }}')).toContain('Absent: the step "skipped" did not succeed');
    expect(render('a ${{ parameters.none }}')).toBe('Error: the run has no parameter "none"');
  });

  test('is at most 1 MiB with its values', () => {
    const { template } = compile('${{ parameters.text }}'.repeat(30));
    const parameters = { text: 'x'.repeat(60_000) };
    expect(template && renderTemplate(template, { ...values, parameters })).toMatchObject({ type: 'Error' });
  });
});

describe('a placeholder', () => {
  test.each([
    ['a ${{ rnu.name }}', 'rnu: no variable is named "rnu": did you mean "run"?'],
    ['a ${{ run.name', '${{: the placeholder has no end'],
    ['a ${{ run.name + "}}"', '${{: the placeholder has no end'],
    ['a ${{ (run.name }} b', ': the expression ends too early: ) is missing'],
    ['${{ run.uid }} ${{ run.nam }}', 'nam: run has no field "nam": did you mean "name"?'],
  ])('is wrong in %s', (text, mistake) => {
    expect(compile(text).mistakes[0]).toContain(mistake);
  });

  test.each([
    ['${{ github.sha }}', '"github" is not a variable'],
    ['${{ github', '"github" is not a variable'],
    ['${{ contains(run.name, "x") }}', '"contains" is not a variable'],
    ['${{}}', 'it reads no variable'],
    ['${{ 1 + 1 }}', 'it reads no variable'],
  ])('of others stays text: %s', (text, warning) => {
    const { template, mistakes, warnings } = compile(text);
    expect({ template, mistakes }).toEqual({ template: undefined, mistakes: [] });
    expect(warnings[0]).toContain(`\${{: this stays text, because ${warning}`);
  });

  test('is one of at most 256, and of ten warnings', () => {
    expect(compile('${{ run.uid }}'.repeat(300)).mistakes[0]).toContain('more than 256 placeholders');
    expect(compile('${{ github.sha }}'.repeat(4_000)).warnings).toHaveLength(10);
    expect(compile('${{ "'.repeat(4_000)).mistakes).toEqual([]);
    expect(compile('${{ "'.repeat(4_097)).mistakes[0]).toContain('too many or too large');
  });
});

describe('a JSON text with placeholders', () => {
  test('keeps its values inside their strings, and the rest as it is written', () => {
    const rendered = render('{ "k" : ["${{ parameters.nasty }}", 12345678901234567890], "k": 1.0 }');
    expect(rendered).toBe(`{ "k" : [${JSON.stringify(NASTY)}, 12345678901234567890], "k": 1.0 }`);
  });

  test.each([
    ['["a\\n\\u00e9 ${{ run.uid }}"]', '["a\\né 1-2"]'],
    ['["\\u0024{{ run.uid }}"]', '["1-2"]'],
    ['["$${{ run.uid }}"]', '["${{ run.uid }}"]'],
    ['["${{ \\"a\\" + run.uid }}"]', '["a1-2"]'],
    ['[{"a": ["${{ [run.uid] }}"]}]', '[{"a": ["[\\"1-2\\"]"]}]'],
  ])('%s', (text, rendered) => {
    expect(render(text)).toBe(rendered);
  });

  test('places mistakes in the text as it is written, behind escapes', () => {
    const text = '{"a": "\\n\\u00e9\\" ${{ run.nam + \\"x\\" + rnu }}"}';
    const { mistakes } = compile(text);
    expect(mistakes.map((mistake) => mistake.split(':')[0])).toEqual(['nam', 'rnu']);
  });

  test('leaves its keys alone, with a warning', () => {
    expect(compile('{"${{ run.name }}": 1}')).toEqual({
      template: undefined,
      mistakes: [],
      warnings: ['"${{ run.name }}": a key stays text: placeholders are for values'],
    });
  });

  test('is text if it is no JSON before its values are there', () => {
    const { template } = compile('{"a": ${{ steps.build.attempt }}}');
    expect(template?.isJson).toBe(false);
    expect(render('{"a": ${{ steps.build.attempt }}}')).toBe('{"a": 2}');
  });
});
