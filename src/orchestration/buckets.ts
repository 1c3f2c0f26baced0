import { hashNumber } from '../objects/hash.ts';
import { type KubeObject, keyOf } from '../objects/object.ts';
import { Label } from './vocabulary/metadata.ts';

/**
 * The number of buckets. Runs and the objects that belong to them are divided into buckets, and replicas divide the
 * buckets among themselves. The numbers are stored in labels, so a change of this constant is a breaking change.
 */
export const BUCKETS = 64;

/** Which buckets this replica holds now. The answers change while the process runs: do not keep them. */
export interface Division {
  /** Whether this replica holds a bucket: its copy has the objects of the bucket, and it reconciles them. */
  holds(bucket: number): boolean;
  /** Whether this replica holds all buckets. If not, an object that its copy lacks may exist. */
  isWhole(): boolean;
}

/** Whether the copy of a replica follows an object: it is in a bucket that the replica holds, or has no label. */
export function follows(division: Division, { metadata }: Pick<KubeObject, 'metadata'>): boolean {
  const bucket = readBucket(metadata.labels);
  return bucket === undefined || division.holds(bucket);
}

/** The division of a replica that works alone. */
export const WHOLE: Division = { holds: () => true, isWhole: () => true };

/** Returns the bucket of an object, from 0: that of its label, or else that of its name. */
export function bucketOf({ metadata }: Pick<KubeObject, 'metadata'>): number {
  return readBucket(metadata.labels) ?? bucketOfText(keyOf(metadata));
}

/** Returns the bucket in these labels. Undefined if there is none, or if the value is not the number of a bucket. */
export function readBucket(labels: unknown): number | undefined {
  const value = (labels as Readonly<Record<string, unknown>> | null | undefined)?.[Label.Bucket];
  return typeof value === 'string' ? numbers.get(value) : undefined;
}

/** Returns the bucket of a namespaced object without a label. */
export function bucketOfName(namespace: string, name: string): number {
  return bucketOfText(`${namespace}/${name}`);
}

/** Returns the bucket of any text. The same text has the same bucket everywhere, and all buckets are equally likely. */
export function bucketOfText(text: string): number {
  return hashNumber(text) % BUCKETS;
}

/**
 * Returns the label of a bucket, or no label if there is no bucket. Every call for a bucket returns the same object, so
 * that many copies share it.
 */
export function bucketLabel(bucket: number | undefined): Readonly<Record<string, string>> {
  return (bucket === undefined ? undefined : labels[bucket]) ?? NONE;
}

const numbers: ReadonlyMap<string, number> = new Map(
  Array.from({ length: BUCKETS }, (_, bucket) => [String(bucket), bucket]),
);
const NONE = Object.freeze({});
const labels: readonly Readonly<Record<string, string>>[] = Array.from({ length: BUCKETS }, (_, bucket) =>
  Object.freeze({ [Label.Bucket]: String(bucket) }),
);
