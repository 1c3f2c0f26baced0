import type { KubeObject } from '../objects/object.ts';
import { Finalizer } from '../orchestration/vocabulary/metadata.ts';

/** Whether the object has our finalizer. */
export function isHeld({ metadata }: KubeObject): boolean {
  return metadata.finalizers?.includes(Finalizer.Outcome) === true;
}

/** Whether only our finalizer keeps the object: it is being deleted, and no other finalizer is left. */
export function isHeldByUsAlone({ metadata }: KubeObject): boolean {
  const { deletionTimestamp, finalizers = [] } = metadata;
  return deletionTimestamp !== undefined && finalizers.every((finalizer) => finalizer === Finalizer.Outcome);
}

/** The finalizers of the object, with or without ours. The finalizers of others keep their order. */
export function finalizersOf({ metadata }: KubeObject, hold: 'Held' | 'Released'): readonly string[] {
  const others = (metadata.finalizers ?? []).filter((finalizer) => finalizer !== Finalizer.Outcome);
  return hold === 'Held' ? [...others, Finalizer.Outcome] : others;
}
