import { buildGraph, dependentsOf } from '../dag/graph.ts';
import { findLevels } from '../dag/levels.ts';
import { findHeaviestPath, findWaiting } from '../dag/paths.ts';
import { type Concurrency, readConcurrency } from '../orchestration/concurrency.ts';
import type { Orchestration } from '../orchestration/decode.ts';
import { defaultRetries, maxParallel, readDuration, totalSeconds } from '../orchestration/durations.ts';
import { stepKinds } from '../orchestration/kinds/table.ts';
import { type RunIf, runIfOf } from '../orchestration/run-if.ts';
import type { Step } from '../orchestration/schema.ts';

/** What happens to the other steps when a step fails and has no attempts left. */
interface Failure {
  readonly step: string;
  /** `continueOnFailure`: its dependents go on. */
  readonly isTolerated: boolean;
  readonly skips: readonly string[];
  /** Steps with `runIf: Failed`, which start then. */
  readonly starts: readonly string[];
}

/** What a run of an Orchestration will do. Steps are given by name, in declaration order unless said otherwise. */
export interface Plan {
  readonly namespace: string;
  readonly name: string;
  /** Whether the edges come from the sequential default and not from the author. */
  readonly isSequential: boolean;
  /** The steps that can run together, wave by wave. The first wave is the roots. */
  readonly waves: readonly (readonly string[])[];
  /** What happens to the other steps when a step fails and has no attempts left. */
  readonly failures: readonly Failure[];
  /** The steps that run on a condition: by `runIf` other than Succeeded, or by `when`. */
  readonly conditions: readonly { readonly step: string; readonly runIf: RunIf; readonly when?: string }[];
  /** The path that can take longest, from its root to its end. */
  readonly longestPath: {
    readonly steps: readonly string[];
    /**
     * The sum of attempts and of the waits between them, with each attempt at its time-out. An attempt of a step
     * without one counts as nothing.
     */
    readonly seconds: number;
  };
  /** The steps, on any path, whose attempts have no time-out. */
  readonly unbounded: readonly string[];
  /** From `policies`. 0 means no limit, here and in `maxParallel`. */
  readonly totalSeconds: number;
  readonly maxParallel: number;
  /** From `policies`: how many runs work at the same time. Absent if there is no limit. */
  readonly concurrency?: Concurrency;
}

/**
 * Plans an Orchestration that would be accepted. Cost: linear, except for the lists of skipped steps. Those cost, for
 * each step, as much as the step reaches.
 */
export function planOrchestration(orchestration: Orchestration, kinds = stepKinds): Plan {
  const { namespace, name, steps } = orchestration;
  const graph = buildGraph(steps);
  /** Whether the step succeeds at once, without attempts that take time. */
  const isImmediate = ({ kind }: Step) => kinds.get(kind)?.type === 'Immediate';
  const dependents = dependentsOf(graph);
  const namesOf = (indexes: readonly number[]) => indexes.map((index) => steps[index]?.name ?? '');
  const weights = steps.map((step) => (isImmediate(step) ? 0 : longestSeconds(step, orchestration)));
  const longest = findHeaviestPath(graph, weights);
  const concurrency = readConcurrency(orchestration);
  return {
    namespace,
    name,
    isSequential: graph.isSequential && steps.length > 1,
    waves: findLevels(graph).levels.map(namesOf),
    failures: steps.map((_, index) => planFailure(steps, dependents, index)),
    conditions: steps.flatMap((step) => {
      const [runIf, { name: of, when }] = [runIfOf(step), step];
      return runIf === 'Succeeded' && when === undefined
        ? []
        : [{ step: of, runIf, ...(when !== undefined && { when }) }];
    }),
    longestPath: {
      steps: namesOf(longest),
      seconds: longest.reduce((sum, index) => sum + (weights[index] ?? 0), 0),
    },
    unbounded: steps
      .filter((step) => !isImmediate(step) && readDuration(step.timeoutSeconds) === 0)
      .map((step) => step.name),
    totalSeconds: totalSeconds(orchestration),
    maxParallel: maxParallel(orchestration),
    ...(concurrency && { concurrency }),
  };
}

/** What a failure of the step at `index` leads to. Linear in what the step reaches. `dependents`: see `dependentsOf`. */
export function planFailure(
  steps: readonly Step[],
  dependents: readonly (readonly number[])[],
  index: number,
): Failure {
  const { name = '', continueOnFailure } = steps[index] ?? {};
  const isTolerated = continueOnFailure === true;
  const affected = isTolerated ? [] : findWaiting(dependents, index);
  const withRunIf = (runIf: RunIf) =>
    affected.flatMap((at) => (runIfOf(steps[at] ?? {}) === runIf ? [steps[at]?.name ?? ''] : []));
  return { step: name, isTolerated, skips: withRunIf('Succeeded'), starts: withRunIf('Failed') };
}

/** Returns the time of every attempt up to its time-out, and of every wait between two attempts. */
function longestSeconds(step: Step, orchestration: Orchestration): number {
  const retries = step.retries === undefined ? defaultRetries(orchestration) : readDuration(step.retries);
  return (retries + 1) * readDuration(step.timeoutSeconds) + retries * readDuration(step.retryBackoffSeconds);
}
