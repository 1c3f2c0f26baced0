import { once } from 'node:events';
import { text as readText } from 'node:stream/consumers';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Identity, issueIdentity, listenGate, requestHead } from '../support/https.ts';
import { API_VERSION, checkpoint, cycle, orchestration, review } from '../support/reviews.ts';
import type { Reply } from '../support/server.ts';

const MEBIBYTE = 1024 * 1024;
const sound = orchestration([checkpoint('a'), checkpoint('b', 'a')]);

let identity: Identity;
let gate: Awaited<ReturnType<typeof listenGate>>;

beforeAll(async () => {
  identity = await issueIdentity();
  gate = await listenGate(identity);
});

/** Checks that no review is left in flight and that the next review is judged. */
afterAll(async () => {
  expect((await gate.send('/validate', asText(review(orchestration(cycle))))).body.response?.allowed).toBe(false);
  await gate.close();
  expect(gate.count.ended).toBe(gate.count.started);
});

/** A review whose parts are raw JSON, for content that no object can express. */
function reviewText(parts: { metadata?: string; spec?: string; request?: string }): string {
  const { metadata = '{"name":"nightly"}', spec = '{}', request = '' } = parts;
  const kind = `{"group":"orchestration.proompteng.ai","version":"v1alpha1","kind":"Orchestration"}`;
  const object = `{"apiVersion":"${API_VERSION}","kind":"Orchestration","metadata":${metadata},"spec":${spec}}`;
  const fields = `"uid":"u","kind":${kind},"operation":"CREATE","object":${object}${request}`;
  return `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{${fields}}}`;
}

const asText = (value: unknown) => JSON.stringify(value);
const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const nestedMaps = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
const soundSteps = asText(sound.spec.steps);
const cyclicSteps = asText(cycle);

describe('odd input is judged:', () => {
  test.each([
    ['policies nested 10,000 deep', `{"steps":${soundSteps},"policies":{"a":${nested(10_000)}}}`, 'NestingTooDeep'],
    [
      'a step field nested 10,000 deep',
      `{"steps":[{"name":"a","kind":"Checkpoint","x":${nestedMaps(10_000)}}]}`,
      'NestingTooDeep',
    ],
    [
      'with nested 10,000 deep',
      `{"steps":[{"name":"a","kind":"Checkpoint","with":{"a":${nested(10_000)}}}]}`,
      'InvalidField',
    ],
    ['steps nested 10,000 deep', `{"steps":${nested(10_000)}}`, 'InvalidField'],
    [
      'dependsOn nested 10,000 deep',
      `{"steps":[{"name":"a","kind":"Checkpoint","dependsOn":${nested(10_000)}}]}`,
      'InvalidDependency',
    ],
    ['50,000 levels', `{"steps":${cyclicSteps},"policies":${nestedMaps(50_000)}}`, 'NestingTooDeep,DependencyCycle'],
    ['a list for a spec', '[]', 'MissingSteps'],
    ['a list for a step', '{"steps":[[]]}', 'InvalidField'],
    [
      'lists for maps',
      '{"steps":[{"name":"a","kind":"Checkpoint","with":[],"agentRef":[]}],"policies":[]}',
      'InvalidField',
    ],
    [
      'numbers for names',
      '{"steps":[{"name":1,"kind":2,"dependsOn":[3]}]}',
      'StepMissingName,StepMissingKind,InvalidDependency',
    ],
    ['an object for a list', `{"steps":{"0":${cyclicSteps}}}`, 'MissingSteps'],
    ['steps twice: the second counts', `{"steps":${soundSteps},"steps":${cyclicSteps}}`, 'DependencyCycle'],
    [
      'dependsOn twice',
      '{"steps":[{"name":"a","kind":"Checkpoint","dependsOn":[],"dependsOn":["a"]}]}',
      'SelfDependency',
    ],
    [
      '__proto__ and constructor as fields',
      `{"__proto__":{"steps":${soundSteps}},"constructor":{"prototype":{}},"steps":${cyclicSteps}}`,
      'DependencyCycle',
    ],
    ['__proto__ for the steps', `{"__proto__":{"steps":${soundSteps}}}`, 'MissingSteps'],
    [
      '__proto__ for a dependency that is not there',
      '{"steps":[{"name":"a","kind":"Checkpoint","dependsOn":["__proto__","constructor"]}]}',
      'MissingDependency',
    ],
    [
      '__proto__ and constructor for steps in a loop',
      '{"steps":[{"name":"__proto__","kind":"Checkpoint","dependsOn":["constructor"]},{"name":"constructor","kind":"Checkpoint","dependsOn":["__proto__"]}]}',
      'DependencyCycle',
    ],
    [
      'constructor as a key of a map of text',
      '{"steps":[{"name":"a","kind":"Checkpoint","with":{"constructor":{"prototype":{}}}}]}',
      'InvalidField',
    ],
    [
      '__proto__ as a key of a map of text',
      '{"steps":[{"name":"a","kind":"Checkpoint","with":{"__proto__":{}}}]}',
      'InvalidField',
    ],
    [
      'names full of control characters',
      '{"steps":[{"name":"\\u0000\\u001b[31m\\n","kind":"Checkpoint","dependsOn":["\\u202e"]}]}',
      'MissingDependency',
    ],
    [
      'lone surrogates',
      '{"steps":[{"name":"\\ud800","kind":"Checkpoint","dependsOn":["\\udfff"]}]}',
      'MissingDependency',
    ],
  ])('%s', async (_, spec, codes) => {
    const { status, body } = await gate.send('/validate?timeout=10s', reviewText({ spec }));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      kind: 'AdmissionReview',
      response: { uid: 'u', allowed: false, status: { code: 422 } },
    });
    expect(codesOf(body)).toEqual(codes.split(','));
    expect(body.response?.status?.message).not.toMatch(/\p{C}/u);
    expect(body.response?.status?.message.length).toBeLessThanOrEqual(1000);
    const mutated = await gate.send('/mutate', reviewText({ spec }));
    expect(mutated.body.response).toEqual({ uid: 'u', allowed: true });
  });

  test.each([
    ['metadata nested 10,000 deep', { metadata: nestedMaps(10_000) }],
    ['an old object nested 10,000 deep', { request: `,"oldObject":${nested(10_000)}` }],
    ['a user nested 10,000 deep', { request: `,"userInfo":${nestedMaps(10_000)}` }],
    ['metadata that is a list', { metadata: '[]' }],
    ['uid twice: the second counts', { request: ',"uid":"v"' }],
    [
      '__proto__ and constructor beside it',
      { request: ',"__proto__":{"uid":"w"},"constructor":{"prototype":{"uid":"w"}}' },
    ],
  ])('%s', async (_, parts) => {
    const verdict = async (spec: string) =>
      (await gate.send('/validate', reviewText({ ...parts, spec }))).body.response?.allowed;
    expect(await verdict(`{"steps":${soundSteps}}`)).toBe(true);
    expect(await verdict(`{"steps":${cyclicSteps}}`)).toBe(false);
    expect(Object.prototype).not.toHaveProperty('uid');
  });

  test('names of 100,000 characters: messages show 63', async () => {
    const name = 'x'.repeat(100_000);
    const steps = [{ ...checkpoint(name, `${name}y`, name), [name]: 1, with: { [name]: 1 } }];
    const { body } = await gate.send('/validate', asText(review(orchestration(steps, { metadata: { name } }))));
    expect(codesOf(body)).toEqual(['InvalidField', 'MissingDependency', 'SelfDependency']);
    const { message, details } = body.response?.status ?? {};
    expect(message?.length).toBeLessThanOrEqual(1000);
    expect(asText(details?.causes).length).toBeLessThan(1000);
  });

  test.each([
    ['5s', true],
    ['', true],
    ['-1s', true],
    ['1e9', true],
    [encodeURIComponent('١s\u0000'), true],
    ['%', true],
    ['%ff', true],
    ['9'.repeat(10_000), true],
    ['5s&timeout=7s&__proto__=1&timeout[]=1', true],
    ['0.000001ms', false],
  ])('the timeout %s', async (timeout, isInTime) => {
    const { status, body } = await gate.send(`/validate?timeout=${timeout}`, asText(review(sound)));
    expect([status, body.response?.allowed]).toEqual([200, isInTime]);
  });

  test('a change of a 1.4 MiB object', async () => {
    const padding = 'x'.repeat(1000);
    const steps = Array.from({ length: 900 }, (_, i) => ({
      ...checkpoint(`s${i}`, ...(i > 0 ? [`s${i - 1}`] : [])),
      with: { padding, more: padding.slice(400) },
    }));
    const before = orchestration(steps);
    const after = orchestration(steps.with(0, { ...checkpoint('s0', 's899'), with: { padding, more: '' } }));
    expect(asText(before).length).toBeGreaterThan(1.4 * MEBIBYTE);
    const change = (object: unknown) => asText(review(object, { operation: 'UPDATE', oldObject: before }));
    expect((await gate.send('/validate', change(before))).body.response?.allowed).toBe(true);
    expect(codesOf((await gate.send('/validate', change(after))).body)).toEqual(['DependencyCycle']);
  });
});

describe('invalid input gets a 4xx and a sentence:', () => {
  const text = asText(review(sound));

  test.each([
    ['half a review', text.slice(0, -10)],
    ['a raw NUL', text.replace('nightly', 'night\u0000ly')],
    ['a raw line break in a name', text.replace('nightly', 'night\nly')],
    ['two reviews', text + text],
    ['YAML', 'kind: AdmissionReview'],
    ['nothing', ''],
    ['bytes', Buffer.from([0xff, 0xfe, 0x00, 0x80])],
    ['100,000 open brackets', '['.repeat(100_000)],
    ['no uid', text.replace('"uid"', '"udi"')],
    ['a number for a uid', text.replace('"7d2f3a4e"', '7')],
    ['a list of reviews', `[${text}]`],
  ])('%s', async (_, body) => {
    const reply = await gate.send('/validate', body);
    expect([reply.status, typeof reply.body.message]).toEqual([400, 'string']);
  });

  test('8 MiB', async () => {
    const padded = text.replace('"oldObject":null', `"oldObject":"${'x'.repeat(8 * MEBIBYTE)}"`);
    const reply = await gate.send('/validate', padded);
    expect([reply.status, reply.body]).toEqual([
      413,
      { message: 'the body is larger than 5 MiB, the limit for a review of objects that can be stored' },
    ]);
  });

  test('another content type', async () => {
    const reply = await gate.send('/validate', text, { headers: { 'content-type': 'application/yaml' } });
    expect(reply.status).toBe(415);
  });

  test('headers of 20 KiB', async () => {
    const reply = await gate.send('/validate', text, { headers: { 'x-padding': 'x'.repeat(20 * 1024) } });
    expect(reply.status).toBe(431);
  });
});

describe('a connection', () => {
  const text = asText(review(orchestration(cycle)));

  test('that stalls within a request is closed, and delays no other until then', async () => {
    const impatient = await listenGate(identity, {}, { headersTimeout: 500, requestTimeout: 500 });
    onTestFinished(impatient.close);
    const starts = ['POST /validate HTTP/1.1\r\nHost: gate\r\n', `${requestHead('/validate', 1000)}{"request"`];
    const answers = starts.map(async (start) => {
      const socket = await impatient.open();
      socket.write(start);
      return readText(socket);
    });
    expect((await impatient.send('/validate', text)).body.response?.allowed).toBe(false);
    for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('in reserve gets no answer before its first request, which has as much time as any other', async () => {
    const impatient = await listenGate(identity, {}, { headersTimeout: 500, requestTimeout: 500 });
    onTestFinished(impatient.close);
    const expired: string[] = [];
    impatient.app.server.on('clientError', ({ code }: NodeJS.ErrnoException) => expired.push(code ?? ''));
    const [used, stalled] = [await impatient.open(), await impatient.open()];
    await expect.poll(() => expired).toEqual(['ERR_HTTP_REQUEST_TIMEOUT', 'ERR_HTTP_REQUEST_TIMEOUT']);
    used.end(requestHead('/validate', text.length) + text);
    stalled.write('POST');
    expect(await readText(used)).toMatch(/^HTTP\/1\.1 200 .*"allowed":false/s);
    expect(await readText(stalled)).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('that is half closed after its review is answered', async () => {
    const socket = await gate.open();
    socket.end(requestHead('/validate', Buffer.byteLength(text)) + text);
    expect(await readText(socket)).toMatch(/^HTTP\/1\.1 200 .*"allowed":false/s);
  });

  test('that is half closed within its review gets an error', async () => {
    const socket = await gate.open();
    socket.end(requestHead('/validate', 1000) + text.slice(0, 100));
    expect(await readText(socket)).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('that closes within its review leaves no trace', async () => {
    const before = { ...gate.arrived, count: { ...gate.count } };
    const socket = await gate.open();
    socket.write(requestHead('/validate', 1000) + text.slice(0, 100));
    await expect.poll(() => gate.arrived.requests).toBe(before.requests + 1);
    socket.destroy();
    expect(gate.count).toEqual(before.count);
  });

  test.each([
    ['a request without a length', 'Transfer-Encoding: chunked'],
    ['another request before it has read a large answer', ''],
  ])('that sends %s is closed', async (_, header) => {
    const socket = (await gate.open()).on('error', () => {}).pause();
    const named = Array.from({ length: 500 }, (_, i) => checkpoint(`${i}`.padEnd(4000, 'x')));
    const large = asText(review(orchestration(named)));
    if (header !== '') socket.write(requestHead('/validate', 2).replace('Content-Length: 2', header));
    else for (let n = 0; n < 4; n++) socket.write(requestHead('/mutate', large.length) + large, () => {});
    await expect.poll(() => socket.resume().closed).toBe(true);
  });

  test('that sends a body byte by byte is closed', async () => {
    const socket = (await gate.open()).on('error', () => {});
    socket.setNoDelay().write(requestHead('/validate', 100_000));
    let isOpen = true;
    socket.once('close', () => {
      isOpen = false;
    });
    for (let n = 0; isOpen && n < 10_000; n++) {
      socket.write(' ');
      await new Promise(setImmediate);
    }
    await expect.poll(() => isOpen).toBe(false);
  });

  test('that does not use HTTP gets an error', async () => {
    const socket = await gate.open();
    socket.write('\u0000\u0001\u0002 hello\r\n\r\n');
    expect(await readText(socket)).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('with TLS 1.1 is rejected', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const [error] = await once(connect({ ...gate.address, ...old }), 'error', {});
    expect(error.message).toContain('protocol version');
  });
});

function codesOf({ response }: Reply['body']): string[] {
  return [...new Set(response?.status?.details?.causes.map(({ reason }) => reason))];
}
