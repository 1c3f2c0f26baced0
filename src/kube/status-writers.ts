import type { KubeObject, StoredObject } from '../objects/object.ts';

/**
 * Another field manager that writes the status of these kinds. For objects of these kinds, the copy also keeps the time
 * of its last write.
 */
export interface RivalWriter {
  readonly fieldManager: string;
  readonly kinds: readonly string[];
}

/** The field managers that have written the status. The copy keeps them although it drops `managedFields`. */
const STATUS_WRITERS = 'statusWriters';
/** When the rival last wrote the status, if ever. Milliseconds since 1970 on the API server's clock. */
const RIVAL_WROTE = 'rivalWroteMs';

/** Replaces `managedFields`, which are two thirds of an object, with the only part that decisions use. */
export function keepStatusWriters(
  object: StoredObject,
  keep: (object: StoredObject) => KubeObject,
  rival: RivalWriter | undefined,
): KubeObject {
  const { managedFields, ...metadata } = object.metadata;
  const ofStatus = entriesOfStatus(managedFields);
  const times = rival?.kinds.includes(object.kind)
    ? ofStatus.filter(({ manager }) => manager === rival.fieldManager).map(({ time }) => Date.parse(String(time)))
    : [];
  return {
    ...keep({ ...object, metadata }),
    [STATUS_WRITERS]: writersOf(ofStatus),
    ...(times.length > 0 && { [RIVAL_WROTE]: Math.max(...times) }),
  };
}

function entriesOfStatus(managedFields: unknown): readonly Record<string, unknown>[] {
  const entries = Array.isArray(managedFields) ? (managedFields as readonly Record<string, unknown>[]) : [];
  return entries.filter(({ subresource }) => subresource === 'status');
}

function writersOf(ofStatus: readonly Record<string, unknown>[]): readonly string[] {
  return [...new Set(ofStatus.map(({ manager }) => String(manager)))];
}

/**
 * The other controllers that have written the status of an object, and whether `fieldManager` has. The object is kept in
 * the copy, or was read from the API server.
 */
export function statusWriters(object: object, fieldManager: string) {
  const { [STATUS_WRITERS]: kept, metadata } = object as Record<string, unknown>;
  const live = () => writersOf(entriesOfStatus((metadata as KubeObject['metadata'] | undefined)?.['managedFields']));
  const writers = (kept as readonly string[] | undefined) ?? live();
  const others = writers.filter((writer) => writer !== fieldManager);
  return { isOurs: writers.includes(fieldManager), isForeign: others.length > 0, others };
}

/** When the rival last wrote the status, to the second. Undefined if it never did, or owns no status field any more. */
export function rivalWroteMs(object: object): number | undefined {
  return (object as Record<string, unknown>)[RIVAL_WROTE] as number | undefined;
}
