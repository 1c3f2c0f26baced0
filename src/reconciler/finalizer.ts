import type { KubeObject } from '../objects/object.ts';
import { GROUP } from '../orchestration/schema.ts';

/**
 * The finalizer of ours on children that others delete once they have finished: such a child stays until its end is recorded.
 * Whoever deletes one finds it terminating for as long as that takes.
 */
export const OUTCOME_FINALIZER = `${GROUP}/outcome`;

/** Whether we hold it. */
export function isHeld({ metadata }: KubeObject): boolean {
  return metadata.finalizers?.includes(OUTCOME_FINALIZER) === true;
}

/** Whether it is gone but for us: it is being deleted, and everybody else has let it go. */
export function isLeftToUs({ metadata }: KubeObject): boolean {
  const { deletionTimestamp, finalizers = [] } = metadata;
  return deletionTimestamp !== undefined && finalizers.every((finalizer) => finalizer === OUTCOME_FINALIZER);
}

/** Its finalizers, with ours or without; those of others stay as they are, in their order. */
export function finalizersOf({ metadata }: KubeObject, hold: 'Held' | 'Released'): readonly string[] {
  const others = (metadata.finalizers ?? []).filter((finalizer) => finalizer !== OUTCOME_FINALIZER);
  return hold === 'Held' ? [...others, OUTCOME_FINALIZER] : others;
}
