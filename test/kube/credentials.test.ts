import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Credentials, createCredentialCache, loadInCluster } from '../../src/kube/credentials.ts';
import { makeFolder } from '../support/folder.ts';
import { createFakeTiming, silentLog } from '../support/timing.ts';

const credentials = (token: string): Credentials => ({
  server: 'https://api',
  headers: { authorization: `Bearer ${token}` },
  tls: { ca: 'ca', rejectUnauthorized: true },
});

/** A cache over credentials that change as the test wants; `loads` has an entry for each reading, true if forced. */
function cached() {
  const timing = createFakeTiming();
  const source = { token: 'first', isBroken: false };
  const loads: boolean[] = [];
  const load = (isRefused: boolean) => {
    loads.push(isRefused);
    return source.isBroken ? Promise.reject(new Error('no file')) : Promise.resolve(credentials(source.token));
  };
  return { cache: createCredentialCache(load, timing, silentLog), timing, source, loads };
}

describe('credentials in use', () => {
  test('are read once for all who ask at once, and anew after a minute', async () => {
    const { cache, timing, source, loads } = cached();
    await Promise.all([cache.get(), cache.get()]);
    source.token = 'second';
    await timing.advance(59_999);
    expect(await cache.get()).toEqual(credentials('first'));
    await timing.advance(1);
    expect(await cache.get()).toEqual(credentials('second'));
    expect(loads).toEqual([false, false]);
  });

  test('stay the same object as long as they say the same', async () => {
    const { cache, timing } = cached();
    const first = await cache.get();
    await timing.advance(60_000);
    expect(await cache.get()).toBe(first);
  });

  test('that are refused are read anew, once for all who were refused', async () => {
    const { cache, timing, source, loads } = cached();
    const first = await cache.get();
    await timing.advance(1_000);
    source.token = 'second';
    cache.expire(first);
    cache.expire(first);
    const renewing = [cache.get(), cache.get()];
    cache.expire(first);
    const renewed = await Promise.all(renewing);
    cache.expire(first);
    await timing.advance(1_000);
    expect([...renewed, await cache.get()]).toEqual(Array(3).fill(credentials('second')));
    expect(loads).toEqual([false, true]);
  });

  test('are not read more than once a second, however often they are refused', async () => {
    const { cache, timing, loads } = cached();
    for (let tenths = 0; tenths < 50; tenths++) {
      cache.expire(await cache.get());
      await timing.advance(100);
    }
    expect(loads).toHaveLength(5);
  });

  test('that cannot be read anew are kept, and asked for again', async () => {
    const { cache, timing, source } = cached();
    await cache.get();
    source.isBroken = true;
    await timing.advance(60_000);
    expect(await cache.get()).toEqual(credentials('first'));
    source.isBroken = false;
    source.token = 'second';
    await timing.advance(1_000);
    expect(await cache.get()).toEqual(credentials('second'));
  });

  test('that never could be read are an error', async () => {
    const { cache, source } = cached();
    source.isBroken = true;
    await expect(cache.get()).rejects.toThrow('no file');
  });

  test('that are not there in time are an error, and are asked for again', async () => {
    const timing = createFakeTiming();
    const answers = [Promise.withResolvers<Credentials>().promise, Promise.resolve(credentials('first'))];
    const cache = createCredentialCache(() => answers.shift() ?? Promise.reject(new Error('again')), timing, silentLog);
    const waiting = expect(cache.get()).rejects.toThrow('more than 10 s');
    await timing.advance(10_000);
    await waiting;
    expect(await cache.get()).toEqual(credentials('first'));
  });

  test('are read anew when they are said to be old', async () => {
    const { cache, timing, source } = cached();
    await cache.get();
    source.token = 'second';
    await timing.advance(1_000);
    cache.expire();
    expect(await cache.get()).toEqual(credentials('second'));
  });
});

describe('in a cluster', () => {
  test('token and CA are those of the mounted files, at each load', async () => {
    const folder = await makeFolder({ token: 'first\n', 'ca.crt': 'ca' });
    const load = loadInCluster({ host: '10.0.0.1', port: '443', folder });
    expect(await load(false)).toEqual({ ...credentials('first'), server: 'https://10.0.0.1:443' });
    await writeFile(join(folder, 'token'), 'second');
    expect((await load(false)).headers).toEqual(credentials('second').headers);
  });

  test('the address may be one of IPv6', async () => {
    const folder = await makeFolder({ token: 't', 'ca.crt': 'ca' });
    expect((await loadInCluster({ host: 'fd00::1', port: '443', folder })(false)).server).toBe('https://[fd00::1]:443');
  });
});
