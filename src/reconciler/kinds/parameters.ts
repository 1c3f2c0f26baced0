import type { Step } from '../../orchestration/schema.ts';
import type { ObservedRun } from '../snapshot.ts';

/** The parameters of a child: those of the run, overlaid with the step's `with`. */
export function mergeParameters(step: Step, { parameters }: ObservedRun): Readonly<Record<string, string>> {
  return { ...parameters, ...step.with };
}
