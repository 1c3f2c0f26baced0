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

async function startGate(...options: Parameters<typeof listenGate> extends [unknown, ...infer Rest] ? Rest : never) {
  const gate = await listenGate(identity, ...options);
  onTestFinished(gate.close);
  return gate;
}

describe('a gate that drains', () => {
  test('serves the connections it has, and asks each to go elsewhere for the next review', async () => {
    const gate = await startGate();
    const before = await gate.send('/validate', body);
    expect([before.status, before.headers['connection']]).toEqual([200, 'keep-alive']);
    gate.startDraining();
    const during = await gate.send('/validate', body);
    expect([during.isReused, during.status, during.headers['connection']]).toEqual([true, 200, 'close']);
    expect(during.body.response?.allowed).toBe(true);
  });

  test('serves new connections, since whoever opens them has not heard of it yet', async () => {
    const gate = await startGate();
    gate.startDraining();
    for (const path of ['/validate', '/mutate', '/nowhere']) {
      const { status, headers, isReused } = await gate.send(path, body);
      expect([status, headers['connection'], isReused]).toEqual([path === '/nowhere' ? 404 : 200, 'close', false]);
    }
  });
});

describe('a gate that closes', () => {
  test('answers a review whose body is still on its way, then closes that connection too', async () => {
    const gate = await startGate();
    const socket = await gate.open();
    const answer = readText(socket);
    socket.write(wholeRequest.slice(0, -10));
    await expect.poll(() => gate.count.started).toBe(1);
    gate.startDraining();
    let isClosed = false;
    const closed = gate.app.close().then(() => (isClosed = true));
    await expect(gate.open()).rejects.toThrow('ECONNREFUSED');
    expect(isClosed).toBe(false);
    socket.write(wholeRequest.slice(-10));
    expect(await answer).toMatch(/^HTTP\/1\.1 200 .*"allowed":true/s);
    await closed;
  });

  test('answers a review whose headers are still on their way', async () => {
    const gate = await startGate();
    const socket = await gate.open();
    const answers = readText(socket);
    // In one piece with a whole review: when that is answered, the start of the next has been read.
    socket.write(wholeRequest + wholeRequest.slice(0, 20));
    await expect.poll(() => gate.count.ended).toBe(1);
    gate.startDraining();
    const closed = gate.app.close();
    await expect(gate.open()).rejects.toThrow('ECONNREFUSED');
    socket.write(wholeRequest.slice(20));
    expect((await answers).match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200']);
    await closed;
  });

  test('closes connections on which nothing is under way', async () => {
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
  test('counts a review from its headers to its answer, and gives its place to the next', async () => {
    const gate = await startGate({ maxInFlight: 1 });
    const socket = await gate.open();
    socket.write(wholeRequest.slice(0, -10));
    await expect.poll(() => gate.count.started).toBe(1);
    expect((await gate.send('/validate', body)).body.response?.status?.code).toBe(429);
    socket.destroy();
    await expect.poll(() => gate.count.ended).toBe(2);
    expect((await gate.send('/validate', body)).body.response?.allowed).toBe(true);
  });
});

test('the deadline counts from the headers of a review, however slowly its body comes', async () => {
  let nowMs = 0;
  const gate = await startGate({ now: () => nowMs });
  const socket = await gate.open();
  socket.write(wholeRequest.slice(0, -10));
  await expect.poll(() => gate.count.started).toBe(1);
  nowMs = 5001;
  socket.end(wholeRequest.slice(-10));
  expect(await readText(socket)).toMatch(/"allowed":false,"status":\{"code":504/);
});
