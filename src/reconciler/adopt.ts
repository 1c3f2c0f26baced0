import { isControlledBy, type StoredObject } from '../objects/object.ts';
import { readTraceparent, TRACEPARENT } from '../objects/trace-context.ts';
import { isRecord } from '../orchestration/decode.ts';
import { isEqual } from '../orchestration/equality.ts';
import { cutMessage } from '../orchestration/messages.ts';
import { Annotation, Label } from '../orchestration/vocabulary/metadata.ts';
import type { Cluster, NewObject } from './ports.ts';

/**
 * The object that has the name of a child. `isOurs` means that it is the child that we would create. `difference` says
 * how it differs from that child. If another object controls it, `isOurs` is false and there is no `difference`.
 */
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
 * Reads the object that has the name of a child, and compares it with the child that we would create. The comparison is
 * needed because anyone can create an object of that name with our run as its owner, and anyone can use our field
 * manager. The read goes to the API server, because the copy keeps no specs. If the two differ, one dry run returns
 * what the API server makes of our child now, with its defaults and webhooks, and that result is compared instead.
 * Returns undefined if there is no such object. An object that this run does not control is not compared.
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

/**
 * Whether the spec was changed after the creation. Even if it is as wanted now, another spec may have been executed.
 * Deletion also raises the generation by one.
 */
function isEdited({ metadata: { generation = 1, deletionTimestamp } }: StoredObject): boolean {
  return generation > (deletionTimestamp === undefined ? 1 : 2);
}

/** Returns the first field that differs. Labels and annotations that we do not write are ignored. */
function findDifference(child: StoredObject, wanted: Pick<NewObject, 'metadata'>): string | undefined {
  const [found, due] = [readWritten(child), readWritten(JSON.parse(JSON.stringify(wanted)))];
  return (
    compare(only(found.labels, due.labels), due.labels, 'metadata.labels') ??
    compare(only(found.annotations, due.annotations), due.annotations, 'metadata.annotations') ??
    compare(found.spec, due.spec, 'spec')
  );
}

/**
 * Leaves out fields that decide nothing and that another engine may have written differently: the annotation for the
 * lifetime of the child, which 0.2 did not write, its bucket, which 0.2 did not write either and which changes with the
 * label of the run, and its trace context, which a setting turns on.
 */
function readWritten({ metadata, spec }: StoredObject): Written {
  const { [Annotation.ChildTtl]: _, ...annotations } = metadata.annotations ?? {};
  const { [Label.Bucket]: __, ...labels } = metadata.labels ?? {};
  return { labels, annotations, spec: withoutTraceparent(spec) };
}

function withoutTraceparent(spec: unknown): unknown {
  if (!isRecord(spec) || !isRecord(spec['parameters'])) return spec;
  const { [TRACEPARENT]: handed, ...parameters } = spec['parameters'];
  return readTraceparent(handed) === undefined ? spec : { ...spec, parameters };
}

/** The fields of `found` that `due` has too. */
function only(found: unknown, due: unknown): unknown {
  if (!isRecord(found) || !isRecord(due)) return found;
  return Object.fromEntries(Object.entries(found).filter(([key]) => Object.hasOwn(due, key)));
}

function compare(found: unknown, due: unknown, path: string): string | undefined {
  if (!isRecord(found) || !isRecord(due))
    return isEqual(found, due) ? undefined : `${path} is ${formatValue(found)}, not ${formatValue(due)}`;
  for (const key of new Set([...Object.keys(due), ...Object.keys(found)])) {
    const difference = compare(found[key], due[key], `${path}.${key}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

/** Shortens a value, because two values and their path go into one message. */
function formatValue(value: unknown): string {
  return cutMessage(JSON.stringify(value) ?? 'absent', { longest: 60 });
}
