import type { FastifyRequest } from 'fastify';
import { BODY_LIMIT_BYTES } from './capacity.ts';
import type { Room } from './room.ts';

/** The pieces of a body are put together in memory of this size: a piece may be one byte, and would cost hundreds. */
const SEGMENT_BYTES = 64 * 1024;

const TOO_LARGE = `the body is larger than ${BODY_LIMIT_BYTES / 1024 / 1024} MiB, the most that a review of objects that can be stored has`;

/** A body that was not taken in, with the HTTP status that says so. */
export class BodyError extends Error {
  override readonly name = 'BodyError';
  readonly statusCode: number;

  constructor(statusCode: number, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}

/**
 * Reads a body, which takes up room until it has arrived whole. Fails with a BodyError; where the connection ends it
 * stays undecided.
 */
export function readBody(stream: FastifyRequest['raw'], room: Room): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const declared = Number(stream.headers['content-length'] ?? Number.NaN);
  const segments: Buffer[] = [];
  const guest = { bytes: 0, expel: () => stream.destroy() };
  let received = 0;
  let free = 0;

  if (declared > BODY_LIMIT_BYTES) rejectTooLarge();
  else stream.on('data', take);
  stream.once('end', () => {
    room.leave(guest);
    resolve(Buffer.concat(segments, received));
  });
  stream.once('close', () => room.leave(guest));
  return promise;

  function take(piece: Buffer): void {
    if (received + piece.length > BODY_LIMIT_BYTES) rejectTooLarge();
    // As most come: whole, and at once.
    else if (piece.length === declared) segments.push(piece);
    else copy(piece);
    received += piece.length;
  }

  function copy(piece: Buffer): void {
    for (let from = 0; from < piece.length; ) {
      if (free === 0) addSegment(declared - received - from);
      const segment = segments.at(-1) as Buffer;
      const copied = piece.copy(segment, segment.length - free, from);
      free -= copied;
      from += copied;
    }
  }

  function addSegment(expected: number): void {
    free = Math.min(SEGMENT_BYTES, expected || SEGMENT_BYTES);
    segments.push(Buffer.allocUnsafeSlow(free));
    guest.bytes += free;
    room.take(guest);
  }

  function rejectTooLarge(): void {
    stream.off('data', take);
    reject(new BodyError(413, TOO_LARGE));
  }
}
