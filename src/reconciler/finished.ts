import type { StoredObject } from '../objects/object.ts';
import { findCondition, listConditions } from '../orchestration/conditions.ts';
import { asRecord } from '../orchestration/decode.ts';
import { isRunFinal } from '../orchestration/run-status.ts';
import { ConditionType } from '../orchestration/vocabulary/conditions.ts';
import { readLifetime } from './lifetime.ts';
import { holdsPlace } from './places.ts';
import type { Cluster } from './ports.ts';

/**
 * The reconcile of a run that 0.2 ended reads its snapshot. These reconciles are this many milliseconds apart, so that
 * live runs do not wait for all of them.
 */
const UNMARKED_APART_MS = 200;

export interface FinishedRuns {
  /**
   * When to reconcile a finished run that has nothing due now, in milliseconds from now; `Infinity` means never.
   * Undefined if the run needs a reconcile now. Reads only the copy.
   */
  readonly restMs: (key: string) => number | undefined;
}

/** Separates finished runs that need no reconcile from other runs. */
export function createFinishedRuns(cluster: Cluster, now: () => number): FinishedRuns {
  /** When to reconcile the runs that do not record how long they are kept, by uid. */
  const turns = new Map<string, number>();
  let lastTurnMs = 0;

  function waitForTurn(uid: string): number | undefined {
    const turnMs = turns.get(uid) ?? Math.max(now(), lastTurnMs + UNMARKED_APART_MS);
    turns.set(uid, turnMs);
    lastTurnMs = Math.max(lastTurnMs, turnMs);
    if (turnMs > now()) return turnMs - now();
    turns.delete(uid);
    return undefined;
  }

  /** The same as `restMs`, for a finished run whose status no other controller writes. */
  function untilDue({ metadata, ...run }: StoredObject): number | undefined {
    if (metadata.deletionTimestamp !== undefined || cluster.listUnsettledChildren(metadata.uid).length > 0)
      return undefined;
    if (holdsPlace(run['status'])) return undefined;
    const seconds = readLifetime(run['status']);
    if (seconds === undefined) return waitForTurn(metadata.uid);
    if (seconds === Infinity) return Infinity;
    // The parent of the run may have to record its end first.
    const isNested = metadata.ownerReferences?.some(({ controller }) => controller === true);
    const restMs = Date.parse(String(asRecord(run['status'])['finishedAt'])) + seconds * 1000 - now();
    return isNested || !(restMs > 0) ? undefined : restMs;
  }

  return {
    restMs(key) {
      const run = cluster.getRun(key);
      if (run === undefined || !isRunFinal(asRecord(run['status']))) return undefined;
      if (cluster.listHeldChildren(key).length > 0) return undefined;
      const { isOurs, isForeign } = cluster.statusWriters(run);
      // A run of ours that another controller ended still has Progressing True.
      if (isForeign) return isOurs && isProgressing(run['status']) ? undefined : Infinity;
      return untilDue(run);
    },
  };
}

function isProgressing(status: unknown): boolean {
  return findCondition(listConditions(status), ConditionType.Progressing)?.['status'] === 'True';
}
