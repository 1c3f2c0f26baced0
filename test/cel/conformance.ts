// node test/cel/conformance.ts FOLDER: runs the conformance tests of CEL that our expressions can run. FOLDER holds the
// .textproto files of https://github.com/google/cel-spec, tests/simple/testdata.
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { compileExpression, createScope, evaluate } from '../../src/expressions/expression.ts';
import { renderValue } from '../../src/expressions/render.ts';
import { type Message, parseTextProto } from './textproto.ts';

const values = { parameters: {}, run: { name: '', namespace: '', uid: '', orchestration: '', deliveryId: '' } };

interface Case {
  readonly file: string;
  readonly name: string;
  readonly expr: string;
  /** The result as our expressions write it. Undefined if an error is expected. */
  readonly wanted: string | undefined;
}

function text(message: Message, field: string): string {
  const [value] = message.get(field) ?? [];
  return typeof value === 'string' ? value : '';
}

const inside = (message: Message, field: string): readonly Message[] =>
  (message.get(field) ?? []).filter((value): value is Message => typeof value !== 'string');

/**
 * Reads a test that needs no variables, no types of protocol buffers and no container, and whose value can be written.
 * Empty for any other test.
 */
function readCase(file: string, section: string, test: Message): Case[] {
  const needs = ['bindings', 'type_env', 'container', 'disable_macros', 'typed_result', 'unknown', 'any_unknowns'];
  if (needs.some((field) => test.has(field))) return [];
  const found = { file, name: `${section}/${text(test, 'name')}`, expr: text(test, 'expr') };
  if (test.has('eval_error') || test.has('any_eval_errors')) return [{ ...found, wanted: undefined }];
  const [value] = inside(test, 'value');
  const wanted = value === undefined ? 'true' : writeValue(value);
  return wanted === undefined ? [] : [{ ...found, wanted }];
}

/**
 * Writes a value as JSON, with integers as numbers, or as plain text if it is a string. Undefined if the value has no
 * such form.
 */
function writeValue(value: Message): string | undefined {
  return value.has('string_value') ? text(value, 'string_value') : writeJson(value);
}

function writeJson(value: Message): string | undefined {
  if (value.has('string_value')) return JSON.stringify(text(value, 'string_value'));
  for (const field of ['int64_value', 'bool_value']) if (value.has(field)) return text(value, field);
  const number = Number(text(value, 'double_value'));
  if (value.has('double_value')) return Number.isFinite(number) ? String(number) : undefined;
  const [list, map] = ['list_value', 'map_value'].map((field) => inside(value, field)[0]);
  return list ? writeList(inside(list, 'values')) : map && writeMap(inside(map, 'entries'));
}

function writeList(items: readonly Message[]): string | undefined {
  const written = items.map(writeJson);
  return written.includes(undefined) ? undefined : `[${written.join(',')}]`;
}

function writeMap(entries: readonly Message[]): string | undefined {
  const pairs = entries.map((entry) => [inside(entry, 'key')[0], inside(entry, 'value')[0]] as const);
  const written = pairs.map(([key, value]) => [key && writeJson(key), value && writeJson(value)] as const);
  if (written.some(([key, value]) => key === undefined || value === undefined || !key.startsWith('"')))
    return undefined;
  return `{${written
    .toSorted(([one = ''], [other = '']) => (one < other ? -1 : 1))
    .map((pair) => pair.join(':'))
    .join(',')}}`;
}

/**
 * Returns `passed`, or `refused` if our language does not have the expression. Otherwise returns the result, which is
 * not the wanted one.
 */
function run({ expr, wanted }: Case): string {
  const scope = createScope({ variables: ['parameters', 'run', 'steps'], steps: [] });
  const compiled = compileExpression(expr, scope, 'String');
  if ('mistakes' in compiled) return wanted === undefined ? 'passed' : 'refused';
  const result = evaluate(compiled.expression, { ...values, steps: () => undefined });
  if (result.type !== 'Value') return wanted === undefined ? 'passed' : `${result.type}: ${result.message}`;
  const written = renderValue(result.value);
  return written === wanted ? 'passed' : `${written}, not ${wanted ?? 'an error'}`;
}

const [folder = ''] = process.argv.slice(2);
const totals = { passed: 0, refused: 0, failed: 0, others: 0 };
for (const file of globSync(`${folder}/*.textproto`).sort()) {
  const sections = inside(parseTextProto(readFileSync(file, 'utf8')), 'section');
  for (const section of sections) {
    for (const test of inside(section, 'test')) {
      const [known] = readCase(basename(file, '.textproto'), text(section, 'name'), test);
      const outcome = known === undefined ? 'others' : run(known);
      const kind = outcome in totals ? (outcome as keyof typeof totals) : 'failed';
      totals[kind] += 1;
      if (kind === 'failed') console.log(`${known?.file} ${known?.name}: ${known?.expr}: ${outcome}`);
    }
  }
}
console.log(totals);
