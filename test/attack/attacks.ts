import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { bodies } from './bodies.ts';

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly caPem: string;
}

/** Goes on until the signal. It reads only what it has to, and reopens connections that the gate closes. */
type Attack = (target: Target, signal: AbortSignal) => Promise<void>;

/** An attacker has an address of its own, as every pod has. */
const ATTACKER = '127.0.0.2';
/** How many connections an attack opens each millisecond at most: about what one machine can. */
const OPENED_AT_ONCE = 8;
/** How many closed ones it opens anew. With more, the kernel drops those of others, which the gate cannot prevent. */
const REOPENED_AT_ONCE = 1;

export const attacks: Readonly<Record<string, Attack>> = {
  '10,000 connections': hold(10_000, openTcp, () => {}),
  '10,000 handshakes never finished': async (target, signal) => {
    const hello = await recordClientHello();
    await hold(10_000, openTcp, (socket) => socket.write(hello))(target, signal);
  },
  '260 slow headers': hold(260, openTls, (socket, signal) => void drip(socket, signal)),
  '260 half-sent bodies': hold(260, openTls, (socket) => socket.write(post('/validate', 20_000, '{"request":'))),
  '260 large half-sent bodies': hold(260, openTls, (socket) =>
    socket.write(post('/validate', 5_000_000, ' '.repeat(4_500_000))),
  ),
  '64 bodies in pieces of one byte': hold(64, openTls, (socket) => socket.write(onePieceAByte)),
  '64 bodies in records of one byte': hold(64, openTls, (socket) => {
    socket.write(post('/validate', 2000, ''));
    for (let n = 0; n < 1999; n++) socket.write(' ');
  }),
  '64 answers not read': hold(64, openTls, (socket) => {
    socket.pause();
    for (let n = 0; n < 8; n++) socket.write(whole('/mutate', bodies.patched));
  }),
  'bodies of 7 MiB': hold(4, openTls, ask('/validate', `[${'{},'.repeat(2_446_676)}{}]`)),
  ...Object.fromEntries(
    Object.entries(bodies).map(([name, body]) => [`4 × ${name}`, hold(4, openTls, ask('/validate', body))]),
  ),
};

/** Attacks that go on together. If all do, and attackers and gate share two cores, some other reviews time out. */
export const combinations: Readonly<Record<string, readonly string[]>> = {
  'connections, half-sent bodies and 7 MiB at once': ['10,000 connections', '260 half-sent bodies', 'bodies of 7 MiB'],
  'all at once': Object.keys(attacks),
};

/** Starts an attack or a combination. */
export async function attack(name: string, target: Target, signal: AbortSignal): Promise<void> {
  const chosen = combinations[name] ?? [name];
  await Promise.all(chosen.map(async (one) => attacks[one]?.(target, signal)));
}

type Open = (target: Target, onOpen: (socket: Socket) => void) => Socket;

/** Keeps `count` connections open, on each of which `use` is called once. */
function hold(count: number, open: Open, use: (socket: Socket, signal: AbortSignal) => void): Attack {
  return async (target, signal) => {
    const sockets = new Set<Socket>();
    let opened = 0;
    while (!signal.aborted) {
      for (let n = opened < count ? OPENED_AT_ONCE : REOPENED_AT_ONCE; n > 0 && sockets.size < count; n--) {
        opened++;
        const socket = open(target, (opened) => use(opened, signal));
        sockets.add(socket);
        socket.on('error', () => {}).once('close', () => sockets.delete(socket));
      }
      await delay(1);
    }
    for (const socket of sockets) socket.destroy();
  };
}

function openTcp({ host, port }: Target, onOpen: (socket: Socket) => void): Socket {
  const socket = connectTcp({ host, port, localAddress: ATTACKER }, () => onOpen(socket));
  return socket.resume();
}

function openTls({ host, port, caPem }: Target, onOpen: (socket: Socket) => void): Socket {
  const socket = connectTls({ socket: openTcp({ host, port, caPem }, () => {}), ca: caPem }, () => onOpen(socket));
  return socket.resume();
}

/** Asks again as soon as there is an answer. */
function ask(path: string, body: string): (socket: Socket) => void {
  return (socket) => {
    const text = whole(path, body);
    socket.write(text);
    socket.on('data', () => socket.write(text));
  };
}

async function drip(socket: Socket, signal: AbortSignal): Promise<void> {
  socket.write('POST /validate HTTP/1.1\r\n');
  while (!signal.aborted && socket.writable) {
    socket.write('x');
    await delay(500);
  }
}

function post(path: string, length: number, start: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: gate\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${start}`;
}

function whole(path: string, body: string): string {
  return post(path, Buffer.byteLength(body), body);
}

const onePieceAByte = `POST /validate HTTP/1.1\r\nHost: gate\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\n \r\n'.repeat(500_000)}`;

/** Records the first message of a client. A server that gets it has made a signature, and waits. */
async function recordClientHello(): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connectTls({ ...(server.address() as AddressInfo), host: '127.0.0.1' }).on('error', () => {});
  const [socket] = (await once(server, 'connection')) as [Socket];
  const [hello] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  server.close();
  return hello;
}
