import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createSidePort, type SidePortOptions } from '../../src/runtime/side-port.ts';

test.each([
  ['/livez', {}, 200, 'ok\n'],
  ['/livez', { isLive: () => false }, 503, 'not live\n'],
  ['/readyz?verbose', {}, 200, 'ok\n'],
  [
    '/readyz',
    { unreadyReasons: () => ['no certificate yet', 'shutting down'] },
    503,
    'not ready\n- no certificate yet\n- shutting down\n',
  ],
  ['/metrics', {}, 200, 'up 1\n'],
  ['/', {}, 404, 'not found; the paths are /livez, /readyz, /metrics\n'],
] satisfies [string, Partial<SidePortOptions>, number, string][])(
  'GET %s with %o answers %i',
  async (path, options, status, body) => {
    const { get } = await start(options);
    const response = await get(path);
    expect(response.status).toBe(status);
    expect(await response.text()).toBe(body);
  },
);

test('answers metrics with the content type of the registry', async () => {
  const { get } = await start({});
  expect((await get('/metrics')).headers.get('content-type')).toBe('text/x-metrics');
});

test('rejects other methods and says which are allowed', async () => {
  const { get } = await start({});
  const response = await get('/livez', { method: 'POST', body: 'x' });
  expect(response.status).toBe(405);
  expect(response.headers.get('allow')).toBe('GET, HEAD');
});

test('answers 500 without the cause, which goes to the log', async () => {
  const failure = new Error('collector broke: secret');
  const { get, errors } = await start({
    metrics: { contentType: 'text/x-metrics', metrics: () => Promise.reject(failure) },
  });
  const response = await get('/metrics');
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain('secret');
  expect(errors).toEqual([{ error: failure }]);
});

async function start(options: Partial<SidePortOptions>) {
  const errors: unknown[] = [];
  const server = createSidePort({
    isLive: () => true,
    unreadyReasons: () => [],
    metrics: { contentType: 'text/x-metrics', metrics: () => Promise.resolve('up 1\n') },
    log: { error: (fields: unknown) => void errors.push(fields) },
    ...options,
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const get = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init);
  return { get, errors };
}
