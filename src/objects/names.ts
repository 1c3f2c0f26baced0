import { createHash } from 'node:crypto';

/** A name or label value has at most 63 characters (RFC 1123 label). */
const LONGEST = 63;
/** 80 bits in base32, which makes a chance collision practically impossible. */
const HASH_LENGTH = 16;

/** Returns the text if it is a valid label value. Otherwise returns a readable prefix and a hash of the whole text. */
export function labelValue(text: string): string {
  return /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/.test(text) ? text : withHash(text, text);
}

/** Returns a readable prefix and a hash of `parts`. Only the same parts give the same name. */
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

/** Encodes as RFC 4648 base32 in lower case: five bits a letter. Drops the bits that do not fill a letter. */
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
