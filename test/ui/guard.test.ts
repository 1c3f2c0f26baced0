import { describe, expect, test } from 'vitest';
import { type Asked, rejectRequest } from '../../src/ui/guard.ts';

const none = { authorization: undefined, origin: undefined, site: undefined, contentType: undefined };
const page = { method: 'GET', host: '127.0.0.1:4000', path: '/', ...none };
const events = { ...page, path: '/api/events', authorization: 'Bearer secret' };
const action = {
  ...{ ...events, method: 'POST', path: '/api/actions', contentType: 'application/json' },
  ...{ origin: 'http://127.0.0.1:4000', site: 'same-origin' },
};
const statusOf = (asked: Partial<Asked>) => rejectRequest({ ...events, ...asked }, 4000, 'secret')?.status;

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

  test.each(['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', ''])('rejects %s', (method) => {
    expect(statusOf({ method })).toBe(405);
  });

  test('carries out an action only for its own page, which has the token and sends JSON', () => {
    const change = (asked: Partial<Asked>) => rejectRequest({ ...action, ...asked }, 4000, 'secret')?.status;
    expect(change({})).toBeUndefined();
    expect(change({ contentType: 'application/json; charset=utf-8' })).toBeUndefined();
    expect(change({ authorization: undefined })).toBe(401);
    for (const path of ['/', '/main.js']) expect(change({ path })).toBe(405);
    for (const contentType of [undefined, '', 'text/plain', 'application/x-www-form-urlencoded', 'text/json'])
      expect(change({ contentType }), contentType).toBe(415);
  });

  test.each([
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { origin: 'http://127.0.0.1:4001' },
    { origin: 'https://127.0.0.1:4000' },
    { origin: 'http://localhost:4000' },
    { site: 'cross-site' },
    { site: 'same-site' },
    { site: 'none' },
  ])('answers no other site, even with the token: %j', (asked) => {
    expect(rejectRequest({ ...action, ...asked }, 4000, 'secret')?.status).toBe(403);
    expect(statusOf(asked)).toBe(403);
  });
});
