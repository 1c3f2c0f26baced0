import type { FastifyRequest } from 'fastify';
import { BODY_LIMIT_BYTES } from './capacity.ts';
import type { Room } from './room.ts';
import type { Turns } from './turns.ts';

/** What a piece of a body costs beside its bytes. */
const PIECE_BYTES = 512;
/** A body may begin with so many small pieces; after them its pieces have PIECE_BYTES at least, in the mean. API servers send kilobytes. */
const SMALL_PIECES = 64;

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
 * Reads a body, which takes up room until it has arrived whole and its turn has come. Fails with a BodyError; where the
 * connection ends it stays undecided.
 */
export function readBody(stream: FastifyRequest['raw'], room: Room, turns: Turns): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const declared = Number(stream.headers['content-length'] ?? 0);
  const pieces: Buffer[] = [];
  const guest = { bytes: 0, expel: () => stream.socket.destroy() };
  let received = 0;

  if (declared > BODY_LIMIT_BYTES) reject(new BodyError(413, TOO_LARGE));
  else stream.on('data', take);
  stream.once('end', () => {
    // What came in one piece is small.
    if (pieces.length <= 1) finish();
    else void turns.wait(stream.socket.remoteAddress ?? '').then(finish);
  });
  stream.once('close', close);
  return promise;

  /** After its end a body stays until its turn. */
  function close(): void {
    if (!stream.complete) room.leave(guest);
  }

  function finish(): void {
    // A connection remembers its last request: with these listeners it would hold what was made of its body.
    stream.off('data', take).off('close', close);
    room.leave(guest);
    if (!stream.socket.destroyed) resolve(Buffer.concat(pieces, received));
  }

  function take(piece: Buffer): void {
    pieces.push(piece);
    received += piece.length;
    // As most come: whole, and at once.
    if (piece.length === declared) return;
    if (pieces.length > SMALL_PIECES + received / PIECE_BYTES) return void stream.destroy();
    guest.bytes += piece.length + PIECE_BYTES;
    room.take(guest);
  }
}
