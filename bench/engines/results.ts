import type { Measured } from '../report.ts';
import type { Metric } from './compare.ts';
import type { Outcome } from './measure.ts';
import type { Scenario } from './scenarios.ts';

/** What `bench/engines/results.json` holds: the outcomes of all engines in all scenarios. */
export interface Results {
  readonly machine: Omit<Measured['machine'], 'go'>;
  readonly outcomes: readonly Outcome[];
}

/** Returns undefined if the engine was not measured in this scenario. */
export function outcomeOf({ outcomes }: Results, engine: string, scenario: string): Outcome | undefined {
  return outcomes.find((one) => one.engine === engine && one.scenario === scenario);
}

/** Returns a number of the tables. Undefined if it was not measured, or is not meaningful in this scenario. */
export function figureOf(
  results: Results,
  engine: string,
  { id, course }: Scenario,
  metric: Metric,
): number | undefined {
  const outcome = outcomeOf(results, engine, id);
  return outcome === undefined || !metric.courses.includes(course.kind) ? undefined : metric.of(outcome);
}
