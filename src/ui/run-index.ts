import { isRunFinal, type RunPhase } from '../orchestration/run-status.ts';
import type { Entry, RunCounts, RunEntry } from './page/protocol.ts';

/** The success rate of an Orchestration covers at most this many runs: those that ended last. */
const MOST_ENDED = 50;

/** The runs of each Orchestration, for the numbers in its entry. */
export interface RunIndex {
  /** Adds a run, or replaces it with its new state. Entries of other kinds change nothing. */
  readonly put: (entry: Entry) => void;
  readonly remove: (entry: Entry) => void;
  /** Returns the numbers of an Orchestration's runs. Undefined if it has none. Sorts its runs after a change. */
  readonly count: (orchestration: string) => RunCounts | undefined;
}

/** Creates an empty index. The Orchestration of a run never changes, as long as the run keeps its uid. */
export function createRunIndex(): RunIndex {
  const runs = new Map<string, Map<string, RunEntry>>();
  const counted = new Map<string, RunCounts>();
  return {
    put: (entry) => {
      if (entry.kind !== 'OrchestrationRun') return;
      const siblings = runs.get(entry.orchestration) ?? new Map<string, RunEntry>();
      runs.set(entry.orchestration, siblings.set(entry.name, entry));
      counted.delete(entry.orchestration);
    },
    remove: (entry) => {
      if (entry.kind !== 'OrchestrationRun') return;
      const siblings = runs.get(entry.orchestration);
      siblings?.delete(entry.name);
      if (siblings?.size === 0) runs.delete(entry.orchestration);
      counted.delete(entry.orchestration);
    },
    count: (orchestration) => {
      const siblings = runs.get(orchestration);
      if (siblings === undefined) return undefined;
      const counts = counted.get(orchestration) ?? countRuns([...siblings.values()]);
      counted.set(orchestration, counts);
      return counts;
    },
  };
}

function countRuns(runs: readonly RunEntry[]): RunCounts {
  const ended = runs.filter(hasEnded).toSorted((left, right) => endOf(right) - endOf(left));
  const active = runs.filter((run) => !hasEnded(run) && run.isTemplate === undefined).length;
  const last = runs.reduce((newest, run) => (run.createdAt > newest.createdAt ? run : newest));
  const phases = Object.groupBy(ended.slice(0, MOST_ENDED), ({ phase = '' }) => phase);
  const [succeeded, failed, cancelled] = [phases['Succeeded'], phases['Failed'], phases['Cancelled']];
  return {
    total: runs.length,
    last: last.name,
    ...(active > 0 && { active }),
    ...(ended.length > 0 && {
      ended: {
        ...(succeeded && { succeeded: succeeded.length }),
        ...(failed && { failed: failed.length }),
        ...(cancelled && { cancelled: cancelled.length }),
      },
    }),
  };
}

function hasEnded({ phase }: RunEntry): boolean {
  return phase !== undefined && isRunFinal({ phase: phase as RunPhase });
}

function endOf({ finishedAt, createdAt }: RunEntry): number {
  return finishedAt ?? createdAt;
}
