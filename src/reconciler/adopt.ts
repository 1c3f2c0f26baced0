import { isControlledBy, type StoredObject } from '../objects/object.ts';
import { isRecord } from '../orchestration/decode.ts';
import { isEqual } from '../orchestration/equality.ts';
import { cutMessage } from '../orchestration/messages.ts';
import { Annotation } from '../orchestration/vocabulary/metadata.ts';
import type { Cluster, NewObject } from './ports.ts';

/** What stands under the name of a child: `isOurs` if it is like we would create it; or how it differs from that. */
export type Adoption =
  | { readonly isOurs: boolean; readonly child: StoredObject; readonly difference?: undefined }
  | { readonly isOurs: false; readonly difference: string };

/** The parts of a child that we write. */
interface Written {
  readonly labels: unknown;
  readonly annotations: unknown;
  readonly spec: unknown;
}

/**
 * Reads what stands under a child's name past the copy, which keeps no specs, and compares it with the child that we would
 * create: anybody may create an object of that name with our run as its owner, and a field manager can be written by anybody.
 * Where they differ the API server says what it would make of ours now, with its defaults and webhooks, in one dry run.
 * Undefined where there is no such object. One that is not this run's is not compared.
 */
export async function adopt(cluster: Cluster, wanted: NewObject): Promise<Adoption | undefined> {
  const { apiVersion, kind, metadata } = wanted as unknown as StoredObject;
  const child = await cluster.readObject(apiVersion, kind, metadata.namespace, metadata.name);
  if (child === undefined) return undefined;
  if (!isControlledBy(child, metadata.ownerReferences?.[0]?.uid)) return { isOurs: false, child };
  if (isEdited(child)) return { isOurs: false, difference: 'its spec was changed after it was created' };
  if (findDifference(child, wanted) === undefined) return { isOurs: true, child };
  const difference = findDifference(child, await cluster.dryRunCreate(wanted));
  return difference === undefined ? { isOurs: true, child } : { isOurs: false, difference };
}

/** Whoever edits a spec can make it what it should be after another one has run. Deletion raises the generation once too. */
function isEdited({ metadata: { generation = 1, deletionTimestamp } }: StoredObject): boolean {
  return generation > (deletionTimestamp === undefined ? 1 : 2);
}

/** The first part of a child that is not as wanted. More labels and annotations than ours are nobody's business. */
function findDifference(child: StoredObject, wanted: Pick<NewObject, 'metadata'>): string | undefined {
  const [found, due] = [readWritten(child), readWritten(JSON.parse(JSON.stringify(wanted)))];
  return (
    compare(only(found.labels, due.labels), due.labels, 'metadata.labels') ??
    compare(only(found.annotations, due.annotations), due.annotations, 'metadata.annotations') ??
    compare(found.spec, due.spec, 'spec')
  );
}

/** The annotation for its lifetime decides nothing, and 0.2 did not write it. */
function readWritten({ metadata, spec }: StoredObject): Written {
  const { [Annotation.ChildTtl]: _, ...annotations } = metadata.annotations ?? {};
  return { labels: metadata.labels ?? {}, annotations, spec };
}

/** The fields of `found` that `due` has too. */
function only(found: unknown, due: unknown): unknown {
  if (!isRecord(found) || !isRecord(due)) return found;
  return Object.fromEntries(Object.entries(found).filter(([key]) => Object.hasOwn(due, key)));
}

function compare(found: unknown, due: unknown, path: string): string | undefined {
  if (!isRecord(found) || !isRecord(due))
    return isEqual(found, due) ? undefined : `${path} is ${tell(found)}, not ${tell(due)}`;
  for (const key of new Set([...Object.keys(due), ...Object.keys(found)])) {
    const difference = compare(found[key], due[key], `${path}.${key}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

/** Short, since both values and their path go into one message. */
function tell(value: unknown): string {
  return cutMessage(JSON.stringify(value) ?? 'absent', { longest: 60 });
}
