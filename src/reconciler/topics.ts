import type { StepKinds } from '../orchestration/kinds/step-kinds.ts';
import { stepKinds } from '../orchestration/kinds/table.ts';
import { API_VERSION } from '../orchestration/schema.ts';
import { isHeld } from './finalizer.ts';
import { historyOf } from './history.ts';
import { isUnsettled } from './lifetime.ts';
import type { KubeObject, OwnerReference } from './snapshot.ts';

/** The topic of what a run reads and does not own: an Orchestration by its name, and what a gate waits for. */
export function topicOf(kind: string, namespace: string, text: string): string {
  return `${kind} ${namespace}/${text}`;
}

/** The topic of another run that a run reads, such as the one that owns it, by its key. */
export function topicOfRun(key: string): string {
  return `OrchestrationRun ${key}`;
}

/** The topics that an object is about: whoever asked for one of them hears of the object. */
export function topicsOf(object: KubeObject, kinds = stepKinds): readonly string[] {
  const history = historyOf(object);
  return [
    ...topicsOfOffers(object, kinds),
    ...topicsOfChildren(object, kinds),
    ...(history === undefined ? [] : [historyTopic(history)]),
  ];
}

/** The topic of the finished runs of an Orchestration. */
export function historyTopic(orchestration: string): string {
  return `history ${orchestration}`;
}

/** The topic of the children of a run for which something may be due although the run is over. */
export function unsettledTopic(runUid: string): string {
  return `unsettled ${runUid}`;
}

/** The topic of the children that carry our finalizer and name a run of this key as their owner, be it gone. */
export function heldTopic(key: string): string {
  return `held ${key}`;
}

/** The key of the run that a child belongs to. One that has lost its owner is found under its own name: somebody must let it go. */
export function keyOfRun(child: KubeObject): string {
  const { namespace, name } = child.metadata;
  return `${namespace}/${ownerRunOf(child)?.name ?? name}`;
}

export function ownerRunOf({ metadata }: KubeObject): OwnerReference | undefined {
  return metadata.ownerReferences?.find(({ kind, controller }) => kind === 'OrchestrationRun' && controller === true);
}

function topicsOfChildren(object: KubeObject, kinds: StepKinds): readonly string[] {
  if (kinds.ofObject(object.kind)?.type !== 'Child') return [];
  const owner = ownerRunOf(object);
  return [
    ...(owner !== undefined && isUnsettled(object, kinds) ? [unsettledTopic(owner.uid)] : []),
    ...(isHeld(object) ? [heldTopic(keyOfRun(object))] : []),
  ];
}

function topicsOfOffers(object: KubeObject, kinds: StepKinds): readonly string[] {
  const { apiVersion, kind, metadata } = object;
  if (apiVersion === API_VERSION && kind === 'Orchestration') return [topicOf(kind, metadata.namespace, metadata.name)];
  const gate = kinds.ofObject(kind);
  if (gate?.type !== 'Gate' || gate.apiVersion !== apiVersion) return [];
  return gate.offers(object).map((text) => topicOf(kind, metadata.namespace, text));
}
