import { compileExpression, createScope, evaluate, type Wanted } from '../../src/expressions/expression.ts';
import type { StepValue, Values } from '../../src/expressions/values.ts';

/** Names of steps, some of which are hard to parse. */
const stepNames = ['build', 'build-web', 'skipped', 'größe', 'v1.2', 'a"b]c', 'true'];

export function createTestScope() {
  return createScope({ variables: ['parameters', 'run', 'steps', 'child'], steps: stepNames });
}

const succeeded = (outputs: Record<string, string>): StepValue => ({
  phase: 'Succeeded',
  reason: '',
  attempt: 2,
  outputs,
});

const steps = new Map<string, StepValue>([
  ['build', succeeded({ image: 'app:1', empty: '', 'with-dash': 'dashed', count: '7' })],
  ['build-web', succeeded({ image: 'web:1' })],
  ['skipped', { phase: 'Skipped', reason: 'ConditionFalse', attempt: 1, outputs: { image: 'never' } }],
  ['größe', succeeded({ image: 'unicode' })],
  ['v1.2', succeeded({ image: 'dotted' })],
  ['a"b]c', succeeded({ image: 'quoted' })],
  ['true', succeeded({ image: 'keyword' })],
]);

export const values: Values = {
  parameters: { environment: 'production', count: '3', 'a-b': 'dash', empty: '' },
  run: { name: 'release-7', namespace: 'ci', uid: '1-2', orchestration: 'release', deliveryId: '' },
  steps: (name) => steps.get(name),
  child: JSON.parse(
    '{"status":{"n":3,"ratio":1.5,"list":[{"name":"x"},{"name":"y","k-z":1}],"none":null,"big":9007199254740993},' +
      '"steps":{"build-web":{"outputs":{"digest":"sha256:0"}}},"constructor":"own"}',
  ),
};

/** The value of an expression, or the type and message of what it gives instead. */
export function evaluateText(text: string, wanted: Wanted = 'String', with_: Values = values): unknown {
  const compiled = compileExpression(text, createTestScope(), wanted);
  if ('mistakes' in compiled) throw new Error(`${text}: ${compiled.mistakes.map(({ message }) => message).join('; ')}`);
  const evaluated = evaluate(compiled.expression, with_);
  return evaluated.type === 'Value' ? evaluated.value : `${evaluated.type}: ${evaluated.message}`;
}

/** Each mistake as `what the span covers: message`. */
export function findMistakes(text: string, wanted: Wanted = 'String'): string[] {
  const compiled = compileExpression(text, createTestScope(), wanted);
  if (!('mistakes' in compiled)) return [];
  return compiled.mistakes.map(
    ({ span: { offset, length }, message }) => `${text.slice(offset, offset + length)}: ${message}`,
  );
}
