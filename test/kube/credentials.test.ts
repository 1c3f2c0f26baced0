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

/** A cache over credentials that the test changes. `loads` has an entry for each read; true means forced. */
function cached() {
  const timing = createFakeTiming();
  const source = { token: 'first', isBroken: false };
  const loads: boolean[] = [];
  const load = (isRejected: boolean) => {
    loads.push(isRejected);
    return source.isBroken ? Promise.reject(new Error('no file')) : Promise.resolve(credentials(source.token));
  };
  return { cache: createCredentialCache(load, timing, silentLog), timing, source, loads };
}

describe('credentials in use', () => {
  test('are read once for concurrent callers, and again after a minute', async () => {
    const { cache, timing, source, loads } = cached();
    await Promise.all([cache.get(), cache.get()]);
    source.token = 'second';
    await timing.advance(59_999);
    expect(await cache.get()).toEqual(credentials('first'));
    await timing.advance(1);
    expect(await cache.get()).toEqual(credentials('second'));
    expect(loads).toEqual([false, false]);
  });

  test('stay the same object while their content is the same', async () => {
    const { cache, timing } = cached();
    const first = await cache.get();
    await timing.advance(60_000);
    expect(await cache.get()).toBe(first);
  });

  test('are read again after a rejection, once for all rejected calls', async () => {
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

  test('are read at most once a second, however often they are rejected', async () => {
    const { cache, timing, loads } = cached();
    for (let tenths = 0; tenths < 50; tenths++) {
      cache.expire(await cache.get());
      await timing.advance(100);
    }
    expect(loads).toHaveLength(5);
  });

  test('are kept if a new read fails, and the read is retried', async () => {
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

  test('are an error if they were never readable', async () => {
    const { cache, source } = cached();
    source.isBroken = true;
    await expect(cache.get()).rejects.toThrow('no file');
  });

  test('are an error if the read takes too long, and the read is retried', async () => {
    const timing = createFakeTiming();
    const answers = [Promise.withResolvers<Credentials>().promise, Promise.resolve(credentials('first'))];
    const cache = createCredentialCache(() => answers.shift() ?? Promise.reject(new Error('again')), timing, silentLog);
    const waiting = expect(cache.get()).rejects.toThrow('more than 10 s');
    await timing.advance(10_000);
    await waiting;
    expect(await cache.get()).toEqual(credentials('first'));
  });

  test('are read again after they are marked as old', async () => {
    const { cache, timing, source } = cached();
    await cache.get();
    source.token = 'second';
    await timing.advance(1_000);
    cache.expire();
    expect(await cache.get()).toEqual(credentials('second'));
  });
});

describe('in a cluster', () => {
  test('token and CA come from the mounted files at each load', async () => {
    const folder = await makeFolder({ token: 'first\n', 'ca.crt': 'ca' });
    const load = loadInCluster({ host: '10.0.0.1', port: '443', folder });
    expect(await load(false)).toEqual({ ...credentials('first'), server: 'https://10.0.0.1:443' });
    await writeFile(join(folder, 'token'), 'second');
    expect((await load(false)).headers).toEqual(credentials('second').headers);
  });

  test('the address can be an IPv6 address', async () => {
    const folder = await makeFolder({ token: 't', 'ca.crt': 'ca' });
    expect((await loadInCluster({ host: 'fd00::1', port: '443', folder })(false)).server).toBe('https://[fd00::1]:443');
  });
});
