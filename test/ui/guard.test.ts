import { describe, expect, test } from 'vitest';
import { rejectRequest } from '../../src/ui/guard.ts';

const page = { method: 'GET', host: '127.0.0.1:4000', path: '/', authorization: undefined };
const events = { ...page, path: '/api/events', authorization: 'Bearer secret' };
const statusOf = (asked: Partial<typeof events>) => rejectRequest({ ...events, ...asked }, 4000, 'secret')?.status;

describe('the page’s server', () => {
  test('sends the page to clients that use its address, and cluster data to clients with the token', () => {
    expect([rejectRequest(page, 4000, 'secret'), statusOf({}), statusOf({ host: 'localhost:4000' })]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test.each([
    'evil.example',
    'evil.example:4000',
    '127.0.0.1',
    '127.0.0.1:4001',
    'localhost.evil.example:4000',
    undefined,
  ])('rejects the host %s, with or without the token', (host) => {
    expect(rejectRequest({ ...events, host }, 4000, 'secret')?.status).toBe(403);
    expect(rejectRequest({ ...page, host }, 4000, 'secret')?.status).toBe(403);
  });

  test.each([undefined, '', 'secret', 'Bearer ', 'Bearer secre', 'Bearer secrets', 'bearer secret', 'Bearer SECRET'])(
    'sends no cluster data for the authorization %j',
    (authorization) => {
      expect(rejectRequest({ ...events, authorization }, 4000, 'secret')).toEqual({
        status: 401,
        sentence: expect.stringContaining('open the URL that the terminal shows'),
      });
    },
  );

  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', ''])('rejects %s', (method) => {
    expect(statusOf({ method })).toBe(405);
  });
});
