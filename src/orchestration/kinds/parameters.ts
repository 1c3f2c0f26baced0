import { isReadFromWith, type StepReader } from '../references.ts';
import type { Step } from '../schema.ts';
import type { RunInput } from './kind.ts';

/**
 * Returns the parameters of a child: those of the run, overridden by the step's `with`. A key of `with` that one of
 * `fields` reads as a field of the child is not a parameter.
 */
export function mergeParameters(
  step: Step,
  { parameters }: RunInput,
  fields: ReadonlyMap<string, StepReader>,
): Readonly<Record<string, string>> {
  const own = Object.entries(step.with ?? {}).filter(([key]) => !isReadFromWith(step, key, fields.get(key)));
  return { ...parameters, ...Object.fromEntries(own) };
}
