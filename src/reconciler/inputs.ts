import { compileExpression, type Evaluated, evaluate, type Scope } from '../expressions/expression.ts';
import { describeAt, type Mistake } from '../expressions/mistake.ts';
import { compileTemplate, type Rendered, renderTemplate } from '../expressions/template.ts';
import type { Values } from '../expressions/values.ts';
import { listInputTexts, replaceTexts } from '../orchestration/input-texts.ts';
import type { Ancestors, ChildKind, RunInput } from '../orchestration/kinds/kind.ts';
import type { Path } from '../orchestration/problem.ts';
import type { StepStatus } from '../orchestration/run-status.ts';
import type { Step } from '../orchestration/schema.ts';
import { createScopes } from '../orchestration/step-expressions.ts';
import { viewAncestors } from './ancestors.ts';

/** What the child of a step gets, or why there is none. */
export type BuiltSpec =
  | ReturnType<ChildKind['buildSpec']>
  /** An input is an output of a step that did not succeed. */
  | { readonly absent: string }
  /** An input cannot be evaluated. */
  | { readonly failure: string };

/** What the steps of a run read: its parameters, the run itself, and their final ancestors. */
export interface Inputs {
  /**
   * Builds the spec of the child, with the values of its placeholders. Its inputs do not change after the ancestors of
   * the step are final, so it always gives the same result.
   */
  readonly build: (step: Step, kind: ChildKind) => BuiltSpec;
  /** Evaluates the `when` of a step. Call it when the ancestors of the step are final. */
  readonly judge: (step: Step, when: string) => Evaluated;
  /** Evaluates an output of a step. `child` is the object that carried the step out; undefined if there is none. */
  readonly evaluateOutput: (step: Step, output: string, child: object | undefined) => Evaluated;
}

/** Costs nothing until one of the returned functions is called. */
export function createInputs(run: RunInput, steps: readonly Step[], statuses: readonly StepStatus[]): Inputs {
  const ancestorsOf = viewAncestors(steps, statuses);
  const scopeOf = createScopes(steps);

  function fill(step: Step, kind: ChildKind, values: Values): { step: Step } | Exclude<BuiltSpec, { spec: unknown }> {
    const texts: { path: Path; text: string }[] = [];
    for (const { path, text } of listInputTexts(step, kind)) {
      const rendered = renderText(text, scopeOf('Input'), values);
      if (rendered === undefined) continue;
      const where = path.join('.');
      if (rendered.type === 'Absent') return { absent: `${where}: ${rendered.message}` };
      if (rendered.type === 'Error') return { failure: `${where}: ${rendered.message}` };
      texts.push({ path, text: rendered.text });
    }
    return { step: replaceTexts(step, texts) };
  }

  return {
    build: (step, kind) => {
      const ancestors = ancestorsOf(step.name);
      const filled = fill(step, kind, valuesOf(run, ancestors));
      return 'step' in filled ? kind.buildSpec(filled.step, run, ancestors) : filled;
    },
    judge: (step, when) => {
      const compiled = compileExpression(when, scopeOf('Condition'), 'Boolean');
      if ('mistakes' in compiled) return describeMistake(compiled.mistakes);
      return evaluate(compiled.expression, valuesOf(run, ancestorsOf(step.name)));
    },
    evaluateOutput: (step, output, child) => {
      const compiled = compileExpression(output, scopeOf('Output'), 'String');
      if ('mistakes' in compiled) return describeMistake(compiled.mistakes);
      return evaluate(compiled.expression, { ...valuesOf(run, ancestorsOf(step.name)), child });
    },
  };
}

/** Undefined if the text has no placeholders. */
function renderText(text: string, scope: Scope, values: Values): Rendered | undefined {
  const { template, mistakes } = compileTemplate(text, scope);
  return mistakes.length > 0 ? describeMistake(mistakes) : template && renderTemplate(template, values);
}

/** An Orchestration that no gate has judged can hold any mistake. */
function describeMistake([mistake]: readonly Mistake[]): { readonly type: 'Error'; readonly message: string } {
  return { type: 'Error', message: mistake === undefined ? '' : describeAt(mistake.span, mistake.message) };
}

/** What expressions read. Only final ancestors are visible. */
export function valuesOf(run: RunInput, ancestors: Ancestors): Values {
  const { name, namespace, uid, orchestration, deliveryId = '', parameters } = run;
  return {
    parameters,
    run: { name, namespace, uid, orchestration, deliveryId },
    steps: (step) => {
      const found = ancestors(step);
      return (
        found && {
          phase: found.phase,
          reason: found.reason ?? '',
          attempt: found.attempt,
          outputs: found.outputs ?? {},
        }
      );
    },
  };
}
