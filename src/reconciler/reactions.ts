import type { StoredObject } from '../objects/object.ts';
import { stepKinds } from '../orchestration/kinds/table.ts';
import { hasEnded } from './attempts.ts';
import { ownerRunOf } from './topics.ts';

/** A run whose next look is further off waits for a time, not for us. */
const LONGEST_REACTION_MS = 5_000;

/** Measures how long it takes from the sight of a child that ended to the creation of the next child of its run. */
export interface Reactions {
  /** A change was heard of. */
  see(changed: StoredObject, nowMs: number): void;
  /** A child of a run was created; returns the milliseconds since the first end that led to it. */
  create(run: string, nowMs: number): number | undefined;
  /** A look at a run is over and the next comes after so long, or only with news: nothing follows from what it saw. */
  settle(run: string, nextLookMs: number): void;
}

/** Has seen nothing yet. Costs an entry for each run of which a child ended and no other has begun. */
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
    settle(run, nextLookMs) {
      if (nextLookMs > LONGEST_REACTION_MS) seenAt.delete(run);
    },
  };
}
