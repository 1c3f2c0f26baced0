import type { KubeObject } from '../objects/object.ts';
import { Finalizer } from '../orchestration/vocabulary/metadata.ts';

/** Whether we hold it. */
export function isHeld({ metadata }: KubeObject): boolean {
  return metadata.finalizers?.includes(Finalizer.Outcome) === true;
}

/** Whether it is gone but for us: it is being deleted, and everybody else has let it go. */
export function isLeftToUs({ metadata }: KubeObject): boolean {
  const { deletionTimestamp, finalizers = [] } = metadata;
  return deletionTimestamp !== undefined && finalizers.every((finalizer) => finalizer === Finalizer.Outcome);
}

/** Its finalizers, with ours or without; those of others stay as they are, in their order. */
export function finalizersOf({ metadata }: KubeObject, hold: 'Held' | 'Released'): readonly string[] {
  const others = (metadata.finalizers ?? []).filter((finalizer) => finalizer !== Finalizer.Outcome);
  return hold === 'Held' ? [...others, Finalizer.Outcome] : others;
}
