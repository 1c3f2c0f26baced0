import { createHash } from 'node:crypto';

/** A name or label value has at most 63 characters (RFC 1123 label). */
const LONGEST = 63;
/** 80 bits in base32: two names meet by chance never. */
const HASH_LENGTH = 16;

/** The text itself where it may stand in a label, else a readable beginning and a hash of all of it. */
export function labelValue(text: string): string {
  return /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/.test(text) ? text : withHash(text, text);
}

/** A readable beginning and a hash of `parts`: a name that only the same parts give. */
export function nameFrom(readable: string, parts: readonly string[]): string {
  return withHash(readable, JSON.stringify(parts));
}

function withHash(readable: string, hashed: string): string {
  const prefix = readable
    .toLowerCase()
    .slice(0, LONGEST - HASH_LENGTH - 1)
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  const suffix = base32(createHash('sha256').update(hashed).digest()).slice(0, HASH_LENGTH);
  return prefix === '' ? suffix : `${prefix}-${suffix}`;
}

/** RFC 4648 in lower case, as names are: five bits a letter, what is left of a whole letter dropped. */
function base32(bytes: Uint8Array): string {
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
