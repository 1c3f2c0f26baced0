import { describe, expect, test } from 'vitest';
import { refuse } from '../../src/ui/guard.ts';

const page = { method: 'GET', host: '127.0.0.1:4000', path: '/', authorization: undefined };
const events = { ...page, path: '/api/events', authorization: 'Bearer secret' };
const statusOf = (asked: Partial<typeof events>) => refuse({ ...events, ...asked }, 4000, 'secret')?.status;

describe('the page’s server', () => {
  test('gives the page to whoever asks by its address, and the cluster to whoever has the token', () => {
    expect([refuse(page, 4000, 'secret'), statusOf({}), statusOf({ host: 'localhost:4000' })]).toEqual([
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
  ])('is not there for the host %s, token or not', (host) => {
    expect(refuse({ ...events, host }, 4000, 'secret')?.status).toBe(403);
    expect(refuse({ ...page, host }, 4000, 'secret')?.status).toBe(403);
  });

  test.each([undefined, '', 'secret', 'Bearer ', 'Bearer secre', 'Bearer secrets', 'bearer secret', 'Bearer SECRET'])(
    'tells nothing of the cluster for the authorization %j',
    (authorization) => {
      expect(refuse({ ...events, authorization }, 4000, 'secret')).toEqual({
        status: 401,
        sentence: expect.stringContaining('open the URL that the terminal shows'),
      });
    },
  );

  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', ''])('does nothing for %s', (method) => {
    expect(statusOf({ method })).toBe(405);
  });
});
