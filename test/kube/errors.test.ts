import { describe, expect, test } from 'vitest';
import { errorFromAnswer, errorFromStatus } from '../../src/kube/errors.ts';

const status = (code: number, reason: string, more: object = {}) =>
  JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    code,
    reason,
    message: `because ${reason}`,
    ...more,
  });

describe('an answer of the API server', () => {
  test.each([
    [409, 'AlreadyExists', 'AlreadyExists'],
    [409, 'Conflict', 'Conflict'],
    [404, 'NotFound', 'NotFound'],
    [403, 'Forbidden', 'Forbidden'],
    [422, 'Invalid', 'Invalid'],
    [400, 'BadRequest', 'Invalid'],
    [413, 'RequestEntityTooLarge', 'Invalid'],
    [410, 'Expired', 'Expired'],
    [410, 'Gone', 'Expired'],
    [401, 'Unauthorized', 'Unauthorized'],
    [429, 'TooManyRequests', 'TooManyRequests'],
    [500, 'InternalError', 'Unavailable'],
    [503, 'ServiceUnavailable', 'Unavailable'],
    [504, 'Timeout', 'Unavailable'],
    [500, 'ServerTimeout', 'Unavailable'],
    [402, 'PaymentRequired', 'Unknown'],
    [404, 'toString', 'NotFound'],
    // A webhook can choose any code and reason.
    [500, 'Invalid', 'Invalid'],
    [418, 'Conflict', 'Conflict'],
  ])('of status %i with reason %s is %s, with its own message', (code, reason, expected) => {
    expect(errorFromAnswer(code, status(code, reason))).toMatchObject({
      reason: expected,
      code,
      message: `because ${reason}`,
    });
  });

  test.each([
    [404, '404 page not found\n', 'NotFound', '404 page not found'],
    [409, '', 'Conflict', 'the API server answered with status 409'],
    [502, '<html>bad gateway</html>', 'Unavailable', '<html>bad gateway</html>'],
    [507, '[]', 'Unavailable', '[]'],
    [418, '{"reason":"AlreadyExists"}', 'Unknown', '{"reason":"AlreadyExists"}'],
  ])('of status %i that is not a Status is classified by its code', (code, text, reason, message) => {
    expect(errorFromAnswer(code, text)).toMatchObject({ reason, message });
  });

  test.each([
    'etcdserver: request is too large',
    'rpc error: code = ResourceExhausted desc = trying to send message larger than max (2622061 vs. 2097152)',
  ])('is not retried if etcd rejects the object for its size: %s', (message) => {
    expect(errorFromAnswer(500, JSON.stringify({ kind: 'Status', code: 500, message }))).toMatchObject({
      reason: 'Invalid',
      isTransient: false,
      isOutcomeUnknown: false,
    });
  });

  test('keeps its causes, and only the beginning of foreign text', () => {
    const causes = [{ reason: 'DependencyCycle', message: 'a → b → a', field: 'spec.steps[1].dependsOn[0]' }];
    expect(errorFromAnswer(422, status(422, 'Invalid', { details: { causes: [...causes, 'odd'] } })).causes).toEqual(
      causes,
    );
    expect(errorFromAnswer(502, 'x'.repeat(5_000)).message).toHaveLength(200);
  });

  test('says how long to wait in its header, or else in its details', () => {
    const later = status(429, 'TooManyRequests', { details: { retryAfterSeconds: 7 } });
    expect(errorFromAnswer(429, later, '3').retryAfterMs).toBe(3_000);
    expect(errorFromAnswer(429, later).retryAfterMs).toBe(7_000);
    expect(errorFromAnswer(503, '', 'Wed, 21 Oct 2026 07:28:00 GMT').retryAfterMs).toBeUndefined();
    expect(errorFromAnswer(503, '', '0').retryAfterMs).toBeUndefined();
  });
});

test('an error that can go away by itself is transient, and only after a 5xx is the outcome unknown', () => {
  const properties = (code: number) => {
    const { reason, isTransient, isOutcomeUnknown } = errorFromStatus({ code });
    return [reason, isTransient, isOutcomeUnknown];
  };
  expect([401, 403, 409, 410, 422, 429, 500, 503].map(properties)).toEqual([
    ['Unauthorized', true, false],
    ['Forbidden', false, false],
    ['Conflict', false, false],
    ['Expired', false, false],
    ['Invalid', false, false],
    ['TooManyRequests', true, false],
    ['Unavailable', true, true],
    ['Unavailable', true, true],
  ]);
});
