import type { Reading } from '../expressions/expression.ts';
import { displaySource } from '../expressions/values.ts';
import { indexSteps } from '../orchestration/data-edges.ts';
import type { Orchestration } from '../orchestration/decode.ts';
import { replaceTexts } from '../orchestration/input-texts.ts';
import type { StepKinds } from '../orchestration/kinds/step-kinds.ts';
import type { StepStatus } from '../orchestration/run-status.ts';
import { compileExpressions, type StepExpression } from '../orchestration/step-expressions.ts';
import { createInputs } from './inputs.ts';
import { isKnown } from './preview.ts';

/**
 * A condition or an input that reads a value that only a run knows. Such a condition counts as true, and such an input
 * as valid.
 */
export interface Assumption {
  readonly step: string;
  /** `when` or `with.image`. */
  readonly field: string;
  /** What it reads: `steps.build.outputs.image`. */
  readonly reads: readonly string[];
}

/**
 * Creates the inputs of a simulation. The outputs of steps, the name of the run and parameters without a value are
 * unknown. `conditions` decides the `when` of steps by name, whatever they read.
 */
export function createUnknowns(
  orchestration: Orchestration,
  kinds: StepKinds,
  conditions: ReadonlyMap<string, boolean>,
): { readonly inputsOf: typeof createInputs; readonly listAssumptions: () => readonly Assumption[] } {
  const indexes = indexSteps(orchestration);
  const expressionsOf = Map.groupBy(compileExpressions(orchestration, kinds), ({ step }) => step);
  const assumptions = new Map<string, Assumption>();

  function assume(step: string, expressions: readonly StepExpression[], isOpen: (reading: Reading) => boolean): void {
    for (const { path, readings } of expressions) {
      const field = path.join('.');
      const reads = [...new Set(readings.filter(isOpen).map(displaySource))];
      assumptions.set(`${step} ${field}`, { step, field, reads });
    }
  }

  function inputsOf(...[run, steps, statuses]: Parameters<typeof createInputs>): ReturnType<typeof createInputs> {
    const real = createInputs(run, steps, statuses);
    const stepOf = (name: string): StepStatus | undefined => statuses[indexes.get(name) ?? -1];
    const isOpen = (reading: Reading): boolean => {
      if (reading.type === 'Step') return false;
      return reading.type === 'Output' ? stepOf(reading.step)?.phase === 'Succeeded' : !isKnown(reading, run);
    };
    const isLost = (reading: Reading): boolean => reading.type === 'Output' && !reading.isTested && !isOpen(reading);
    const listOpen = (step: string, isWhen: boolean) =>
      (expressionsOf.get(indexes.get(step) ?? -1) ?? []).filter(
        ({ path, readings }) => (path[0] === 'when') === isWhen && readings.some(isOpen),
      );
    return {
      ...real,
      judge: (step, when) => {
        const given = conditions.get(step.name);
        if (given !== undefined) return { type: 'Value', value: given };
        const open = listOpen(step.name, true);
        const judged = real.judge(step, when);
        // If the result depends on an unknown value, the evaluation is an error, except where that value is made up.
        const isUnsure = open.some(({ readings }) =>
          readings.some((reading) => isOpen(reading) && hasMadeUpValue(reading)),
        );
        if (open.length === 0 || (judged.type !== 'Error' && !isUnsure)) return judged;
        assume(step.name, open, isOpen);
        return { type: 'Value', value: true };
      },
      build: (step, kind) => {
        const open = listOpen(step.name, false);
        if (open.length === 0) return real.build(step, kind);
        const lost = open.find(({ readings }) => readings.some(isLost));
        if (lost !== undefined)
          return { absent: `${lost.path.join('.')}: it reads an output of a step that did not succeed` };
        assume(step.name, open, isOpen);
        const known = replaceTexts(
          step,
          open.map(({ path }) => ({ path, text: '' })),
        );
        return real.build(known, { ...kind, buildSpec: () => ({ spec: {} }) });
      },
    };
  }

  return { inputsOf, listAssumptions: () => [...assumptions.values()] };
}

/** Whether an evaluation gives a value although the value is unknown: `has()` is false, and a run has some name. */
function hasMadeUpValue(reading: Reading): boolean {
  return reading.type === 'Run' || (reading.type === 'Output' && reading.isTested);
}
