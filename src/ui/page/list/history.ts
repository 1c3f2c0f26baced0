import type { Entry, RunEntry } from '../protocol.ts';
import { isEnded } from './filter.ts';
import { successRate } from './rows.ts';

/** The last runs of an Orchestration. */
export interface History {
  /** The oldest first. */
  readonly bars: readonly HistoryBar[];
  /** The success rate in percent of the last runs that ended. Undefined if none has succeeded or failed. */
  readonly rate: number | undefined;
  /** How many of the last runs that ended have succeeded or failed, and how many were cancelled. */
  readonly judged: number;
  readonly cancelled: number;
  /** The median duration of the runs that succeeded, in milliseconds. */
  readonly medianMs: number | undefined;
}

export interface HistoryBar {
  readonly entry: RunEntry;
  /** The duration, until now if the run has not ended. Undefined if it has not started. */
  readonly ms: number | undefined;
  /** The fraction of the longest duration, from 0 to 1. */
  readonly height: number;
}

const MOST = 50;

/** Plans the history of an Orchestration from the runs of its namespace, which are sorted, the newest first. */
export function planHistory(sorted: readonly Entry[], orchestration: string, nowMs: number): History {
  const own = sorted.filter((entry): entry is RunEntry => isOf(entry, orchestration));
  const shown = own.slice(0, MOST).map((entry) => ({ entry, ms: durationOf(entry, nowMs) }));
  const longest = shown.reduce((most, { ms = 0 }) => Math.max(most, ms), 1);
  const ended = own.filter(isEnded).toSorted((left, right) => (right.finishedAt ?? 0) - (left.finishedAt ?? 0));
  const last = ended.slice(0, MOST);
  const count = (phase: string) => last.filter((entry) => entry.phase === phase).length;
  const [succeeded, failed] = [count('Succeeded'), count('Failed')];
  const lengths = last.filter(({ phase }) => phase === 'Succeeded').flatMap((entry) => durationOf(entry, nowMs) ?? []);
  return {
    bars: shown.map((bar) => ({ ...bar, height: (bar.ms ?? 0) / longest })).reverse(),
    rate: successRate({ succeeded, failed }),
    judged: succeeded + failed,
    cancelled: count('Cancelled'),
    medianMs: lengths.toSorted((left, right) => left - right)[Math.floor((lengths.length - 1) / 2)],
  };
}

function isOf(entry: Entry, orchestration: string): entry is RunEntry {
  return entry.kind === 'OrchestrationRun' && entry.orchestration === orchestration && entry.isTemplate !== true;
}

/** Returns how long a run took, or has taken until now. Undefined if it has not started. */
export function durationOf({ startedAt, finishedAt }: RunEntry, nowMs: number): number | undefined {
  return startedAt === undefined ? undefined : Math.max(0, (finishedAt ?? nowMs) - startedAt);
}
