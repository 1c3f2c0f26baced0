import { bounds } from './bounds.ts';
import { Failure } from './failure.ts';

/**
 * Writes a value as text: a string as it is, numbers and booleans in canonical form, lists and maps as JSON with sorted
 * keys. Integers keep all their digits. Throws a Failure for null, for a number that JSON cannot hold, and for a text
 * of more than 64 KiB.
 */
export function renderValue(value: unknown): string {
  if (value === null) throw new Failure('the result is null');
  const text = typeof value === 'string' ? value : toJson(value);
  if (countBytes(text) > bounds.value) throw new Failure(`the result is larger than ${bounds.value / 1024} KiB`);
  return text;
}

function toJson(value: unknown): string {
  if (typeof value === 'bigint') return `${value}`;
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Failure('the result is not a finite number');
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(toJson).join(',')}]`;
  const entries: [string, unknown][] = value instanceof Map ? [...value] : Object.entries(value);
  const sorted = entries.toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `{${sorted.map(([key, inside]) => `${JSON.stringify(key)}:${toJson(inside)}`).join(',')}}`;
}

/** Counts the bytes of a text in UTF-8. */
export function countBytes(text: string): number {
  return Buffer.byteLength(text);
}
