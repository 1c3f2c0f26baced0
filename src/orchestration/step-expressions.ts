import { compileExpression, createScope, type Reading, type Scope, type Wanted } from '../expressions/expression.ts';
import type { Mistake } from '../expressions/mistake.ts';
import { compileTemplate } from '../expressions/template.ts';
import type { Orchestration } from './decode.ts';
import { listInputTexts } from './input-texts.ts';
import type { StepKinds } from './kinds/step-kinds.ts';
import type { Path } from './problem.ts';

/** An expression of a step, or a text with placeholders: what it reads, and what is wrong with it. */
export interface StepExpression {
  /** The index of the step. */
  readonly step: number;
  /** The place in the step. */
  readonly path: Path;
  /** Empty if there are mistakes. */
  readonly readings: readonly Reading[];
  readonly mistakes: readonly Mistake[];
  /** Placeholders that stay text. */
  readonly warnings: readonly Mistake[];
}

const READS = ['parameters', 'run', 'steps'] as const;

/**
 * Compiles `when`, the outputs and the inputs of every step, in step order. Cost: linear in the texts, which the
 * expressions bound.
 */
export function* compileExpressions({ steps }: Orchestration, kinds: StepKinds): Generator<StepExpression> {
  const names = steps.map(({ name }) => name);
  let inputScope: Scope | undefined;
  let outputScope: Scope | undefined;
  const inputs = () => (inputScope ??= createScope({ variables: READS, steps: names }));
  const outputs = () => (outputScope ??= createScope({ variables: [...READS, 'child'], steps: names }));
  for (const [step, declared] of steps.entries()) {
    if (declared.when !== undefined) yield { step, path: ['when'], ...compile(declared.when, inputs(), 'Boolean') };
    for (const [name, text] of Object.entries(declared.outputs ?? {}))
      yield { step, path: ['outputs', name], ...compile(text, outputs(), 'String') };
    for (const { path, text, isJson } of listInputTexts(declared, kinds.get(declared.kind)))
      if (text.includes('{{') || text.includes('\\u')) yield { step, path, ...compileInput(text, isJson, inputs()) };
  }
}

type Compiled = Omit<StepExpression, 'step' | 'path'>;

function compile(text: string, scope: Scope, wanted: Wanted): Compiled {
  const compiled = compileExpression(text, scope, wanted);
  return 'mistakes' in compiled
    ? { ...compiled, readings: [], warnings: [] }
    : { readings: compiled.expression.readings, mistakes: [], warnings: [] };
}

const NOT_JSON = 'a field with placeholders must be JSON before they are replaced: put each placeholder into a string';

function compileInput(text: string, isJson: boolean, scope: Scope): Compiled {
  const { template, mistakes, warnings } = compileTemplate(text, scope);
  if (isJson && template?.isJson === false) {
    const span = { offset: 0, length: text.length };
    return { readings: [], mistakes: [{ span, message: NOT_JSON }], warnings: [] };
  }
  return { readings: template?.readings ?? [], mistakes, warnings };
}
