import type { StoredObject } from '../objects/object.ts';
import { stepKinds } from '../orchestration/kinds/table.ts';
import { API_VERSION } from '../orchestration/schema.ts';
import { isHeld } from './finalizer.ts';
import { keyOfRun, ownerRunOf, topicOfRun, topicsOf } from './topics.ts';

/**
 * The keys of the runs that a changed object may affect: the object itself if it is a run, the run that owns it, and
 * the runs that asked for it or for one of its topics in their last reconcile. The cost grows only with the number of
 * these runs.
 */
export function affectedRuns(
  changed: StoredObject,
  interestedIn: (topic: string) => Iterable<string>,
  kinds = stepKinds,
): readonly string[] {
  const { kind, apiVersion, metadata } = changed;
  const { namespace, name } = metadata;
  const key = `${namespace}/${name}`;
  return [
    ...(apiVersion === API_VERSION && kind === 'OrchestrationRun' ? [key, ...interestedIn(topicOfRun(key))] : []),
    ...(ownerRunOf(changed) !== undefined || isHeld(changed) ? [keyOfRun(changed)] : []),
    ...topicsOf(changed, kinds).flatMap((topic) => [...interestedIn(topic)]),
  ];
}
