import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Identity, issueIdentity, listenGate, requestHead } from '../support/https.ts';
import { checkpoint, orchestration, review } from '../support/reviews.ts';

const body = JSON.stringify(review(orchestration([checkpoint('a')])));
const wholeRequest = requestHead('/validate', body.length) + body;
let identity: Identity;

beforeAll(async () => {
  identity = await issueIdentity();
});

/** A TCP connection of another client, which sends nothing. */
async function openBare({ host, port }: { host: string; port: number }): Promise<Socket> {
  const socket = connect({ port, host, localAddress: '127.0.0.2' }).on('error', () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket.resume();
}

async function firstOf(socket: Socket): Promise<string> {
  const [piece] = (await once(socket, 'data')) as [Buffer];
  return piece.toString();
}

async function startGate(...options: Parameters<typeof listenGate> extends [unknown, ...infer Rest] ? Rest : never) {
  const gate = await listenGate(identity, ...options);
  onTestFinished(gate.close);
  return gate;
}

describe('a gate that drains', () => {
  test('serves the connections it has, and closes each after its next answer', async () => {
    const gate = await startGate();
    const before = await gate.send('/validate', body);
    expect([before.status, before.headers['connection']]).toEqual([200, 'keep-alive']);
    gate.startDraining();
    const during = await gate.send('/validate', body);
    expect([during.isReused, during.status, during.headers['connection']]).toEqual([true, 200, 'close']);
    expect(during.body.response?.allowed).toBe(true);
  });

  test('serves new connections, because their clients do not know about the drain yet', async () => {
    const gate = await startGate();
    gate.startDraining();
    for (const path of ['/validate', '/mutate', '/nowhere']) {
      const { status, headers, isReused } = await gate.send(path, body);
      expect([status, headers['connection'], isReused]).toEqual([path === '/nowhere' ? 404 : 200, 'close', false]);
    }
  });
});

describe('a gate that closes', () => {
  test('answers a review whose body is incomplete, then closes that connection too', async () => {
    const gate = await startGate();
    const socket = await gate.open();
    const answer = readText(socket);
    socket.write(wholeRequest.slice(0, -10));
    await expect.poll(() => gate.arrived.requests).toBe(1);
    gate.startDraining();
    let isClosed = false;
    const closed = gate.app.close().then(() => (isClosed = true));
    await expect(gate.open()).rejects.toThrow('ECONNREFUSED');
    expect(isClosed).toBe(false);
    socket.write(wholeRequest.slice(-10));
    expect(await answer).toMatch(/^HTTP\/1\.1 200 .*"allowed":true/s);
    await closed;
  });

  test('answers a review whose headers are incomplete', async () => {
    const gate = await startGate();
    const socket = await gate.open();
    const answers = readText(socket);
    // One chunk contains a complete review and the start of the next. When the gate has answered the first, it has read
    // that start.
    socket.write(wholeRequest + wholeRequest.slice(0, 20));
    await expect.poll(() => gate.count.ended).toBe(1);
    gate.startDraining();
    const closed = gate.app.close();
    await expect(gate.open()).rejects.toThrow('ECONNREFUSED');
    socket.write(wholeRequest.slice(20));
    expect((await answers).match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200']);
    await closed;
  });

  test('closes idle connections', async () => {
    const gate = await startGate();
    const socket = await gate.open();
    socket.write(wholeRequest);
    await expect.poll(() => gate.count.ended).toBe(1);
    const rest = readText(socket);
    await gate.app.close();
    expect(await rest).toContain('200 OK');
  });
});

describe('the limit of reviews in flight', () => {
  test('counts a review when its body is complete, and not before', async () => {
    const gate = await startGate({ maxInFlight: 1 });
    for (let n = 1; n <= 3; n++) {
      (await gate.open()).write(wholeRequest.slice(0, -10));
      await expect.poll(() => gate.arrived.requests).toBe(n);
    }
    expect((await gate.send('/validate', body)).body.response?.allowed).toBe(true);
    expect(gate.count.started).toBe(1);
  });
});

describe('connections', () => {
  const capacity = { newConnections: 4, keptConnections: 2, bytesInFlight: 1024 * 1024 };

  test('of an address that opens too many are closed to make room, unless they have sent a review', async () => {
    const gate = await startGate({ capacity });
    await gate.send('/validate', body);
    const bare = await Promise.all(Array.from({ length: 40 }, () => openBare(gate.address)));
    await expect.poll(() => bare.filter(({ closed }) => closed).length).toBe(36);
    const [half, whole] = [await gate.open(), await gate.open()];
    half.write(wholeRequest.slice(0, 20));
    whole.write(wholeRequest);
    expect(await firstOf(whole)).toContain('200 OK');
    const again = await gate.send('/validate', body);
    expect([again.isReused, again.body.response?.allowed]).toEqual([true, true]);
  });

  test('beyond the limit of kept ones are answered and closed', async () => {
    const gate = await startGate({ capacity });
    const sockets = [];
    for (let n = 0; n < 3; n++) {
      const socket = await gate.open();
      socket.write(wholeRequest);
      sockets.push(await firstOf(socket));
    }
    expect(sockets.map((answer) => /connection: ([a-z-]+)/i.exec(answer)?.[1])).toEqual([
      'keep-alive',
      'keep-alive',
      'close',
    ]);
  });

  test('whose bodies stall are closed to make room for a body that arrives', async () => {
    const gate = await startGate({ capacity });
    const stalled = await gate.open();
    const ended = once(stalled, 'close');
    stalled.on('error', () => {}).write(`${requestHead('/validate', 4_000_000)}${' '.repeat(900_000)}`);
    await expect.poll(() => gate.arrived.requests).toBe(1);
    const large = JSON.stringify(review(orchestration([{ ...checkpoint('a'), with: { a: 'x'.repeat(900_000) } }])));
    expect((await gate.send('/validate', large)).body.response?.allowed).toBe(true);
    await ended;
  });

  test('that do not read large answers are closed', async () => {
    const gate = await startGate({
      capacity: { ...capacity, newConnections: 40, keptConnections: 40, bytesInFlight: 4_000_000 },
    });
    const names = Array.from({ length: 500 }, (_, i) => checkpoint(`${i}`.padEnd(4000, 'x')));
    const asked = JSON.stringify(review(orchestration(names)));
    const sockets = [];
    for (let n = 0; n < 8; n++) {
      const socket = (await gate.open()).on('error', () => {}).pause();
      socket.write(requestHead('/mutate', asked.length) + asked);
      sockets.push(socket);
    }
    await expect.poll(() => gate.count.ended).toBeGreaterThanOrEqual(4);
    expect((await gate.send('/validate', body)).body.response?.allowed).toBe(true);
    for (const socket of sockets) socket.destroy();
  });
});

test('the deadline counts from the headers of a review, however slowly its body arrives', async () => {
  let nowMs = 0;
  const gate = await startGate({ now: () => nowMs });
  const socket = await gate.open();
  socket.write(wholeRequest.slice(0, -10));
  await expect.poll(() => gate.arrived.requests).toBe(1);
  nowMs = 5001;
  socket.end(wholeRequest.slice(-10));
  expect(await readText(socket)).toMatch(/"allowed":false,"status":\{"code":504/);
});
