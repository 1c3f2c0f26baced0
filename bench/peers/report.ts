import type { Measured } from '../report.ts';
import { formatCells, formatTable, type Row, round } from '../table.ts';
import type { Effort } from '../turns.ts';
import type { Point } from './growth.ts';
import type { Judged, Verdict } from './verdicts.ts';

/** The content of `bench/peers/results.json`: one run. */
export interface Results extends Effort, Pick<Measured, 'date' | 'machine'> {
  /** The load average of the last minute when the run began: what else the machine did. */
  readonly loadBefore: number;
  readonly servers: readonly Row[];
  readonly points: readonly Point[];
  readonly verdicts: readonly Judged[];
}

/** Returns the text of `docs/reference/peers.md`. */
export function formatReport(results: Results): string {
  const { date, machine, loadBefore, rounds, milliseconds, servers, points, verdicts } = results;
  return `# Beside the peers

<!-- Written by \`make bench-peers\` from bench/peers/report.ts. -->

\`make bench-peers\` measures all of this in one run on one machine.
This run: ${date}, ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${machine.go}; the load average was ${loadBefore.toFixed(1)} when it
began, and on a machine that is busy with other things times are long and only ratios tell something.

## What they say of a graph

${formatVerdicts(verdicts)}

*owner*: the message names a step whose line is wrong; *index*: it names its place, as \`steps[2]\`; *loop*: it names every
step of every loop; *a bystander*: it names a step that is on none. Told from the words of each message alone:

${verdicts.flatMap(formatMessages).join('\n')}

## How long they take

Milliseconds, and how much longer than for half the steps where that was measured. *Not asked*: half the steps took more than
a second already.

${formatCells(timeCells(points))}

![How the time grows: ours, Tekton and Argo Workflows, for three shapes of graph](../images/peers-growth.svg)

## As servers

${formatTable(servers)}

## Method

- **Tekton** is \`dag.Build\` of github.com/tektoncd/pipeline v1.9.0 alone, its tasks and dependency map already made. Its
  webhook puts \`spec.tasks\` before the message.
- **Argo Workflows** is \`ValidateWorkflow\` of github.com/argoproj/argo-workflows/v3 v3.7.4, as its CLI and server call it. It
  does more than look at the graph: it resolves each task's template, and for each task it collects the variables of all
  tasks before it, which no option turns off. Each task here runs one template without inputs.
- **Ours** is the whole decision from the parsed object: types, rules of the resource and of the graph, and the sentences.
  What it says is the gate's answer over HTTPS.
- **Pepr** is npm's pepr 1.1.4, a framework: it brings no rules for graphs. The module here (bench/peers/pepr/module.mjs)
  asks our own rules, so that both servers decide the same and only what carries the decision differs. Its log is on, as
  it is by default, as is ours; both logs go to the null device. Pepr serves nothing without an API server, so one stands
  idle beside it.
- The agents chart is not here: its controller looks for cycles inside its own server when a run starts, and there is no
  package of that to call.
- Reviews go over 16 TLS connections; server and load have a core each. All sides take turns for ${rounds} rounds of
  ${milliseconds} ms, or for one decision of Argo and five of the others if those take longer; what takes over a second is
  measured once; a number is the median of the rounds, a ratio the median of the rounds' ratios.
- The raw numbers are in bench/peers/results.json.
`;
}

/** Returns a table with each graph in a row and each peer in a column. */
export function formatVerdicts(verdicts: readonly Judged[]): string {
  const peers = verdicts[0]?.verdicts.map(({ peer }) => peer) ?? [];
  return formatCells([
    ['graph', ...peers],
    ...verdicts.map(({ what, verdicts: of }) => [what, ...of.map(formatVerdict)]),
  ]);
}

function formatVerdict({ isRefused, names }: Verdict): string {
  if (!isRefused) return 'accepted';
  return names.length > 0 ? `refused: ${names.join(', ')}` : 'refused';
}

function formatMessages({ what, verdicts }: Judged): string[] {
  const told = verdicts.filter(({ isRefused }) => isRefused);
  if (told.length === 0) return [];
  return [`- ${what}`, ...told.map(({ peer, message }) => `  - ${peer}: \`${message}\``)];
}

function timeCells(points: readonly Point[]): string[][] {
  const peers = Object.keys(points[0]?.ms ?? {});
  const rows = points.map(({ shape, graph, steps, ms }) => {
    const half = points.find((other) => other.shape === shape && other.steps * 2 === steps);
    const cell = (peer: string) => {
      const own = ms[peer];
      if (own === undefined) return 'not asked';
      const before = half?.ms[peer];
      return before === undefined ? round(own) : `${round(own)} (×${(own / before).toFixed(1)})`;
    };
    return [graph, ...peers.map(cell)];
  });
  return [['graph', ...peers], ...rows];
}
