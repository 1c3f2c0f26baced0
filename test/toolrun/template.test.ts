import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRenderer } from '../../src/toolrun/template.ts';
import { expand, expandWithValues } from '../support/expansion.ts';

const context = {
  parameters: { message: 'hello', 'with space': 'x' },
  tool: { metadata: { name: 'echo' }, spec: { timeoutSeconds: 30, args: ['a'] } },
};

function render(template: string, parameters: Record<string, string> = context.parameters): string {
  return createRenderer({ ...context, parameters }).render(template);
}

describe('a template', () => {
  test.each([
    ['echo {{parameters.message}}', 'echo hello'],
    ['{{ parameters . message }}', 'hello'],
    ['{{parameters.with space}}', 'x'],
    ['{{tool.metadata.name}} {{tool.spec.timeoutSeconds}} {{tool.spec.args}}', 'echo 30 ["a"]'],
    ['[{{parameters.unknown}}{{nothing}}{{parameters.message.length}}{{parameters.__proto__}}]', '[]'],
    ['{{}} {{parameters.message} {parameters.message}}', '{{}} {{parameters.message} {parameters.message}}'],
    ['no parameters: $HOME $(NAME) $$(NAME) $', 'no parameters: $HOME $(NAME) $$(NAME) $'],
  ])('%s becomes %s', (template, rendered) => {
    expect(render(template)).toBe(rendered);
  });

  test('does not replace placeholders in a value', () => {
    expect(render('{{parameters.a}}', { a: '{{parameters.b}}', b: 'secret' })).toBe('{{parameters.b}}');
  });

  test.each([
    ['{{parameters.a}}', '$(TOKEN)', 'a reference'],
    ['$'.concat('{{parameters.a}}'), '(TOKEN)', 'what an author’s dollar makes a reference'],
    ['{{parameters.a}}(TOKEN)', '$', 'what the author’s parenthesis makes a reference'],
    ['$(TO{{parameters.a}})', 'KEN', 'the name in an author’s reference'],
    ['$(TO{{parameters.a}}', 'KEN)', 'the end of an author’s reference'],
    ['$${{parameters.a}}', '$(TOKEN)', 'a reference behind an escaped dollar'],
  ])('%s does not let the value %s be %s', (template, value) => {
    expect(expand(render(template, { a: value }), new Map([['TOKEN', 'secret']]))).not.toContain('secret');
  });

  test('keeps the author’s own references, and inserts values unchanged, whatever they contain', () => {
    const variables = new Map(['', 'HOME', 'HOMEa', 'a', '$', '(', ' '].map((name) => [name, `<value of ${name}>`]));
    const author = [
      '{{parameters.x}}',
      '{{parameters.y}}',
      '$',
      '$$',
      '(',
      ')',
      '$(',
      '$(HOME)',
      'HOME',
      'a',
      ' ',
      '{{',
      '}}',
    ];
    const templates = fc.array(fc.constantFrom(...author), { maxLength: 12 }).map((parts) => parts.join(''));
    const values = fc.array(fc.constantFrom('$', '(', ')', '$(HOME)', 'HOME', 'a', '{{parameters.x}}', '$&', '$1'), {
      maxLength: 4,
    });
    fc.assert(
      fc.property(templates, values, values, (template, x, y) => {
        const parameters: Record<string, string> = { x: x.join(''), y: y.join('') };
        const wanted = expandWithValues(template, { ...context, parameters }, variables);
        expect(expand(render(template, parameters), variables)).toBe(wanted);
      }),
      { numRuns: 3000 },
    );
  });

  test.each(['$(', '{{', '{{a', '$({{a}}', '$$(', '$(a)'])(
    'of many %s takes time that grows only with its length',
    (part) => {
      const startedAt = performance.now();
      render(part.repeat(300_000));
      // A search for the end from each of them would take minutes.
      expect(performance.now() - startedAt).toBeLessThan(5_000);
    },
  );

  test('reports that its values are too large before they fill the memory', () => {
    const renderer = createRenderer({ parameters: { a: 'x'.repeat(1_000_000) } });
    renderer.render('{{parameters.a}}');
    expect(renderer.isTooLarge()).toBe(false);
    expect(renderer.render('{{parameters.a}}'.repeat(100_000)).length).toBeLessThan(2_000_000);
    expect(renderer.isTooLarge()).toBe(true);
  });
});
