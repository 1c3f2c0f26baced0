import type { Measured } from '../report.ts';
import type { Metric } from './compare.ts';
import type { Outcome } from './measure.ts';
import type { Scenario } from './scenarios.ts';

/** What `bench/engines/results.json` holds: the outcomes of all engines in all scenarios. */
export interface Results {
  readonly machine: Omit<Measured['machine'], 'go'>;
  readonly outcomes: readonly Outcome[];
}

/** Undefined if that was not measured. */
export function outcomeOf({ outcomes }: Results, engine: string, scenario: string): Outcome | undefined {
  return outcomes.find((one) => one.engine === engine && one.scenario === scenario);
}

/** A number of the tables; undefined if it was not measured, or says nothing in this scenario. */
export function figureOf(
  results: Results,
  engine: string,
  { id, course }: Scenario,
  metric: Metric,
): number | undefined {
  const outcome = outcomeOf(results, engine, id);
  return outcome === undefined || !metric.courses.includes(course.kind) ? undefined : metric.of(outcome);
}
