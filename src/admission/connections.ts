import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Capacity } from './capacity.ts';

type Socket = FastifyRequest['raw']['socket'];

export interface Connections {
  /**
   * Call this when a complete review has arrived on the connection. Returns false if no more connections can be kept;
   * the answer must then close this one.
   */
  keep(socket: Socket): boolean;
}

/**
 * Limits the connections of a server. If there are too many new ones, it closes the oldest new connection of the
 * address that has the most, whatever it is doing. API servers open a connection to send a review at once, so their new
 * connections are few and young. If an address opens more in a second than may be new, the others are closed before
 * they cost a handshake. A kept connection is never closed to make room, because an API server may be about to use it.
 * If no more can be kept, an answer closes its own connection.
 */
export function boundConnections(
  server: FastifyInstance['server'],
  { newConnections, keptConnections }: Pick<Capacity, 'newConnections' | 'keptConnections'>,
  now: () => number,
): Connections {
  // The keys are peer addresses, because with TLS a review and its connection have different socket objects.
  const fresh = new Map<string, Socket>();
  const kept = new Set<string>();
  /** The number of connections that each address has opened in this second. */
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

/** Status lines for HTTP errors. All others are 400. */
const STATUS_LINES: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};

/**
 * Answers a connection that does not send valid HTTP or is too slow. Node also reports a timeout on a connection
 * without a first byte. API servers keep such connections in reserve. One that gets a 408 while it sends its first
 * review takes it for the answer, so this function does not send one there. Node restarts the timeout at the first
 * byte.
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
