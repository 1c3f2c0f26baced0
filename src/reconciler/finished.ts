import type { StoredObject } from '../objects/object.ts';
import { findCondition, listConditions } from '../orchestration/conditions.ts';
import { asRecord } from '../orchestration/decode.ts';
import { isRunFinal } from '../orchestration/run-status.ts';
import { ConditionType } from '../orchestration/vocabulary/conditions.ts';
import { readLifetime } from './lifetime.ts';
import type { Cluster } from './ports.ts';

/** A look at a run that 0.2 ended reads its snapshot: one in so many milliseconds, or live runs would wait for them all. */
const UNMARKED_APART_MS = 200;

export interface FinishedRuns {
  /**
   * For a run that is over and has nothing due now: when to look at it, in milliseconds from now; `Infinity` for never.
   * Undefined where a look is needed. Nothing is read but the copy.
   */
  readonly restMs: (key: string) => number | undefined;
}

/** Tells finished runs, which need no look, from others. */
export function createFinishedRuns(cluster: Cluster, now: () => number): FinishedRuns {
  /** When runs that do not say how long they are kept are looked at. */
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

  /** Of a run that is ours alone. */
  function untilDue({ metadata, ...run }: StoredObject): number | undefined {
    if (metadata.deletionTimestamp !== undefined || cluster.listUnsettledChildren(metadata.uid).length > 0)
      return undefined;
    const seconds = readLifetime(run['status']);
    if (seconds === undefined) return waitForTurn(metadata.uid);
    if (seconds === Infinity) return Infinity;
    // A parent may have to record the end first.
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
      // A run of ours that another controller ended still says that it progresses.
      if (isForeign) return isOurs && isProgressing(run['status']) ? undefined : Infinity;
      return untilDue(run);
    },
  };
}

function isProgressing(status: unknown): boolean {
  return findCondition(listConditions(status), ConditionType.Progressing)?.['status'] === 'True';
}
