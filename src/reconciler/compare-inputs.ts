import { displayName } from '../dag/display.ts';
import { compileExpression } from '../expressions/expression.ts';
import { isRecord } from '../orchestration/decode.ts';
import { isEqual } from '../orchestration/equality.ts';
import type { ChildKind, RunInput } from '../orchestration/kinds/kind.ts';
import type { StepKinds } from '../orchestration/kinds/step-kinds.ts';
import type { StepStatus } from '../orchestration/run-status.ts';
import type { Step } from '../orchestration/schema.ts';
import { createScopes } from '../orchestration/step-expressions.ts';
import { createInputs } from './inputs.ts';

/** One of the two runs: its steps and its parameters. */
interface Side {
  readonly steps: readonly Step[];
  readonly parameters: RunInput['parameters'];
}

/**
 * Returns a function that compares the inputs of a step in a finished run with those that it would have in another run:
 * its condition, the spec of its child, and the parameters that its outputs read. It returns the first difference, as
 * words, or undefined if there is none. Both runs must have the same statuses of the step's ancestors. The identity of
 * a run (name, uid, delivery, creation) is not an input, so `run` represents both runs.
 */
export function createInputComparison(
  run: RunInput,
  statuses: readonly StepStatus[],
  [was, is]: readonly [Side, Side],
  kinds: StepKinds,
): (before: Step, after: Step) => string | undefined {
  const [wasInputs, isInputs] = [was, is].map(({ steps, parameters }) =>
    createInputs({ ...run, parameters }, steps, statuses),
  ) as [ReturnType<typeof createInputs>, ReturnType<typeof createInputs>];
  const scopeOf = createScopes(is.steps);

  function compareSpec(before: Step, after: Step, kind: ChildKind): string | undefined {
    const [built, wanted] = [wasInputs.build(before, kind), isInputs.build(after, kind)];
    if (isEqual(built, wanted)) return undefined;
    if (!('spec' in built && 'spec' in wanted)) return 'its inputs changed';
    const [field = '', ...rest] = findDifference(built.spec, wanted.spec);
    const isOwn = field === 'parameters' && Object.hasOwn(after.with ?? {}, rest[0] ?? '');
    return `its input ${displayName([isOwn ? 'with' : field, ...rest].join('.'))} changed`;
  }

  function compareOutputs({ outputs = {} }: Step): string | undefined {
    for (const [name, text] of Object.entries(outputs)) {
      const compiled = compileExpression(text, scopeOf('Output'), 'String');
      const readings = 'expression' in compiled ? compiled.expression.readings : [];
      const read = readings.flatMap((reading) => (reading.type === 'Parameter' ? [reading.name] : []));
      const changed = read.find((parameter) => was.parameters[parameter] !== is.parameters[parameter]);
      if (changed !== undefined)
        return `its output ${displayName(name)} reads parameter ${displayName(changed)}, which changed`;
    }
    return undefined;
  }

  return (before, after) => {
    const { when } = after;
    if (when !== undefined && !isEqual(wasInputs.judge(before, when), isInputs.judge(after, when)))
      return 'its when has a different result';
    const kind = kinds.get(after.kind);
    return (kind?.type === 'Child' ? compareSpec(before, after, kind) : undefined) ?? compareOutputs(after);
  };
}

/** The path to the first difference between two values that differ. */
function findDifference(one: unknown, other: unknown): readonly string[] {
  if (!isRecord(one) || !isRecord(other)) return [];
  const key = [...Object.keys(one), ...Object.keys(other)].find((name) => !isEqual(one[name], other[name]));
  return key === undefined ? [] : [key, ...findDifference(one[key], other[key])];
}
