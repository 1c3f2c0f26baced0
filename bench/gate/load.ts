import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import type { Sample } from './reviews.ts';

/**
 * A program that sends reviews and tells how fast they are answered; asked by a message for each load. It is as small as
 * it is so that the server is what takes the time: HTTP clients cost more than answering does.
 */

export interface LoadOrder {
  readonly port: number;
  /** Of its reviews: `/validate` unless told otherwise. */
  readonly path?: string;
  /** Certificate of the authority, PEM. */
  readonly ca: string;
  /** One a connection, sent over and over. */
  readonly samples: readonly Sample[];
  /** Ends at whichever comes first. */
  readonly milliseconds?: number;
  readonly answers?: number;
}

export interface LoadResult {
  readonly perSecond: number;
  /** Share of its core that this program was busy: near 1 it is what was measured. */
  readonly busy: number;
}

async function run(order: LoadOrder): Promise<LoadResult> {
  const { port, path = '/validate', ca, samples, milliseconds = Infinity, answers = Infinity } = order;
  const sockets = await Promise.all(samples.map(() => open(port, ca)));
  const [start, startCpu] = [performance.now(), process.cpuUsage()];
  let asked = 0;
  const mayAsk = () => asked < answers && performance.now() - start < milliseconds && ++asked > 0;
  await Promise.all(samples.map((sample, index) => askAgain(sockets[index] as TLSSocket, path, sample, mayAsk)));
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(startCpu);
  for (const socket of sockets) socket.destroy();
  return { perSecond: asked / seconds, busy: (user + system) / 1e6 / seconds };
}

async function open(port: number, ca: string): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', ca });
  await once(socket, 'secureConnect');
  return socket;
}

/** Asks one thing at a time, and resolves when it may not ask again. Rejects at the first wrong answer. */
function askAgain(
  socket: TLSSocket,
  path: string,
  { review, uid, isAllowed }: Sample,
  mayAsk: () => boolean,
): Promise<void> {
  const head = `POST ${path}?timeout=5s HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n`;
  const request = Buffer.from(`${head}content-length: ${Buffer.byteLength(review)}\r\n\r\n${review}`);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let received = '';
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1'); // a character a byte, as content-length counts
    const bodyStart = received.indexOf('\r\n\r\n') + 4;
    const length = Number(/content-length: (\d+)/i.exec(received)?.[1]);
    if (bodyStart < 4 || received.length < bodyStart + length) return;
    const { response } = JSON.parse(received.slice(bodyStart)) as { response?: { uid: string; allowed: boolean } };
    if (response?.uid !== uid || response.allowed !== isAllowed) reject(new Error(`wrong answer: ${received}`));
    received = '';
    if (mayAsk()) socket.write(request);
    else resolve();
  });
  socket.once('error', reject).once('close', () => reject(new Error('the server closed a connection')));
  if (mayAsk()) socket.write(request);
  else resolve();
  return promise;
}

process.on('message', (order: LoadOrder) => {
  run(order).then(
    (result) => process.send?.(result),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
