import { API_VERSION } from '../orchestration/schema.ts';
import type { GateKind } from './kinds/kind.ts';
import { stepKinds } from './kinds/table.ts';
import type { KubeObject } from './snapshot.ts';

const gates: readonly GateKind[] = [...stepKinds.values()].filter((kind) => kind.type === 'Gate');

/** The topic of what a run reads and does not own: an Orchestration by its name, and what a gate waits for. */
export function topicOf(kind: string, namespace: string, text: string): string {
  return `${kind} ${namespace}/${text}`;
}

/** The topics that an object is about: whoever asked for one of them hears of the object. */
export function topicsOf(object: KubeObject): readonly string[] {
  const { apiVersion, kind, metadata } = object;
  if (apiVersion === API_VERSION && kind === 'Orchestration') return [topicOf(kind, metadata.namespace, metadata.name)];
  return gates
    .filter((gate) => gate.kind === kind && gate.apiVersion === apiVersion)
    .flatMap((gate) => gate.offers(object).map((text) => topicOf(kind, metadata.namespace, text)));
}
