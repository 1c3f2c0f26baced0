import { describe, expect, test } from 'vitest';
import { defaultSettings, type Settings } from '../../src/orchestration/settings.ts';
import { checkpoint, cycle, orchestration, review } from '../support/reviews.ts';
import { buildGate } from '../support/server.ts';

const sequence = orchestration([checkpoint('a'), checkpoint('b')]);

describe('a review', () => {
  test('that is denied is answered with the message of the denial', async () => {
    const { post } = buildGate();
    const { status, headers, body } = await post('/validate?timeout=5s', review(orchestration(cycle)));
    expect([status, headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    expect(body).toMatchObject({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid: '7d2f3a4e', allowed: false, status: { code: 422, reason: 'Invalid' } },
    });
  });

  test('that is changed carries a JSON Patch', async () => {
    const { post } = buildGate();
    const { response } = (await post('/mutate', review(sequence))).body;
    expect(response).toMatchObject({ allowed: true, patchType: 'JSONPatch' });
    expect(JSON.parse(Buffer.from(response?.patch ?? '', 'base64').toString())).toContainEqual({
      op: 'add',
      path: '/spec/steps/1/dependsOn',
      value: ['a'],
    });
  });

  test('that changes nothing carries no patch', async () => {
    const { response } = (await buildGate().post('/mutate', review(orchestration(cycle)))).body;
    expect(response).toEqual({ uid: '7d2f3a4e', allowed: true });
  });

  test.each(['"', '\u0000', '💥', 'x'.repeat(100_000), ' '])(
    'with an unusual uid is answered with that uid: %#',
    async (uid) => {
      const { body } = await buildGate().post('/validate', review(sequence, { uid }));
      expect(body.response).toMatchObject({ uid, allowed: true });
    },
  );

  test('is reported once, with its verdict and without its object', async () => {
    const { post, finished, count } = buildGate();
    await post('/validate', review(orchestration(cycle)));
    await post('/mutate', review(sequence, { dryRun: true }));
    await post('/validate', { request: { uid: 'u' } });
    await post('/validate', '{');
    expect(finished.map(({ webhook, uid, answer }) => [webhook, uid, answer.verdict])).toEqual([
      ['validate', '7d2f3a4e', 'denied'],
      ['mutate', '7d2f3a4e', 'allowed'],
      ['validate', 'u', 'error'],
    ]);
    expect(finished[0]?.answer.problems).toMatchObject([{ code: 'DependencyCycle', severity: 'deny' }]);
    expect(finished[1]?.request).toMatchObject({ operation: 'CREATE', name: 'nightly', isDryRun: true });
    expect(count).toEqual({ started: 3, ended: 3 });
  });

  test('uses the settings in force when it arrives', async () => {
    let mode: 'enforce' | 'off' = 'enforce';
    const { post } = buildGate({ settings: () => ({ ...defaultSettings, mode }) });
    const isAllowed = async () => (await post('/validate', review(orchestration(cycle)))).body.response?.allowed;
    expect(await isAllowed()).toBe(false);
    mode = 'off';
    expect(await isAllowed()).toBe(true);
  });
});

describe('a body that has a uid but is not an AdmissionReview of v1', () => {
  const { request } = review(orchestration(cycle));

  test.each([
    ['of v1beta1', { apiVersion: 'admission.k8s.io/v1beta1', kind: 'AdmissionReview', request }],
    ['of another kind', { apiVersion: 'admission.k8s.io/v1', kind: 'TokenReview', request }],
    ['of no kind', { request }],
  ])('is denied by /validate and allowed by /mutate: %s', async (_, body) => {
    const { post } = buildGate();
    const denied = await post('/validate', body);
    expect(denied.status).toBe(200);
    expect(denied.body.response).toEqual({
      uid: '7d2f3a4e',
      allowed: false,
      status: {
        code: 400,
        reason: 'BadRequest',
        message: 'the body is not an AdmissionReview of admission.k8s.io/v1',
      },
    });
    expect((await post('/mutate', body)).body.response).toEqual({ uid: '7d2f3a4e', allowed: true });
  });
});

describe('a request without a uid gets an error that says why it cannot be answered:', () => {
  const noRequest = 'the body is not an AdmissionReview: it has no request';
  const noUid = 'the AdmissionReview has no request.uid, so it cannot be answered';

  test.each([
    ['null', noRequest],
    ['[]', noRequest],
    ['7', noRequest],
    ['"text"', noRequest],
    ['{}', noRequest],
    ['{"request":[]}', noRequest],
    ['{"request":"x"}', noRequest],
    ['{"request":{}}', noUid],
    ['{"request":{"uid":""}}', noUid],
    ['{"request":{"uid":7}}', noUid],
    ['{"__proto__":{"request":{"uid":"u"}}}', noRequest],
    ['{"request":{"__proto__":{"uid":"u"}}}', noUid],
    ['{', 'the body is not JSON'],
    ['', 'the body is empty: POST an AdmissionReview'],
  ])('%s', async (body, message) => {
    const reply = await buildGate().post('/validate', body);
    expect([reply.status, reply.body]).toEqual([400, { message }]);
  });

  test.each(['text/plain', 'application/xml', 'nonsense'])('as %s', async (type) => {
    const reply = await buildGate().post('/validate', review(sequence), { 'content-type': type });
    expect([reply.status, reply.body]).toEqual([415, { message: 'Unsupported Media Type' }]);
  });

  test.each([
    ['GET', '/validate'],
    ['PUT', '/mutate'],
    ['POST', '/'],
    ['POST', '/validate/'],
    ['POST', '/Validate'],
  ] as const)('by %s %s', async (method, url) => {
    const reply = await buildGate().app.inject({ method, url });
    expect([reply.statusCode, reply.json()]).toEqual([
      404,
      { message: `${method} is not supported here: POST an AdmissionReview to /validate or /mutate` },
    ]);
  });
});

describe('the deadline', () => {
  /** A gate whose clock advances by this many milliseconds at each read. */
  const slowGate = (stepMs: number, failurePolicy: 'Fail' | 'Ignore' = 'Fail') => {
    let clockMs = 0;
    const settings = { ...defaultSettings, failurePolicy };
    return buildGate({ now: () => (clockMs += stepMs), settings: () => settings });
  };
  const verdictOf = async (gate: ReturnType<typeof slowGate>, path: string) => {
    const { status, body } = await gate.post(path, review(sequence));
    expect(status).toBe(200);
    return [gate.finished[0]?.answer.verdict, body.response?.allowed, body.response?.status?.code];
  };

  test.each([
    ['/validate?timeout=1s', 900, 'deadline'],
    ['/validate?timeout=2s', 600, 'allowed'],
    ['/validate?timeout=1s', 1100, 'deadline'],
    ['/validate', 1600, 'allowed'],
    ['/validate', 2600, 'deadline'],
    ['/validate?timeout=never', 2600, 'deadline'],
    ['/validate?timeout=10s&timeout=20s', 2600, 'deadline'],
    ['/validate?timeout=10s', 2600, 'allowed'],
    ['/validate?timeout=9h', 1600, 'allowed'],
  ])('of %s, on a clock that advances by %i ms at each read: %s', async (path, stepMs, verdict) => {
    const expected = verdict === 'deadline' ? ['deadline', false, 504] : ['allowed', true, undefined];
    expect(await verdictOf(slowGate(stepMs), path)).toEqual(expected);
  });

  test('is answered by the failure policy', async () => {
    expect(await verdictOf(slowGate(9000, 'Ignore'), '/validate')).toEqual(['deadline', true, undefined]);
    expect(await verdictOf(slowGate(9000), '/mutate')).toEqual(['deadline', true, undefined]);
  });
});

test('a gate at its limit of reviews in flight answers at once', async () => {
  const { post, finished } = buildGate({ maxInFlight: 0 });
  const { status, body } = await post('/validate', review(sequence));
  expect([status, body.response?.status?.code, finished[0]?.answer.verdict]).toEqual([200, 429, 'overloaded']);
});

test('closes no connection before an API server does, which is after 90 s, and allows 5 s for a request', () => {
  const { server } = buildGate().app;
  expect(Math.min(server.keepAliveTimeout, server.timeout)).toBeGreaterThan(90_000);
  expect([server.headersTimeout, server.requestTimeout]).toEqual([5_000, 5_000]);
});

describe('a review with too many values', () => {
  const heavy = orchestration(cycle, { spec: { policies: { a: Array(200_000).fill({}) } } });
  const uid = '0b9a4f1e-6a51-4d0e-9e8e-2f1d3c4b5a69';
  /** Formatted as API servers do. */
  const text = JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { uid, object: heavy },
  });

  test('is denied with a sentence, whatever the failure policy, and never changed', async () => {
    const settings: Settings = { ...defaultSettings, failurePolicy: 'Ignore' };
    const { post, finished } = buildGate({ settings: () => settings });
    const { status, body } = await post('/validate', text);
    expect([status, body.response]).toEqual([
      200,
      {
        uid,
        allowed: false,
        status: {
          code: 413,
          reason: 'RequestEntityTooLarge',
          message: expect.stringContaining('make the object smaller'),
        },
      },
    ]);
    expect(finished[0]).toMatchObject({ uid, answer: { verdict: 'denied' } });
    expect((await post('/mutate', text)).body.response).toEqual({ uid, allowed: true });
  });

  test.each(['warn', 'off'] as const)('is allowed in mode %s', async (mode) => {
    const { post } = buildGate({ settings: () => ({ ...defaultSettings, mode }) });
    const { response } = (await post('/validate', text)).body;
    expect([response?.allowed, response?.warnings?.length]).toEqual([true, mode === 'warn' ? 1 : undefined]);
  });

  test('is a failed call if its uid is not found without parsing', async () => {
    const { status, body } = await buildGate().post('/validate', text.replace('"request":', '"request" :'));
    expect([status, body.message]).toEqual([413, expect.stringContaining('125,000 keys')]);
  });

  test('is not a review with much text', async () => {
    const wordy = orchestration([{ ...checkpoint('a'), with: { a: '\\"{},[:'.repeat(500_000) } }]);
    expect((await buildGate().post('/validate', review(wordy))).body.response?.allowed).toBe(true);
  });

  test('is not a review of 1,000 steps with 256 dependencies each, in both objects', async () => {
    const steps = Array.from({ length: 1000 }, (_, i) => ({
      ...checkpoint(`${i}`, ...Array.from({ length: 256 }, (_, j) => `${j}`)),
      with: { a: '1', b: '2', c: '3' },
    }));
    const change = review(orchestration(steps), { operation: 'UPDATE', oldObject: orchestration(steps.slice(1)) });
    const { response } = (await buildGate().post('/validate?timeout=30s', change)).body;
    expect([response?.allowed, response?.status?.code]).toEqual([false, 422]);
  });
});
