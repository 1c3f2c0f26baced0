import { compileExpression, createScope, type Reading, type Scope } from '../expressions/expression.ts';
import { type Mistake, mistakeAt } from '../expressions/mistake.ts';
import { compileTemplate } from '../expressions/template.ts';
import type { Orchestration } from './decode.ts';
import { listInputTexts } from './input-texts.ts';
import type { StepKind } from './kinds/kind.ts';
import type { StepKinds } from './kinds/step-kinds.ts';
import type { Path } from './problem.ts';
import type { Step } from './schema.ts';

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

/** The most outputs that a step can declare. It may record 4 KiB of them, so more would have almost no room. */
export const MOST_OUTPUTS = 100;

/**
 * Compiles `when`, the outputs and the inputs of every step, in step order. If the texts are too many or too large, it
 * stops with a mistake. The outputs of a step that declares too many are left out. Cost: linear in the texts, whose
 * size is bounded.
 */
export function* compileExpressions({ steps }: Orchestration, kinds: StepKinds): Generator<StepExpression> {
  const scopeOf = createScopes(steps);
  for (let step = 0; step < steps.length; step++) {
    const declared = steps[step] as Step;
    for (const text of listTexts(declared, kinds.get(declared.kind))) {
      const scope = scopeOf(text.use);
      if (scope.isSpent()) return;
      yield { step, path: text.path, ...compile(text, scope) };
    }
  }
}

/** Returns true if a step declares more outputs than are allowed. It stops counting there. */
export function declaresTooMany({ outputs }: Step): boolean {
  let count = 0;
  for (const _ in outputs) if (++count > MOST_OUTPUTS) return true;
  return false;
}

interface Text {
  readonly use: 'Condition' | 'Output' | 'Input';
  readonly path: Path;
  readonly text: string;
  readonly isJson: boolean;
}

/** Most steps have no such texts, so it allocates nothing for them. */
function listTexts(step: Step, kind: StepKind | undefined): readonly Text[] {
  const { when, outputs } = step;
  const inputs = listInputTexts(step, kind);
  if (when === undefined && outputs === undefined && inputs.length === 0) return NONE;
  const texts: Text[] = [];
  if (when !== undefined) texts.push({ use: 'Condition', path: ['when'], text: when, isJson: false });
  if (outputs !== undefined && !declaresTooMany(step))
    for (const [name, text] of Object.entries(outputs))
      texts.push({ use: 'Output', path: ['outputs', name], text, isJson: false });
  for (const input of inputs) texts.push({ use: 'Input', ...input });
  return texts;
}

const NONE: readonly never[] = [];

const READS = ['parameters', 'run', 'steps'] as const;

/** Returns a function that gives the scope of a text. Each scope is made when it is first needed. */
export function createScopes(steps: readonly Step[]): (use: Text['use']) => Scope {
  const scopes = new Map<boolean, Scope>();
  return (use) => {
    const readsChild = use === 'Output';
    const known = scopes.get(readsChild);
    if (known !== undefined) return known;
    const names = steps.map(({ name }) => name);
    const scope = createScope({ variables: readsChild ? [...READS, 'child'] : READS, steps: names });
    scopes.set(readsChild, scope);
    return scope;
  };
}

const NOT_JSON = 'a field with placeholders must be JSON before they are replaced: put each placeholder into a string';

function compile({ use, text, isJson }: Text, scope: Scope): Omit<StepExpression, 'step' | 'path'> {
  if (use !== 'Input') {
    const compiled = compileExpression(text, scope, use === 'Condition' ? 'Boolean' : 'String');
    return 'mistakes' in compiled
      ? { ...compiled, readings: [], warnings: [] }
      : { readings: compiled.expression.readings, mistakes: [], warnings: [] };
  }
  const { template, mistakes, warnings } = compileTemplate(text, scope);
  return isJson && template?.isJson === false
    ? { readings: [], mistakes: [mistakeAt(0, text.length, NOT_JSON)], warnings: [] }
    : { readings: template?.readings ?? [], mistakes, warnings };
}
