import type { StoredObject } from '../objects/object.ts';
import { asRecord } from '../orchestration/decode.ts';
import { isRunFinal } from '../orchestration/run-status.ts';
import { awaitsPlace } from './places.ts';

/**
 * The state of a run that has not ended. A Pending run has not started, and a Queued run waits for a place in its
 * group.
 */
export type LiveState = 'Pending' | 'Queued' | 'Running';

/** Counts the runs that have not ended. Linear in the number of runs. */
export function countLiveRuns(runs: Iterable<StoredObject>): Readonly<Record<LiveState, number>> {
  const counts = { Pending: 0, Queued: 0, Running: 0 };
  for (const { status } of runs) {
    const record = asRecord(status);
    if (isRunFinal(record)) continue;
    counts[awaitsPlace(status) ? 'Queued' : record['phase'] === 'Running' ? 'Running' : 'Pending']++;
  }
  return counts;
}
