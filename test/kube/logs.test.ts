import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { createLogReader, type LogOptions, readLogLines } from '../../src/kube/logs.ts';
import { createTransport } from '../../src/kube/transport.ts';
import { failureOf } from '../support/kube.ts';
import { silentLog, systemTiming } from '../support/timing.ts';

/** A line of a log as the API server sends it, this many tenths of a second after noon. */
const at = (tenths: number, text: string) =>
  `2026-01-31T12:00:${String(Math.floor(tenths / 10)).padStart(2, '0')}.${tenths % 10}00000000Z ${text}\n`;

/** One answer of the API server to a request for the log; `isCut` breaks its connection. */
interface Answer {
  readonly text: string;
  readonly isCut?: boolean;
}

/**
 * Starts an API server that answers log requests with these answers, one after the other. The pod runs until all but
 * the last answer were given. Returns the reader of the log, the lines that it has read, and the queries.
 */
async function readFrom(answers: readonly Answer[], options: LogOptions = {}) {
  const queries: Record<string, string>[] = [];
  const answer = ({ text, isCut }: Answer, reply: ServerResponse) => {
    if (isCut !== true) return reply.end(text);
    return reply.write(text, () => reply.destroy());
  };
  const server = createServer((request, reply) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
    if (!pathname.endsWith('/log')) {
      const state = queries.length < answers.length - 1 ? { running: {} } : { terminated: {} };
      reply.end(JSON.stringify({ status: { containerStatuses: [{ name: 'main', state }] } }));
      return;
    }
    queries.push(Object.fromEntries(searchParams));
    const next = answers[queries.length - 1];
    if (next === undefined) reply.writeHead(404).end('the pod is gone');
    else answer(next, reply);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const load = () => Promise.resolve({ server: url, headers: {}, tls: { ca: undefined, rejectUnauthorized: true } });
  const transport = createTransport({ load, timing: systemTiming, log: silentLog });
  onTestFinished(async () => {
    await transport.close();
    server.close();
  });
  const timing = { ...systemTiming, random: () => 0 };
  const read = createLogReader({ transport, timing })({ namespace: 'ci', pod: 'a', container: 'main' }, options);
  const lines: string[] = [];
  const readAll = async () => {
    for await (const line of read) lines.push(line);
  };
  return { lines, queries, read, readAll };
}

test('a log is read to its end, also if that is no whole line', async () => {
  const { lines, queries, readAll } = await readFrom([
    { text: `${at(0, 'one')}${at(1, '')}${at(2, 'three').trimEnd()}` },
  ]);
  await readAll();
  expect(lines).toEqual(['one', '', 'three']);
  expect(queries).toEqual([{ container: 'main', timestamps: 'true' }]);
});

test('a log that breaks is read on where it broke, and no line comes twice or is lost', async () => {
  const { lines, queries, readAll } = await readFrom(
    [
      {
        text: `${at(3, 'a')}${at(12, 'b')}${at(15, 'c')}${at(15, 'd')}${at(14, 'late')}2026-01-31T12:00:0`,
        isCut: true,
      },
      { text: `${at(12, 'b')}${at(15, 'c')}${at(15, 'd')}${at(14, 'late')}${at(15, 'e')}${at(16, 'f')}half` },
      { text: at(16, 'f') },
      { text: `${at(16, 'f')}${at(31, 'g')}` },
    ],
    { follow: true, tailLines: 100, sinceTime: '2026-01-31T00:00:00Z' },
  );
  await readAll();
  expect(lines).toEqual(['a', 'b', 'c', 'd', 'late', 'e', 'f', 'g']);
  const asked = { container: 'main', follow: 'true', timestamps: 'true' };
  expect(queries).toEqual([
    { ...asked, tailLines: '100', sinceTime: '2026-01-31T00:00:00Z' },
    ...Array(3).fill({ ...asked, sinceTime: expect.stringMatching('2026-01-31T12:00:01Z') }),
  ]);
});

test('a log whose pod is deleted ends, and one whose pod was gone before fails', async () => {
  const options = { follow: true };
  const deleted = await readFrom([{ text: at(0, 'a'), isCut: true }], options);
  await deleted.readAll();
  expect(deleted.lines).toEqual(['a']);
  const gone = await readFrom([], options);
  expect(await failureOf(gone.readAll())).toMatchObject({ reason: 'NotFound', message: 'the pod is gone' });
});

test('a log is as long as it is, and only little of it is in memory', async () => {
  const { read } = await readFrom([{ text: at(0, 'x'.repeat(100)).repeat(200_000) }]);
  let lines = 0;
  for await (const line of read) lines += line.length === 100 ? 1 : 0;
  expect(lines).toBe(200_000);
});

test('whoever leaves a log that is followed closes its connection', async () => {
  const { read, queries } = await readFrom([{ text: at(0, 'a') }, { text: at(0, 'a') }, { text: '' }], {
    follow: true,
  });
  for await (const line of read) {
    expect(line).toBe('a');
    break;
  }
  expect(queries).toHaveLength(1);
});

test('lines do not depend on chunks, and a line that is too long comes in pieces', async () => {
  const text = fc.stringMatching(/^[aé→💥]{0,5}$/u);
  await fc.assert(
    fc.asyncProperty(fc.array(text), text, fc.integer({ min: 1, max: 7 }), async (lines, rest, size) => {
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join('') + rest);
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
        bytes.subarray(at * size, (at + 1) * size),
      );
      const read = [];
      for await (const chunk of readLogLines(Readable.from(chunks))) read.push(chunk);
      expect(read.flatMap((chunk) => (chunk.isCutOff ? [] : chunk.lines))).toEqual(lines);
      expect(read.flatMap((chunk) => (chunk.isCutOff ? chunk.lines : []))).toEqual(rest === '' ? [] : [rest]);
    }),
  );
  const pieces = [];
  const chunks = Array(5).fill(Buffer.from('abcd'));
  for await (const chunk of readLogLines(Readable.from(chunks), 8)) pieces.push(...chunk.lines);
  expect(pieces).toEqual(['abcdabcd', 'abcdabcd', 'abcd']);
});
