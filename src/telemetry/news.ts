import { type CloudEvent, CloudEventType, eventsOf } from './cloud-event.ts';
import type { ReportedRun } from './reported-run.ts';

/** Starts and ends that are older than this are not reported: an earlier engine has done that. */
export const REPORT_WITHIN_MS = 60 * 60_000;

/** How many runs are remembered. A run that is forgotten may be reported twice. */
const MOST_RUNS = 50_000;

/** What was reported about each run. */
export interface News {
  /**
   * Returns the events of a run that were not reported yet, in order. It compares the state of the run with what was
   * reported, so it does not matter how often it is called, or which states it does not see. A new engine reports again
   * everything that is not older than an hour, and all waits that still last.
   */
  readonly take: (run: ReportedRun) => readonly CloudEvent[];
  /** Whether the end of the run with this uid was reported. */
  readonly isOver: (uid: string) => boolean;
}

export function createNews(now: () => number, mostRuns = MOST_RUNS): News {
  /** The ids of the events of each run, by uid. The run that was reported longest ago comes first. */
  const reported = new Map<string, { readonly ids: Set<string>; readonly isOver: boolean }>();

  const isRecent = ({ type, time }: CloudEvent) =>
    type === CloudEventType.Waiting || Date.parse(time) >= now() - REPORT_WITHIN_MS;

  return {
    take(run) {
      const { uid } = run;
      const { ids, isOver } = reported.get(uid) ?? { ids: new Set<string>(), isOver: false };
      const events = eventsOf(run).filter((event) => !ids.has(event.id) && isRecent(event));
      if (events.length === 0) return events;
      for (const { id } of events) ids.add(id);
      reported.delete(uid);
      reported.set(uid, { ids, isOver: isOver || events.some(({ type }) => type === CloudEventType.Ended) });
      const [oldest] = reported.keys();
      if (reported.size > mostRuns && oldest !== undefined) reported.delete(oldest);
      return events;
    },
    isOver: (uid) => reported.get(uid)?.isOver === true,
  };
}
