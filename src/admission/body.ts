import type { FastifyRequest } from 'fastify';
import { BODY_LIMIT_BYTES } from './capacity.ts';
import type { Room } from './room.ts';
import type { Turns } from './turns.ts';

/** The memory overhead of a chunk of a body. */
const PIECE_BYTES = 512;
/**
 * The number of small chunks that a body may start with. After them, its chunks must average at least PIECE_BYTES. API
 * servers send kilobytes.
 */
const SMALL_PIECES = 64;

const TOO_LARGE = `the body is larger than ${BODY_LIMIT_BYTES / 1024 / 1024} MiB, the limit for a review of objects that can be stored`;

/** A rejected body, with the HTTP status of the answer. */
export class BodyError extends Error {
  override readonly name = 'BodyError';
  readonly statusCode: number;

  constructor(statusCode: number, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}

/**
 * Reads a body. Its bytes count against `room` until it is complete and its turn has come. Rejects with a BodyError. If
 * the connection closes, the promise stays pending.
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
    // A body in one chunk is small.
    if (pieces.length <= 1) finish();
    else void turns.wait(stream.socket.remoteAddress ?? '').then(finish);
  });
  stream.once('close', close);
  return promise;

  /** A complete body keeps its room until its turn. */
  function close(): void {
    if (!stream.complete) room.leave(guest);
  }

  function finish(): void {
    // A connection keeps a reference to its last request, so these listeners would keep the body in memory.
    stream.off('data', take).off('close', close);
    room.leave(guest);
    if (!stream.socket.destroyed) resolve(Buffer.concat(pieces, received));
  }

  function take(piece: Buffer): void {
    pieces.push(piece);
    received += piece.length;
    // Most bodies arrive complete in one chunk.
    if (piece.length === declared) return;
    if (pieces.length > SMALL_PIECES + received / PIECE_BYTES) return void stream.destroy();
    guest.bytes += piece.length + PIECE_BYTES;
    room.take(guest);
  }
}
