import { formatCells, round } from '../table.ts';
import { type Comparison, compare, metrics } from './compare.ts';
import type { Engine } from './engine.ts';
import { figureOf, outcomeOf, type Results } from './results.ts';
import type { Scenario } from './scenarios.ts';

/** Returns the text of `docs/reference/engines.md`. */
export function formatReport(results: Results, engines: readonly Engine[], scenarios: readonly Scenario[]): string {
  const { machine, outcomes } = results;
  const dates = outcomes.map(({ date }) => date.slice(0, 10)).sort();
  const loads = outcomes.map(({ loadBefore }) => loadBefore);
  return `# Beside other engines

<!-- Written by \`make bench-engines\` from bench/engines/report.ts. -->

\`make bench-engines\` gives the same graphs to our engine and to the controllers of Argo Workflows and Tekton, and measures
them while they run. ${dates[0] === dates.at(-1) ? dates[0] : `${dates[0]} to ${dates.at(-1)}`}, ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}. The load average was
${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)} before each scenario; on a machine that does other work, times are long.

${describeWorst(compareAll(results, engines, scenarios))}

${formatTables(results, engines, scenarios)}

![Bars for each scenario and engine](../images/engines.svg)

The axes of the picture are logarithmic.

## Method

- Each scenario has a control plane of its own: etcd and an API server, no kubelet, scheduler, controller manager or webhook.
  The same program stands in for whoever carries children out: it writes that a child runs as soon as a watch shows it, and
  that it has ended a second later, with the containers' states if it is a pod. API server, etcd, engine and this program
  share all cores.
- The work differs. ${engines
    .filter(({ id }) => !id.endsWith('-lifted'))
    .map(({ title, work }) => `${title} makes ${work}`)
    .join('; ')}.
  A pod costs the API server more than a custom resource does. On the other hand, nobody here writes what a real cluster
  writes to each pod and its controller then sees: the binding by the scheduler and, for Argo Workflows, two writes of a
  WorkflowTaskResult by the executor in the pod. That is in favour of the others.
- All engines run a stored definition (Orchestration, WorkflowTemplate, Pipeline and Task), without leader election. Ours is
  two processes, a supervisor and an engine.
- Settings:
${engines.map(({ title, settings }) => `  - ${title}: ${settings}.`).join('\n')}
- Writes are all creates, updates, patches and deletes of the engine's user in the namespace of the runs, its events and
  refused writes among them, from the audit log of the API server. Bytes are those of their bodies as JSON. Both are
  counted until nothing was written for three seconds.
- A reaction is from when the API server had answered the write that ends the last dependency of a step to when the watch of
  the stand-in shows the child of that step.
- Memory is what Linux calls resident, of all processes of the engine: the most of four samples a second, or at rest. The
  pages of the program file, which two processes share, count once.
- An engine is killed with SIGKILL, all its processes at once, and started again at once. Its first child is the first create
  that the API server receives after the start: what the killed process had sent does not count. A child made twice is a
  second child of one step; lost are steps without a child and runs that did not end as they must.
- The raw data, with writes by kind, are in bench/engines/results.json.
`;
}

/** Returns a table for each scenario that was measured. */
export function formatTables(results: Results, engines: readonly Engine[], scenarios: readonly Scenario[]): string {
  return scenarios
    .filter(({ id }) => results.outcomes.some(({ scenario }) => scenario === id))
    .map((scenario) => `## ${sentence(scenario.title)}\n\n${formatScenario(results, engines, scenario)}`)
    .join('\n\n');
}

function formatScenario(results: Results, engines: readonly Engine[], scenario: Scenario): string {
  const measured = engines.filter(({ id }) => outcomeOf(results, id, scenario.id) !== undefined);
  const rows = metrics.flatMap((metric) => {
    const own = (id: string) => figureOf(results, id, scenario, metric);
    if (measured.every(({ id }) => own(id) === undefined)) return [];
    const cells = measured.map(({ id }) => formatValue(own(id)));
    const [comparison] = compareAll(results, measured, [scenario]).filter((one) => one.metric === metric);
    return [
      [metric.title, ...cells, comparison === undefined ? '–' : formatRatio(comparison.ratio), metric.note ?? '–'],
    ];
  });
  return formatCells([['what', ...measured.map(({ title }) => title), 'ours is worse ×', 'note'], ...rows]);
}

function compareAll(results: Results, engines: readonly Engine[], scenarios: readonly Scenario[]): Comparison[] {
  return scenarios.flatMap((scenario) =>
    metrics.flatMap((metric) => {
      const [ours, ...others] = engines.map(({ id }) => figureOf(results, id, scenario, metric));
      return compare({ metric, scenario: scenario.title, ours, others });
    }),
  );
}

/** Describes the worst row. The report begins with it. */
export function describeWorst(comparisons: readonly Comparison[]): string {
  const [worst] = comparisons.toSorted((left, right) => right.ratio - left.ratio);
  if (worst === undefined) return 'Nothing can be compared.';
  const { metric, scenario, ours, best, ratio } = worst;
  const figures = `${round(ours)} here, ${round(best)} for the best of the others`;
  if (ratio <= 1) return `No row is worse for us. The closest one: ${metric.title}, ${scenario}: ${figures}.`;
  const lost = comparisons.filter((one) => one.ratio > 1).length;
  return `**The worst row for us**: ${metric.title}, ${scenario}: ${figures} (${formatRatio(ratio)} times worse). ${lost} of ${comparisons.length} rows are worse for us than for the best of the others.`;
}

function formatValue(value: number | undefined): string {
  return value === undefined ? 'none' : round(value);
}

function formatRatio(ratio: number): string {
  return Number.isFinite(ratio) ? round(ratio) : '∞';
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
