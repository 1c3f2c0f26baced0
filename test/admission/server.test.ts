import { describe, expect, test } from 'vitest';
import { defaultSettings } from '../../src/orchestration/settings.ts';
import { checkpoint, cycle, orchestration, review } from '../support/reviews.ts';
import { buildGate } from '../support/server.ts';

const sequence = orchestration([checkpoint('a'), checkpoint('b')]);

describe('a review', () => {
  test('that is denied is answered in its own words', async () => {
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

  test('that changes nothing carries no patch at all', async () => {
    const { response } = (await buildGate().post('/mutate', review(orchestration(cycle)))).body;
    expect(response).toEqual({ uid: '7d2f3a4e', allowed: true });
  });

  test.each(['"', '\u0000', '💥', 'x'.repeat(100_000), ' '])('with an odd uid is answered to it: %#', async (uid) => {
    const { body } = await buildGate().post('/validate', review(sequence, { uid }));
    expect(body.response).toMatchObject({ uid, allowed: true });
  });

  test('is told of once, with its verdict and without its object', async () => {
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
    expect(count).toEqual({ started: 4, ended: 4 });
  });

  test('meets the settings of its own time', async () => {
    let mode: 'enforce' | 'off' = 'enforce';
    const { post } = buildGate({ settings: () => ({ ...defaultSettings, mode }) });
    const isAllowed = async () => (await post('/validate', review(orchestration(cycle)))).body.response?.allowed;
    expect(await isAllowed()).toBe(false);
    mode = 'off';
    expect(await isAllowed()).toBe(true);
  });
});

describe('what has a uid and is no AdmissionReview of v1', () => {
  const { request } = review(orchestration(cycle));

  test.each([
    ['of v1beta1', { apiVersion: 'admission.k8s.io/v1beta1', kind: 'AdmissionReview', request }],
    ['of another kind', { apiVersion: 'admission.k8s.io/v1', kind: 'TokenReview', request }],
    ['of no kind', { request }],
  ])('is refused by /validate, and let pass by /mutate: %s', async (_, body) => {
    const { post } = buildGate();
    const refused = await post('/validate', body);
    expect(refused.status).toBe(200);
    expect(refused.body.response).toEqual({
      uid: '7d2f3a4e',
      allowed: false,
      status: {
        code: 400,
        reason: 'BadRequest',
        message: 'the body is no AdmissionReview of admission.k8s.io/v1',
      },
    });
    expect((await post('/mutate', body)).body.response).toEqual({ uid: '7d2f3a4e', allowed: true });
  });
});

describe('what has no uid is told why nobody can be answered', () => {
  const noRequest = 'the body is no AdmissionReview: it has no request';
  const noUid = 'the AdmissionReview has no request.uid: there is nothing to answer to';

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
    ['{', "Body is not valid JSON but content-type is set to 'application/json'"],
    ['', "Body cannot be empty when content-type is set to 'application/json'"],
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
      { message: `nothing answers ${method} here: POST an AdmissionReview to /validate or /mutate` },
    ]);
  });
});

describe('the deadline', () => {
  /** A gate whose clock moves on by so many milliseconds each time it is asked. */
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
    ['/validate?timeout=2s', 900, 'allowed'],
    ['/validate?timeout=1s', 1100, 'deadline'],
    ['/validate', 2400, 'allowed'],
    ['/validate', 2600, 'deadline'],
    ['/validate?timeout=never', 2600, 'deadline'],
    ['/validate?timeout=10s&timeout=20s', 2600, 'deadline'],
    ['/validate?timeout=10s', 2600, 'allowed'],
    ['/validate?timeout=9h', 2400, 'allowed'],
  ])('of %s, on a clock that moves by %i ms a look: %s', async (path, stepMs, verdict) => {
    const expected = verdict === 'deadline' ? ['deadline', false, 504] : ['allowed', true, undefined];
    expect(await verdictOf(slowGate(stepMs), path)).toEqual(expected);
  });

  test('is answered by the failure policy', async () => {
    expect(await verdictOf(slowGate(9000, 'Ignore'), '/validate')).toEqual(['deadline', true, undefined]);
    expect(await verdictOf(slowGate(9000), '/mutate')).toEqual(['deadline', true, undefined]);
  });
});

test('a gate with no room in flight says so at once', async () => {
  const { post, finished } = buildGate({ maxInFlight: 0 });
  const { status, body } = await post('/validate', review(sequence));
  expect([status, body.response?.status?.code, finished[0]?.answer.verdict]).toEqual([200, 429, 'overloaded']);
});

test('gives up no connection before an API server does, which is after 90 s, whether it was used or not', () => {
  const { server } = buildGate().app;
  for (const limit of ['keepAliveTimeout', 'headersTimeout', 'requestTimeout'] as const)
    expect(server[limit], limit).toBeGreaterThan(90_000);
});
