import type { KubeObject, StoredObject } from '../objects/object.ts';

/** Another manager of fields that writes the status of objects of these kinds: of those, when it last did is kept too. */
export interface RivalWriter {
  readonly fieldManager: string;
  readonly kinds: readonly string[];
}

/** Which controllers have written the status, kept where the store drops the rest of `managedFields`. */
const STATUS_WRITERS = 'statusWriters';
/** When the rival last wrote the status, if it has: milliseconds since 1970, on the API server's clock. */
const RIVAL_WROTE = 'rivalWroteMs';

/** managedFields are two thirds of an object; of them only this is decided on. */
export function keepStatusWriters(
  object: StoredObject,
  keep: (object: StoredObject) => KubeObject,
  rival: RivalWriter | undefined,
): KubeObject {
  const { managedFields, ...metadata } = object.metadata;
  const entries = Array.isArray(managedFields) ? (managedFields as readonly Record<string, unknown>[]) : [];
  const ofStatus = entries.filter(({ subresource }) => subresource === 'status');
  const writers = new Set(ofStatus.map(({ manager }) => String(manager)));
  const times = rival?.kinds.includes(object.kind)
    ? ofStatus.filter(({ manager }) => manager === rival.fieldManager).map(({ time }) => Date.parse(String(time)))
    : [];
  return {
    ...keep({ ...object, metadata }),
    [STATUS_WRITERS]: [...writers],
    ...(times.length > 0 && { [RIVAL_WROTE]: Math.max(...times) }),
  };
}

/** Which other controllers have written the status of an object that is kept, and whether `fieldManager` has. */
export function statusWriters(object: object, fieldManager: string) {
  const writers = ((object as Record<string, unknown>)[STATUS_WRITERS] ?? []) as readonly string[];
  const others = writers.filter((writer) => writer !== fieldManager);
  return { isOurs: writers.includes(fieldManager), isForeign: others.length > 0, others };
}

/** When the rival last wrote the status, to the second; undefined where it has not, or owns nothing of it any more. */
export function rivalWroteMs(object: object): number | undefined {
  return (object as Record<string, unknown>)[RIVAL_WROTE] as number | undefined;
}
