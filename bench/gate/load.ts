import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import type { Sample } from './reviews.ts';

/**
 * A program that sends reviews and reports how fast they are answered. A message asks it for each load. It is this
 * small so that the server takes most of the time: an HTTP client costs more than an answer does.
 */

export interface LoadOrder {
  readonly port: number;
  /** The path of the reviews. The default is `/validate`. */
  readonly path?: string;
  /** Certificate of the authority, PEM. */
  readonly ca: string;
  /** One for each connection, which sends it over and over. */
  readonly samples: readonly Sample[];
  /** The load ends at whichever limit comes first. */
  readonly milliseconds?: number;
  readonly answers?: number;
}

export interface LoadResult {
  readonly perSecond: number;
  /** The share of its core that this program used. Near 1, this program is what was measured. */
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

/** Sends one review at a time, and resolves when it may not send another. Rejects at the first wrong answer. */
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
    received += chunk.toString('latin1'); // one character for each byte, because content-length counts bytes
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
