// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders look like this
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import type { Wanted } from '../../src/expressions/expression.ts';
import { checkExpression, checkTemplates, type ExpressionOutcome } from './check-expression.ts';
import { demand } from './demand.ts';

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

/** What came of the inputs, and the slowest of all in milliseconds. */
export interface ExpressionReport {
  readonly counts: Record<ExpressionOutcome, number>;
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
