import { percentile } from '../turns.ts';
import type { Scenario } from './scenarios.ts';
import { expectedSteps } from './scenarios.ts';
import type { Child, EndedRun, Scene } from './stand-in.ts';

/** The results of a scene when it is over. */
export interface Findings {
  /** Children of steps after the first child of each step. */
  readonly duplicates: number;
  /** Steps that should have had a child and had none, and runs that did not end, or ended in the wrong phase. */
  readonly lost: number;
  /** From the end of the last dependency to the next child, in milliseconds, ascending. */
  readonly reactionsMs: readonly number[];
  /** From the end of the last child to the end of the run, in milliseconds, ascending. */
  readonly endingsMs: readonly number[];
}

/** Returns the results. `runs` are the names of all runs that were created. */
export function findIn(scene: Scene, scenario: Scenario, runs: readonly string[]): Findings {
  const children = [...scene.children.values()];
  const byRun = Object.groupBy(children, ({ run }) => run);
  const wanted = scenario.script.failing === undefined ? 'Succeeded' : 'Failed';
  const steps = expectedSteps(scenario);
  const found: { duplicates: number; lost: number; reactionsMs: number[]; endingsMs: number[] } = {
    ...{ duplicates: 0, lost: 0 },
    ...{ reactionsMs: [], endingsMs: [] },
  };
  for (const run of runs) {
    const own = byRun[run] ?? [];
    const names = new Set(own.map(({ step }) => step));
    const ended = scene.endedRuns.get(run);
    found.duplicates += own.length - names.size;
    found.lost += steps.filter((step) => !names.has(step)).length + (ended?.ending === wanted ? 0 : 1);
    found.reactionsMs.push(...reactionsOf(own, scenario));
    if (ended !== undefined) found.endingsMs.push(...endingOf(own, ended));
  }
  const ascending = (left: number, right: number) => left - right;
  return { ...found, reactionsMs: found.reactionsMs.sort(ascending), endingsMs: found.endingsMs.sort(ascending) };
}

/** Returns the reactions of one run. A child has none unless all its dependencies were seen to end. */
function reactionsOf(children: readonly Child[], { graph: { steps } }: Scenario): number[] {
  const endedMs = new Map(children.map(({ step, endedMs: at }) => [step, at]));
  return children.flatMap(({ step, seenMs }) => {
    const dependsOn = steps.find(({ name }) => name === step)?.dependsOn ?? [];
    const readyMs = Math.max(...dependsOn.map((dependency) => endedMs.get(dependency) ?? Number.NaN));
    return dependsOn.length > 0 && Number.isFinite(readyMs) ? [seenMs - readyMs] : [];
  });
}

function endingOf(children: readonly Child[], { seenMs }: EndedRun): number[] {
  const lastMs = Math.max(...children.map(({ endedMs = Number.NaN }) => endedMs));
  return Number.isFinite(lastMs) ? [seenMs - lastMs] : [];
}

/** The median and the p99 of some values, and their number. */
export interface Spread {
  readonly median: number;
  readonly p99: number;
  readonly count: number;
}

/** Returns undefined if there are no values. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  return { median: percentile(values, 0.5), p99: percentile(values, 0.99), count: values.length };
}
