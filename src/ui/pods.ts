import type { KubeObject, StoredObject } from '../objects/object.ts';
import { asRecord } from '../orchestration/decode.ts';
import { agentRun } from '../orchestration/kinds/agent-run.ts';
import { toolRun } from '../orchestration/kinds/tool-run.ts';
import { readToolRunState } from '../orchestration/tool-run-state.ts';
import { Label } from '../orchestration/vocabulary/metadata.ts';

/** A container of a pod. `waits` says why it has not started. */
export interface Container {
  readonly pod: string;
  readonly name: string;
  readonly waits?: string;
}

/** Returns true if steps of this kind run in the pods of a Job. */
export function hasPods(stepKind: string): boolean {
  return stepKind === toolRun.name || stepKind === agentRun.name;
}

/** Returns the label selector of the pods of a child. Undefined if it has no Job yet. */
export function selectPods(child: KubeObject): string | undefined {
  const { job } = readToolRunState((child as StoredObject).metadata) ?? {};
  const uid = job?.uid ?? asRecord(asRecord(child['status'])['runtimeRef'])['uid'];
  return typeof uid === 'string' && uid !== '' ? `${Label.Job}=${uid}` : undefined;
}

/** Lists the containers of a pod, in the order of the pod. */
export function listContainers({ metadata, spec, status }: KubeObject): readonly Container[] {
  const states = listRecords(asRecord(status)['containerStatuses']);
  return listRecords(asRecord(spec)['containers']).flatMap(({ name }) => {
    if (typeof name !== 'string') return [];
    const found = states.find((state) => state['name'] === name);
    const waits = describeWait(asRecord(found?.['state']), found === undefined);
    return [{ pod: metadata.name, name, ...(waits !== undefined && { waits }) }];
  });
}

function describeWait({ waiting }: Readonly<Record<string, unknown>>, isUnknown: boolean): string | undefined {
  if (isUnknown) return 'it is not on a node yet';
  if (waiting === undefined) return undefined;
  const { reason, message } = asRecord(waiting);
  return (
    [reason, message].filter((text) => typeof text === 'string' && text !== '').join(': ') || 'it is being created'
  );
}

function listRecords(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map(asRecord) : [];
}
