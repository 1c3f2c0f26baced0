import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Capacity } from './capacity.ts';

type Socket = FastifyRequest['raw']['socket'];

export interface Connections {
  /** A whole review has arrived on this connection. False: it has no place among those that are kept, so close it politely. */
  keep(socket: Socket): boolean;
}

/**
 * Bounds the connections of a server. Where one too many is new, the oldest new one of the address that has most of them
 * is closed, whatever it is doing: an API server opens a connection to send a review at once, so its own are few and young.
 * An address that opens more within a second than may be new has the others closed before they cost a handshake. A kept
 * connection is never closed for another, since an API server may be about to use it. Where no more can be kept, the
 * answer closes its own.
 */
export function boundConnections(
  server: FastifyInstance['server'],
  { newConnections, keptConnections }: Pick<Capacity, 'newConnections' | 'keptConnections'>,
  now: () => number,
): Connections {
  // By the address of the peer: with TLS the socket of a review is another object than that of its connection.
  const fresh = new Map<string, Socket>();
  const kept = new Set<string>();
  /** How many each address has opened in this second. */
  const opened = new Map<string | undefined, number>();
  let second = 0;

  server.on('connection', (socket: Socket) => {
    if (isTooFast(socket)) return void socket.destroy();
    const peer = peerOf(socket);
    fresh.set(peer, socket);
    socket.once('close', () => {
      fresh.delete(peer);
      kept.delete(peer);
    });
    if (fresh.size > newConnections) closeOldest();
  });

  function isTooFast({ remoteAddress }: Socket): boolean {
    const current = Math.floor(now() / 1000);
    if (current !== second) opened.clear();
    second = current;
    const count = (opened.get(remoteAddress) ?? 0) + 1;
    opened.set(remoteAddress, count);
    return count > newConnections;
  }

  function closeOldest(): void {
    const counts = new Map<string | undefined, number>();
    for (const { remoteAddress } of fresh.values()) counts.set(remoteAddress, (counts.get(remoteAddress) ?? 0) + 1);
    const most = Math.max(...counts.values());
    for (const [peer, socket] of fresh) {
      if (counts.get(socket.remoteAddress) !== most) continue;
      fresh.delete(peer);
      socket.destroy();
      return;
    }
  }

  return {
    keep(socket) {
      const peer = peerOf(socket);
      if (kept.has(peer)) return true;
      if (kept.size >= keptConnections) return false;
      fresh.delete(peer);
      kept.add(peer);
      return true;
    },
  };
}

/** What is told where HTTP itself went wrong; 400 for all else. */
const STATUS_LINES: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};

/**
 * Answers what is no HTTP, or too slow. Node counts its timeouts from the opening of a connection until a first byte comes;
 * but one on which nothing was asked is in reserve, and an API server that is told 408 as it sends its first review
 * takes that for the answer. Node counts anew from the first byte.
 */
export function answerClientError({ code = '' }: NodeJS.ErrnoException, socket: Socket): void {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT' && socket.bytesRead === 0) return;
  const isHttp = code.startsWith('HPE_') || code.startsWith('ERR_HTTP');
  if (!isHttp || !socket.writable) return void socket.destroy();
  const status = STATUS_LINES[code] ?? '400 Bad Request';
  const body = JSON.stringify({ message: status });
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  socket.destroySoon();
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
