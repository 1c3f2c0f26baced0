import type { Writes } from './audit.ts';
import type { Outcome } from './measure.ts';
import type { Scenario } from './scenarios.ts';

/** A row of the tables: one number of an outcome. */
export interface Metric {
  readonly title: string;
  readonly better: 'less' | 'more';
  /** The courses of scenarios for which the number is meaningful. */
  readonly courses: readonly Scenario['course']['kind'][];
  readonly of: (outcome: Outcome) => number | undefined;
  /** How the work of the engines differs. */
  readonly note?: string;
}

const all = ['finish', 'rest', 'kill'] as const;
const ending = ['finish', 'kill'] as const;

/** Counts the writes of events, including refused ones. */
function countEvents({ byKind }: Writes): number {
  return Object.entries(byKind).reduce((sum, [kind, count]) => sum + (/ events$/.test(kind) ? count : 0), 0);
}

export const metrics: readonly Metric[] = [
  {
    ...{ title: 'writes a step', better: 'less', courses: all, of: ({ writes, steps }) => writes.count / steps },
    note: 'Tekton makes a TaskRun and a pod for each step, the others one object',
  },
  {
    ...{ title: 'writes a step without events', better: 'less', courses: all },
    of: ({ writes, steps }) => (writes.count - countEvents(writes)) / steps,
  },
  {
    ...{ title: 'kB written a step', better: 'less', courses: all },
    of: ({ writes, steps }) => writes.bytes / steps / 1000,
    note: 'a pod is larger than an AgentRun',
  },
  {
    ...{ title: 'reaction, median, ms', better: 'less', courses: ['finish'], of: ({ reaction }) => reaction?.median },
    note: 'Argo Workflows waits on purpose (`DEFAULT_REQUEUE_TIME`), to take several changes together',
  },
  { title: 'reaction, p99, ms', better: 'less', courses: ['finish'], of: ({ reaction }) => reaction?.p99 },
  {
    ...{ title: 'end of the last child to end of the run, median, ms', better: 'less', courses: ['finish'] },
    of: (outcome) => outcome.ending?.median,
  },
  {
    ...{ title: 'runs a minute', better: 'more', courses: ['finish'] },
    of: ({ runs, seconds, scenario }) => (scenario === 'crowd' ? runs / (seconds / 60) : undefined),
  },
  {
    title: 'CPU ms a step',
    better: 'less',
    courses: ending,
    of: ({ cpuSeconds, steps }) => (1000 * cpuSeconds) / steps,
  },
  {
    ...{ title: 'memory, most, MiB', better: 'less', courses: ['finish'], of: ({ peakMib }) => peakMib },
    note: 'ours is two processes',
  },
  {
    ...{ title: 'memory at rest, MiB', better: 'less', courses: ['rest'], of: ({ rest }) => rest?.residentMib },
    note: 'ours is two processes; the others keep whole pods',
  },
  {
    ...{ title: 'CPU seconds a minute at rest', better: 'less', courses: ['rest'] },
    of: ({ rest }) => rest?.cpuSecondsPerMinute,
  },
  {
    ...{ title: 'start of the program to its first child, s', better: 'less', courses: ['rest', 'kill'] },
    of: ({ restartSeconds }) => restartSeconds,
    note: 'ours starts two processes of Node, one after the other',
  },
  { title: 'children made twice', better: 'less', courses: ending, of: ({ duplicates }) => duplicates },
  { title: 'steps and runs lost', better: 'less', courses: ending, of: ({ lost }) => lost },
];

/** Our number, and the best of the others. */
export interface Comparison {
  readonly metric: Metric;
  readonly scenario: string;
  readonly ours: number;
  readonly best: number;
  /** How many times worse ours is; below 1 it is better. */
  readonly ratio: number;
}

interface Sides {
  readonly metric: Metric;
  readonly scenario: string;
  readonly ours: number | undefined;
  readonly others: readonly (number | undefined)[];
}

/** Compares both sides. Returns nothing if one side was not measured. */
export function compare({ metric, scenario, ours, others }: Sides): Comparison[] {
  const known = others.filter((value) => value !== undefined);
  if (ours === undefined || known.length === 0) return [];
  const best = metric.better === 'less' ? Math.min(...known) : Math.max(...known);
  const [worse, base] = metric.better === 'less' ? [ours, best] : [best, ours];
  return [{ metric, scenario, ours, best, ratio: worse === base ? 1 : worse / base }];
}
