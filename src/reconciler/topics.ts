import { controllerOf, type OwnerReference, type StoredObject } from '../objects/object.ts';
import { asRecord } from '../orchestration/decode.ts';
import type { StepKinds } from '../orchestration/kinds/step-kinds.ts';
import { stepKinds } from '../orchestration/kinds/table.ts';
import { API_VERSION } from '../orchestration/schema.ts';
import { isHeld } from './finalizer.ts';
import { historyOf, isUnsettled } from './lifetime.ts';
import { awaitsPlace, groupNameOf, holdsPlace } from './places.ts';

/** The topic of an object that a run reads and does not own: an Orchestration by its name, or what a gate waits for. */
export function topicOf(kind: string, namespace: string, text: string): string {
  return `${kind} ${namespace}/${text}`;
}

/** The topic of another run that a run reads, such as its owner, by key. */
export function topicOfRun(key: string): string {
  return `OrchestrationRun ${key}`;
}

/** The topics of an object. A change of the object triggers a reconcile of every run that asked for one of them. */
export function topicsOf(object: StoredObject, kinds = stepKinds): readonly string[] {
  const history = historyOf(object);
  return [
    ...topicsOfOffers(object, kinds),
    ...topicsOfChildren(object, kinds),
    ...topicsOfQueue(object),
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

/**
 * The topic of the children that carry our finalizer and name a run of this key as their owner, even if that run is
 * gone.
 */
export function heldTopic(key: string): string {
  return `held ${key}`;
}

/** The topic of the runs that have recorded that they wait for a place in a group, or hold one. */
export function groupTopic(namespace: string, name: string): string {
  return `group ${namespace}/${name}`;
}

/** The topic of the runs of a namespace that have no status yet. */
export function untriedTopic(namespace: string): string {
  return `untried ${namespace}`;
}

/**
 * The key of the run that a child belongs to. A child that has lost its owner is found under its own name, so that our
 * finalizer can be removed from it.
 */
export function keyOfRun(child: StoredObject): string {
  const { namespace, name } = child.metadata;
  return `${namespace}/${ownerRunOf(child)?.name ?? name}`;
}

export function ownerRunOf(object: StoredObject): OwnerReference | undefined {
  return controllerOf(object, 'OrchestrationRun');
}

function topicsOfChildren(object: StoredObject, kinds: StepKinds): readonly string[] {
  if (kinds.ofObject(object.kind)?.type !== 'Child') return [];
  const owner = ownerRunOf(object);
  return [
    ...(owner !== undefined && isUnsettled(object, kinds) ? [unsettledTopic(owner.uid)] : []),
    ...(isHeld(object) ? [heldTopic(keyOfRun(object))] : []),
  ];
}

function topicsOfQueue({ apiVersion, kind, metadata: { namespace }, status }: StoredObject): readonly string[] {
  if (apiVersion !== API_VERSION || kind !== 'OrchestrationRun') return [];
  if (asRecord(status)['phase'] === undefined) return [untriedTopic(namespace)];
  const group = awaitsPlace(status) || holdsPlace(status) ? groupNameOf(status) : undefined;
  return group === undefined ? [] : [groupTopic(namespace, group)];
}

function topicsOfOffers(object: StoredObject, kinds: StepKinds): readonly string[] {
  const { apiVersion, kind, metadata } = object;
  if (apiVersion === API_VERSION && kind === 'Orchestration') return [topicOf(kind, metadata.namespace, metadata.name)];
  const gate = kinds.ofObject(kind);
  if (gate?.type !== 'Gate' || gate.apiVersion !== apiVersion) return [];
  return gate.offers(object).map((text) => topicOf(kind, metadata.namespace, text));
}
