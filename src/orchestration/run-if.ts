import type { Step } from './schema.ts';

/**
 * When a step runs, depending on how the steps before it ended. `Succeeded`: each of its dependencies is satisfied.
 * `Failed`: at least one is not. `Always`: in any case, and also after a cancel or the deadline of the run, as its
 * cleanup.
 */
export const runIfs = ['Succeeded', 'Failed', 'Always'] as const;

export type RunIf = (typeof runIfs)[number];

/** Reads `runIf` of a step. An absent or unknown value counts as Succeeded. */
export function runIfOf({ runIf }: { readonly runIf?: Step['runIf'] | undefined }): RunIf {
  return runIfs.find((value) => value === runIf) ?? 'Succeeded';
}

/**
 * Describes when a step runs: `runIf Failed, when run.name == "x"`. Empty if the step has the default `runIf` and no
 * `when`.
 */
export function describeCondition(step: Pick<Step, 'runIf' | 'when'>): string {
  const runIf = runIfOf(step);
  return [runIf === 'Succeeded' ? [] : [`runIf ${runIf}`], step.when === undefined ? [] : [`when ${step.when}`]]
    .flat()
    .join(', ');
}
