import { controllerOf, type OwnerReference, type StoredObject } from '../objects/object.ts';
import { API_VERSION } from '../orchestration/schema.ts';
import { isHeld } from './finalizer.ts';
import type { GateKind } from './kinds/kind.ts';
import { stepKinds } from './kinds/table.ts';
import { historyOf, isUnsettled } from './lifetime.ts';

const gates: readonly GateKind[] = [...stepKinds.values()].filter((kind) => kind.type === 'Gate');

const childKinds: ReadonlySet<string> = new Set(
  [...stepKinds.values()].flatMap((kind) => (kind.type === 'Child' ? [kind.kind] : [])),
);

/** The topic of what a run reads and does not own: an Orchestration by its name, and what a gate waits for. */
export function topicOf(kind: string, namespace: string, text: string): string {
  return `${kind} ${namespace}/${text}`;
}

/** The topic of another run that a run reads, such as the one that owns it, by its key. */
export function topicOfRun(key: string): string {
  return `OrchestrationRun ${key}`;
}

/** The topics that an object is about: whoever asked for one of them hears of the object. */
export function topicsOf(object: StoredObject): readonly string[] {
  const history = historyOf(object);
  return [
    ...topicsOfOffers(object),
    ...topicsOfChildren(object),
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
export function keyOfRun(child: StoredObject): string {
  const { namespace, name } = child.metadata;
  return `${namespace}/${ownerRunOf(child)?.name ?? name}`;
}

export function ownerRunOf(object: StoredObject): OwnerReference | undefined {
  return controllerOf(object, 'OrchestrationRun');
}

function topicsOfChildren(object: StoredObject): readonly string[] {
  if (!childKinds.has(object.kind)) return [];
  const owner = ownerRunOf(object);
  return [
    ...(owner !== undefined && isUnsettled(object) ? [unsettledTopic(owner.uid)] : []),
    ...(isHeld(object) ? [heldTopic(keyOfRun(object))] : []),
  ];
}

function topicsOfOffers(object: StoredObject): readonly string[] {
  const { apiVersion, kind, metadata } = object;
  if (apiVersion === API_VERSION && kind === 'Orchestration') return [topicOf(kind, metadata.namespace, metadata.name)];
  return gates
    .filter((gate) => gate.kind === kind && gate.apiVersion === apiVersion)
    .flatMap((gate) => gate.offers(object).map((text) => topicOf(kind, metadata.namespace, text)));
}
