// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders look like this
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { compileExpression, evaluate, type Wanted } from '../../src/expressions/expression.ts';
import type { Mistake } from '../../src/expressions/mistake.ts';
import { renderValue } from '../../src/expressions/render.ts';
import { compileTemplate, renderTemplate } from '../../src/expressions/template.ts';
import type { Values } from '../../src/expressions/values.ts';
import { createTestScope, values as ordinary } from '../support/expressions.ts';

/** Pieces of expressions: those that mean something, and those that a library may stumble over. */
const fragments = [
  ...['steps.build', 'steps["build-web"]', 'steps.build-web.outputs.image', 'steps.skipped.outputs.x', 'steps.größe'],
  ...['.outputs', '.image', '.phase', '.attempt', '["image"]', '[0]', '[x]', 'child', 'child.status', '.list', '.n'],
  ...['parameters.nasty', 'parameters', 'run.name', 'run', '.constructor', '.__proto__', '["__proto__"]', '.prototype'],
  ...[
    'has(',
    'size(',
    'int(',
    'string(',
    'double(',
    'bool(',
    '_in(',
    '_s0',
    '_p0',
    '_d0',
    'cel.bind(',
    'type(',
    'dyn(',
  ],
  ...[
    '.matches("(a+)+$")',
    '.matches("',
    '.filter(x, ',
    '.exists(x, ',
    '.all(y, ',
    '.map(x, ',
    '.contains(',
    '.split("")',
  ],
  ...['(', ')', '[', ']', '{', '}', '}}', '${{', '$', '"', "'", '"""', "'''", 'r"', 'b"', '\\', '//', '\n', ' ', '@'],
  ...['==', '!=', '<', '&&', '||', '!', '-', '+', '*', '/', '%', '?', ':', ',', '.', ' in ', 'x', 'y', 'true', 'null'],
  ...[
    '0',
    '1.5',
    '1e400',
    '0x1F',
    '9223372036854775807',
    '9223372036854775808',
    '1u',
    '"a"',
    '"\\u0000"',
    '"\\q"',
    '""',
  ],
  ...['é', '\u202e', '\ud800', '𝒳', '\0', '`'],
];

const noise = fc.array(fc.constantFrom(...fragments), { maxLength: 12 }).map((parts) => parts.join(''));

/** Expressions that mostly compile, so that evaluation is fuzzed as well. */
const { expression: sensible } = fc.letrec<{
  expression: string;
  text: string;
  number: string;
  condition: string;
  list: string;
}>((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('text'),
    tie('number'),
    tie('condition'),
    tie('list'),
  ),
  text: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(
      'parameters.nasty',
      'steps.build.outputs.image',
      'steps.skipped.outputs.image',
      'run.uid',
      '"}}"',
      'child.text',
    ),
    fc.tuple(tie('text'), tie('text')).map(([one, other]) => `(${one} + ${other})`),
    fc.tuple(tie('condition'), tie('text'), tie('text')).map(([test, yes, no]) => `(${test} ? ${yes} : ${no})`),
    tie('number').map((number) => `string(${number})`),
  ),
  number: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(
      'steps.build.attempt',
      '9223372036854775807',
      '0',
      'child.n',
      'child.list[1]',
      'int(parameters.nasty)',
    ),
    tie('list').map((list) => `size(${list})`),
    fc
      .tuple(tie('number'), fc.constantFrom('+', '-', '*', '/', '%'), tie('number'))
      .map((parts) => `(${parts.join(' ')})`),
  ),
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(
      'has(steps.skipped.outputs.image)',
      'has(child.a.b)',
      'child.flag',
      'parameters.nasty.matches("^(a|b)*$")',
    ),
    fc.tuple(tie('text'), tie('text')).map(([one, other]) => `${one} == ${other}`),
    fc.tuple(tie('condition'), fc.constantFrom('&&', '||'), tie('condition')).map((parts) => `(${parts.join(' ')})`),
    tie('list').map((list) => `${list}.exists(x, x in child.list || x == child.constructor)`),
  ),
  list: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('child.list', 'child', '[1, "a", child.list]', '{"a": child.n, "b": [parameters.nasty]}'),
    tie('list').map((list) => `${list}.filter(x, x != "a")`),
  ),
}));

const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '${{ run.name }}',
    '"}',
    '\\',
    '$(x)',
    '{{x}}',
    '9007199254740993',
    'a'.repeat(70_000),
    '\ud800',
    '__proto__',
  ),
);
const json = fc.oneof(
  fc.json({ maxDepth: 4 }).map((text): unknown => JSON.parse(text)),
  fc.constantFrom<unknown>(
    JSON.parse('{"__proto__":{"n":1},"list":[1,2],"constructor":"c","n":9007199254740993,"text":"t"}'),
  ),
  fc.constantFrom<unknown>({
    list: Array.from({ length: 900 }, (_, index) => index),
    n: 1.5,
    flag: true,
    text: 'b'.repeat(60_000),
  }),
);

const input = fc.record({
  text: fc.oneof(
    noise,
    sensible,
    fc.tuple(sensible, noise).map((parts) => parts.join('')),
  ),
  wanted: fc.constantFrom<Wanted>('Boolean', 'String'),
  value: nasty,
  child: json,
});

type Input = typeof input extends fc.Arbitrary<infer Value> ? Value : never;

/** What came of the inputs, and the slowest of all in milliseconds. */
export interface ExpressionReport {
  readonly counts: Record<'mistakes' | 'Value' | 'Absent' | 'Error', number>;
  readonly slowestMs: number;
  readonly slowest: string;
}

/** Compiles and evaluates `runs` odd expressions on odd values; throws at the first that is not answered as promised. */
export function fuzzExpressions(runs: number, seed: number): ExpressionReport {
  const counts = { mistakes: 0, Value: 0, Absent: 0, Error: 0 };
  let slowest = { ms: 0, text: '' };
  const untouched = Object.getOwnPropertyNames(Object.prototype).join();
  const property = fc.property(input, (case_) => {
    const startMs = performance.now();
    counts[checkExpression(case_)]++;
    checkTemplates(case_);
    const ms = performance.now() - startMs;
    if (ms > slowest.ms) slowest = { ms, text: case_.text };
    demand(Object.getOwnPropertyNames(Object.prototype).join() === untouched, 'the prototype as it was');
  });
  fc.assert(property, { numRuns: runs, seed });
  return { counts, slowestMs: slowest.ms, slowest: slowest.text };
}

function toValues({ value, child }: Input): Values {
  return { ...ordinary, parameters: { nasty: value, environment: 'production' }, child };
}

function checkExpression(case_: Input): keyof ExpressionReport['counts'] {
  const { text, wanted } = case_;
  const compiled = compileExpression(text, createTestScope(), wanted);
  if ('mistakes' in compiled) {
    demand(compiled.mistakes.length > 0, 'a mistake');
    checkMistakes(compiled.mistakes, text);
    return 'mistakes';
  }
  for (const { span } of compiled.expression.readings) demand(isWithin(span, text), 'a place in the text');
  const evaluated = evaluate(compiled.expression, toValues(case_));
  if (evaluated.type !== 'Value') demand(isLine(evaluated.message), `a line, not ${evaluated.message}`);
  else if (wanted === 'Boolean') demand(typeof evaluated.value === 'boolean', 'true or false');
  else demand(renderValue(evaluated.value).length <= 65_536, 'a result of 64 KiB');
  return evaluated.type;
}

/** No value leaves the place of its placeholder. */
function checkTemplates(case_: Input): void {
  const { text, value } = case_;
  const values = toValues(case_);
  const scope = createTestScope();
  const around = text.replaceAll('$', '');
  const json = JSON.stringify({ before: around, list: [`<\${{ parameters.nasty }}>`], after: around });
  for (const odd of [`a \${{${text}}} b`, `{"a": "\${{${text}}}"}`, text]) {
    const { template, mistakes, warnings } = compileTemplate(odd, scope);
    checkMistakes([...mistakes, ...warnings], odd);
    const rendered = template && renderTemplate(template, values);
    if (rendered?.type === 'Text' && template?.isJson) JSON.parse(rendered.text);
  }
  const { template } = compileTemplate(json, scope);
  const rendered = template && renderTemplate(template, values);
  demand(template?.isJson === true && rendered !== undefined, 'a template');
  const wanted = JSON.stringify({ before: around, list: [`<${value}>`], after: around });
  const isInPlace = rendered?.type === 'Text' && JSON.stringify(JSON.parse(rendered.text)) === wanted;
  demand(isInPlace || value.length > 65_536, 'the value in its place');
}

function checkMistakes(mistakes: readonly Mistake[], text: string): void {
  for (const { span, message } of mistakes) {
    demand(isWithin(span, text), `a place in the text, not ${JSON.stringify(span)}`);
    demand(isLine(message), `a line, not ${message}`);
  }
}

function isWithin({ offset, length }: Mistake['span'], text: string): boolean {
  return offset >= 0 && length >= 0 && offset + length <= text.length;
}

function isLine(message: string): boolean {
  return message !== '' && message.length <= 700 && !/[\p{C}\p{Zl}\p{Zp}]/u.test(message);
}

function demand(isSo: boolean, wanted: string): void {
  if (!isSo) throw new Error(`expected ${wanted}`);
}

/** `node test/fuzz/expressions.ts [--runs N] [--seed S]`: ends with 1 at the first wrong answer. */
function main(): void {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '100000' },
      seed: { type: 'string', default: `${Date.now() % 2 ** 31}` },
    },
  });
  console.log(`fuzz: ${values.runs} expressions, --seed ${values.seed}`);
  const { counts, slowestMs, slowest } = fuzzExpressions(Number(values.runs), Number(values.seed));
  console.log(`${JSON.stringify(counts)}; the slowest took ${slowestMs.toFixed(1)} ms: ${slowest}`);
}

if (import.meta.main) main();
