import { createHash } from 'node:crypto';

/**
 * Returns a whole number below 2^32: the first 32 bits of the SHA-256 of the text. Every process and every version
 * gives a text the same number.
 */
export function hashNumber(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0);
}
