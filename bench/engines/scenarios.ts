import { type BenchGraph, chain, layers } from '../graphs.ts';
import type { Script } from './stand-in.ts';

/** How long a child takes, if it ends. */
const CHILD_MS = 1_000;

/** What every engine is asked to do. */
export interface Scenario {
  readonly id: string;
  readonly title: string;
  readonly graph: BenchGraph;
  readonly runs: number;
  /** The milliseconds between two creations of runs. 0 means as fast as possible, sixteen at a time. */
  readonly apartMs: number;
  readonly script: Script;
  /** `finish`: all runs end. `rest`: they live on. `kill`: the engine is killed `times` times before all runs end. */
  readonly course: { readonly kind: 'finish' } | { readonly kind: 'rest' } | { readonly kind: 'kill'; times: number };
}

const finish = { kind: 'finish' } as const;
const script: Script = { afterMs: CHILD_MS };
const diamond: BenchGraph = {
  name: 'diamond',
  steps: [
    { name: 'start', dependsOn: [] },
    { name: 'left', dependsOn: ['start'] },
    { name: 'right', dependsOn: ['start'] },
    { name: 'join', dependsOn: ['left', 'right'] },
  ],
};
const tenByTen = layers(10, 10);

/** The scenarios, in the order in which they are played. */
export const scenarios: readonly Scenario[] = [
  {
    ...{ id: 'chain', title: 'chain of 10 steps', graph: chain(10) },
    ...{ runs: 30, apartMs: 500, script, course: finish },
  },
  {
    ...{ id: 'fan-out', title: 'fan-out of 100 steps', graph: layers(1, 100) },
    ...{ runs: 10, apartMs: 3_000, script, course: finish },
  },
  {
    ...{ id: 'diamond', title: 'diamond of which one side fails', graph: diamond },
    ...{ runs: 30, apartMs: 500, script: { ...script, failing: 'left' }, course: finish },
  },
  {
    ...{ id: 'layers', title: '10 layers of 10 steps', graph: tenByTen },
    ...{ runs: 5, apartMs: 5_000, script, course: finish },
  },
  {
    ...{ id: 'crowd', title: '500 chains of 10 steps at once', graph: chain(10) },
    ...{ runs: 500, apartMs: 0, script, course: finish },
  },
  {
    ...{ id: 'idle', title: '2,000 live runs of 10 steps, of which nothing happens', graph: chain(10) },
    ...{ runs: 2_000, apartMs: 0, script: { afterMs: undefined }, course: { kind: 'rest' } },
  },
  {
    ...{ id: 'killed', title: '10 runs of 10 layers of 10 steps, the engine killed 5 times', graph: tenByTen },
    ...{ runs: 10, apartMs: 0, script, course: { kind: 'kill', times: 5 } },
  },
];

/** Returns a small trial of a scenario, with a fiftieth of its runs, and at least two. */
export function shrink(scenario: Scenario): Scenario {
  return { ...scenario, runs: Math.max(2, Math.round(scenario.runs / 50)) };
}

/** Returns the steps of a run of this scenario that must have exactly one child each. */
export function expectedSteps({ graph: { steps }, script: { failing } }: Scenario): string[] {
  if (failing === undefined) return steps.map(({ name }) => name);
  const skipped = new Set<string>();
  for (const { name, dependsOn } of steps)
    if (dependsOn.some((step) => step === failing || skipped.has(step))) skipped.add(name);
  return steps.map(({ name }) => name).filter((name) => !skipped.has(name));
}
