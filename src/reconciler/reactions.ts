import type { StoredObject } from '../objects/object.ts';
import { asRecord } from '../orchestration/decode.ts';
import { stepKinds } from '../orchestration/kinds/table.ts';
import { hasEnded } from './attempts.ts';
import { ownerRunOf } from './topics.ts';

/**
 * If the next reconcile of a run is further off than this, the run waits for a point in time, and not for this process.
 */
const LONGEST_REACTION_MS = 5_000;

/** Measures the time from the observation of a child that ended to the creation of the next child of its run. */
export interface Reactions {
  /** Records that a change was observed. */
  see(changed: StoredObject, nowMs: number): void;
  /** Records that a child of a run was created. Returns the milliseconds since the first end that led to it. */
  create(run: string, nowMs: number): number | undefined;
  /**
   * Records that a reconcile of a run is over and when the next one comes. If that is far off, what the run observed
   * led to no child.
   */
  settle(run: string, nextReconcileMs: number): void;
}

/**
 * Whether an object is a child whose end its run has yet to record. After a start, and if much happens at once, such a
 * run is reconciled before others. `runOf` returns the owner of a child as the copy has it. Linear in the steps of the
 * run.
 */
export function isUnrecordedEnd(
  child: StoredObject,
  runOf: (child: StoredObject) => StoredObject | undefined,
  kinds = stepKinds,
): boolean {
  if (!hasEnded(child, kinds)) return false;
  const { stepStatuses } = asRecord(runOf(child)?.['status']);
  if (!Array.isArray(stepStatuses)) return false;
  const isOf = (step: unknown) => {
    const { phase, resourceRef } = asRecord(step);
    return phase === 'Running' && asRecord(resourceRef)['name'] === child.metadata.name;
  };
  return stepStatuses.some(isOf);
}

/** Starts empty. Keeps one entry for each run that has had a child end and no child created since. */
export function createReactions(kinds = stepKinds): Reactions {
  const seenAt = new Map<string, number>();
  return {
    see(changed, nowMs) {
      const owner = ownerRunOf(changed);
      if (owner === undefined || !hasEnded(changed, kinds)) return;
      const run = `${changed.metadata.namespace}/${owner.name}`;
      if (!seenAt.has(run)) seenAt.set(run, nowMs);
    },
    create(run, nowMs) {
      const since = seenAt.get(run);
      seenAt.delete(run);
      return since === undefined ? undefined : nowMs - since;
    },
    settle(run, nextReconcileMs) {
      if (nextReconcileMs > LONGEST_REACTION_MS) seenAt.delete(run);
    },
  };
}
