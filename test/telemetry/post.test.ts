import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { watchEndpointFiles } from '../../src/runtime/endpoint-files.ts';
import { createPost, judgeAnswer, type Message } from '../../src/telemetry/post.ts';
import { makeFolder } from '../support/folder.ts';
import { issueIdentity } from '../support/https.ts';
import { silentLog } from '../support/timing.ts';

const message: Message = { body: '{"id":"1"}', contentType: 'application/cloudevents+json' };
const plain = { headers: () => ({}), ca: () => undefined, now: Date.now };

/** A receiver on a port of its own until the test ends. */
async function listen(answer: RequestListener, tls?: { readonly cert: string; readonly key: string }): Promise<string> {
  const server = tls ? createHttpsServer(tls, answer) : createHttpServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http${tls ? 's' : ''}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('a message', () => {
  test('arrives with its type and the headers of a folder, which may change', async () => {
    const received: (readonly [IncomingMessage['headers'], string])[] = [];
    const url = await listen((request, response) => {
      void text(request).then((body) => {
        received.push([request.headers, body]);
        response.writeHead(204).end();
      });
    });
    const folder = await makeFolder({ Authorization: 'Bearer one\n' });
    const files = await watchEndpointFiles(folder, undefined, silentLog);
    const post = createPost({ ...plain, url, headers: files.headers });
    expect(await post(message)).toEqual({ outcome: 'Delivered' });
    const [headers, body] = received[0] ?? [];
    expect(body).toBe(message.body);
    expect(headers).toMatchObject({ 'content-type': message.contentType, authorization: 'Bearer one' });
    await writeFile(`${folder}/Authorization`, 'Bearer two');
    await vi.waitUntil(() => files.headers()['authorization'] === 'Bearer two', { timeout: 30_000 });
    await post(message);
    expect(received[1]?.[0].authorization).toBe('Bearer two');
  });

  test('goes to a receiver whose authority is in the folder, and to no other', async () => {
    const { caPem, pair } = await issueIdentity();
    const url = await listen((_, response) => response.end(), pair);
    const files = await watchEndpointFiles(undefined, await makeFolder({ 'ca.crt': caPem }), silentLog);
    let ca = () => files.ca();
    const post = createPost({ ...plain, url, ca: () => ca() });
    expect(await post(message)).toEqual({ outcome: 'Delivered' });
    const { caPem: other } = await issueIdentity();
    ca = () => other;
    expect(await post(message)).toMatchObject({ outcome: 'Failed', words: expect.stringContaining('certificate') });
  });

  test('is rejected or tried again as the receiver answers, in its words', async () => {
    const url = await listen(({ url: path }, response) => {
      const status = Number(path?.slice(1));
      response.writeHead(status, { 'retry-after': '7', location: '/200' }).end(`because of ${status}`);
    });
    const answers = [400, 401, 413, 429, 500, 503, 308].map((status) =>
      createPost({ ...plain, url: `${url}/${status}` })(message),
    );
    expect((await Promise.all(answers)).map(({ outcome }) => outcome)).toEqual([
      ...['Rejected', 'Failed', 'Rejected', 'Failed', 'Failed', 'Failed', 'Failed'],
    ]);
    expect(await answers[3]).toEqual({
      outcome: 'Failed',
      words: 'the receiver answers 429: because of 429',
      retryAfterMs: 7_000,
    });
  });

  test('is tried again if nobody listens, or a header cannot be sent', async () => {
    const unheard = createPost({ ...plain, url: 'http://127.0.0.1:1' });
    expect(await unheard(message)).toMatchObject({ outcome: 'Failed', words: expect.stringContaining('ECONNREFUSED') });
    const url = await listen((_, response) => response.end());
    const odd = createPost({ ...plain, url, headers: () => ({ 'odd name': 'x' }) });
    expect(await odd(message)).toMatchObject({ outcome: 'Failed' });
  });

  test('is tried again if the receiver does not answer, and delivered if only its answer does not end', {
    timeout: 60_000,
  }, async () => {
    const silent = await listen(() => {});
    const slow = await listen((_, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write(' '), 1_000);
      response.on('close', () => clearInterval(timer));
    });
    const endless = await listen((_, response) => {
      response.writeHead(200);
      const write = () => {
        while (!response.destroyed && response.write('x'.repeat(64 * 1024)));
      };
      response.on('drain', write);
      write();
    });
    const answers = [silent, slow, endless].map((url) => createPost({ ...plain, url })(message));
    expect((await Promise.all(answers)).map(({ outcome }) => outcome)).toEqual(['Failed', 'Delivered', 'Delivered']);
  });
});

test.each([
  ['7', 7_000],
  ['Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
  ['Thu, 01 Jan 2025 00:01:00 GMT', undefined],
  ['soon', undefined],
  [undefined, undefined],
])('Retry-After “%s” means %j ms', (retryAfter, retryAfterMs) => {
  const answer = judgeAnswer(503, '', retryAfter, Date.parse('2026-01-01T00:00:00Z'));
  const expected = { outcome: 'Failed', words: 'the receiver answers 503' };
  expect(answer).toEqual(retryAfterMs === undefined ? expected : { ...expected, retryAfterMs });
});
