import type { ObservedRun } from './snapshot.ts';

/** Base32 text of at least 16 characters (80 bits) that only the same input gives: two children meet by chance never. */
export type Hash = (text: string) => string;

/** Names the child of an attempt: the same for the same run uid, step and attempt, and for nothing else. */
export type NameChild = (run: Pick<ObservedRun, 'name' | 'uid'>, step: string, attempt: number) => string;

/** A name or label value has at most 63 characters (RFC 1123 label). */
const LONGEST = 63;
const HASH_LENGTH = 16;

/** Readable names, so that creating a child twice fails with AlreadyExists. */
export function nameChild(hash: Hash): NameChild {
  return ({ name, uid }, step, attempt) => nameFrom(hash, `${name}-${step}`, [uid, step, String(attempt)]);
}

/** The name of a run's snapshot. */
export function nameSnapshot(uid: string): string {
  return `orchestration-run-${uid}`;
}

/** The text itself where it may stand in a label, else a readable beginning and a hash of all of it. */
export function labelValue(hash: Hash, text: string): string {
  return /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/.test(text) ? text : withHash(hash, text, text);
}

/** A readable beginning and a hash of `parts`: a name that only the same parts give. */
export function nameFrom(hash: Hash, readable: string, parts: readonly string[]): string {
  return withHash(hash, readable, JSON.stringify(parts));
}

function withHash(hash: Hash, readable: string, hashed: string): string {
  const prefix = readable
    .toLowerCase()
    .slice(0, LONGEST - HASH_LENGTH - 1)
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  const suffix = hash(hashed).slice(0, HASH_LENGTH);
  return prefix === '' ? suffix : `${prefix}-${suffix}`;
}

/** RFC 4648 in lower case, as names are: five bits a letter, what is left of a whole letter dropped. */
export function base32(bytes: Uint8Array): string {
  let text = '';
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = ((held & 31) << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += LETTERS[(held >> (bits - 5)) & 31];
  }
  return text;
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz234567';
