import { isReadFromWith, type StepReader } from '../references.ts';
import type { Step } from '../schema.ts';
import type { RunInput } from './kind.ts';

/**
 * The parameters of a child: those of the run, overlaid with the step's `with`, but for what is read from that as a field of
 * the child, by one of these readers.
 */
export function mergeParameters(
  step: Step,
  { parameters }: RunInput,
  fields: ReadonlyMap<string, StepReader>,
): Readonly<Record<string, string>> {
  const own = Object.entries(step.with ?? {}).filter(([key]) => !isReadFromWith(step, key, fields.get(key)));
  return { ...parameters, ...Object.fromEntries(own) };
}
