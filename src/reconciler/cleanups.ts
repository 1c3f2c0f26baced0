import { buildGraph } from '../dag/graph.ts';
import { findWaiting } from '../dag/paths.ts';
import type { Orchestration } from '../orchestration/decode.ts';
import { type RunIf, runIfOf } from '../orchestration/run-if.ts';
import type { Decision, Source } from './inherit.ts';

/**
 * A step that ran in the source because of its `runIf`, and the inherited steps before it. The step may have undone
 * their work.
 */
export interface Cleanup {
  readonly step: string;
  readonly runIf: RunIf;
  readonly after: readonly string[];
}

/** Finds the steps of the source that may have undone what a rerun inherits, in declaration order. */
export function findCleanups({ run, orchestration }: Source, decisions: readonly Decision[]): readonly Cleanup[] {
  const { steps }: Pick<Orchestration, 'steps'> = orchestration ?? { steps: [] };
  const { dependencies } = buildGraph(steps);
  const inherited = new Set(decisions.flatMap(({ type, step }) => (type === 'Inherited' ? [step] : [])));
  const ended = new Set(
    run.status.stepStatuses.flatMap(({ name, phase }) => (phase === 'Skipped' || phase === 'Pending' ? [] : [name])),
  );
  return steps.flatMap((step, index): Cleanup[] => {
    const runIf = runIfOf(step);
    if (runIf === 'Succeeded' || !ended.has(step.name)) return [];
    const ancestors = findWaiting(dependencies, index).flatMap((target) => steps[target]?.name ?? []);
    const after = ancestors.filter((name) => inherited.has(name));
    return after.length === 0 ? [] : [{ step: step.name, runIf, after }];
  });
}
