import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Credentials, createCredentialCache, loadInCluster } from '../../src/kube/credentials.ts';
import { loadKubeconfig, readUserContext } from '../../src/kube/kubeconfig.ts';
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

async function makeFolder(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'credentials-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

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

/** A kubeconfig whose user and cluster have these fields too. */
async function makeKubeconfig(user: object, cluster: object = {}, files: Readonly<Record<string, string>> = {}) {
  const content = {
    clusters: [{ name: 'c', cluster: { server: 'https://api:6443/', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  const folder = await makeFolder({ ...files, config: JSON.stringify(content) });
  return { folder, path: join(folder, 'config') };
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('a kubeconfig', () => {
  test('gives inline and mounted credentials', async () => {
    const inline = await makeKubeconfig(
      { token: 't', 'client-certificate-data': base64('cert'), 'client-key-data': base64('key') },
      { 'certificate-authority-data': base64('ca'), 'tls-server-name': 'kubernetes' },
    );
    expect(await loadKubeconfig(inline.path)(false)).toEqual({
      server: 'https://api:6443',
      headers: { authorization: 'Bearer t' },
      tls: { ca: 'ca', cert: 'cert', key: 'key', servername: 'kubernetes', rejectUnauthorized: true },
    });
    const files = { 'my.crt': 'cert', 'my.key': 'key', 'ca.crt': 'ca' };
    const mounted = await makeKubeconfig(
      { 'client-certificate': 'my.crt', 'client-key': 'my.key' },
      { 'certificate-authority': 'ca.crt' },
      files,
    );
    expect((await loadKubeconfig(mounted.path)(false)).tls).toMatchObject({ ca: 'ca', cert: 'cert', key: 'key' });
  });

  test('gives a password, and no trust in the server where it says so', async () => {
    const { path } = await makeKubeconfig({ username: 'me', password: 'pw' }, { 'insecure-skip-tls-verify': true });
    expect(await loadKubeconfig(path)(false)).toMatchObject({
      headers: { authorization: `Basic ${base64('me:pw')}` },
      tls: { ca: undefined, rejectUnauthorized: false },
    });
  });

  test('is read at each load', async () => {
    const { path } = await makeKubeconfig({ token: 'first' });
    const load = loadKubeconfig(path);
    await load(false);
    const other = await makeKubeconfig({ token: 'second' });
    await rename(other.path, path);
    expect((await load(false)).headers).toEqual({ authorization: 'Bearer second' });
  });

  test('has its plugin started once, and again when what that gave is refused', async () => {
    const script = `
      const { appendFileSync, readFileSync } = require('node:fs');
      appendFileSync(__dirname + '/starts', '.');
      const token = 'token-' + readFileSync(__dirname + '/starts', 'utf8').length;
      console.log(JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token } }));
    `;
    const folder = await makeFolder({ 'plugin.cjs': script });
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: process.execPath,
      args: [join(folder, 'plugin.cjs')],
    };
    const { path } = await makeKubeconfig({ exec });
    const load = loadKubeconfig(path);
    const tokens = [await load(false), await load(false), await load(true), await load(false)];
    expect(tokens.map(({ headers }) => headers['authorization'])).toEqual([1, 1, 2, 2].map((n) => `Bearer token-${n}`));
  });

  test('that names no cluster, or a proxy, is refused with what to look at', async () => {
    const { path } = await makeKubeconfig({}, { 'proxy-url': 'http://proxy' });
    await expect(loadKubeconfig(path)(false)).rejects.toThrow('proxy-url of cluster c');
    const empty = await makeFolder({ config: '{"current-context":"prod"}' });
    await expect(loadKubeconfig(join(empty, 'config'))(false)).rejects.toThrow('current context "prod"');
  });
});

describe('the context that a person means', () => {
  const context = (name: string, namespace?: string) => ({ name, context: { cluster: name, user: name, namespace } });
  const config = (current: string, ...names: string[]) =>
    JSON.stringify({
      clusters: names.map((name) => ({ name, cluster: { server: `https://${name}` } })),
      users: names.map((name) => ({ name, user: { token: name } })),
      contexts: names.map((name) => context(name, name === 'one' ? 'ci' : undefined)),
      'current-context': current,
    });

  test('is the current one of the file that is named, with its namespace', async () => {
    const folder = await makeFolder({ config: config('one', 'one', 'two') });
    const kubeconfig = join(folder, 'config');
    const chosen = readUserContext({ kubeconfig }, { KUBECONFIG: '/nowhere' });
    expect([chosen.context, chosen.namespace, (await chosen.load(false)).server]).toEqual(['one', 'ci', 'https://one']);
    expect(readUserContext({ kubeconfig, context: 'two' }, {})).toMatchObject({ context: 'two', namespace: 'default' });
  });

  test('is looked for in all files of KUBECONFIG, the first word counting, and else in the home folder', async () => {
    const folder = await makeFolder({ a: config('one', 'one'), b: config('two', 'one', 'two') });
    const [a, b] = [join(folder, 'a'), join(folder, 'b')];
    const environment = { KUBECONFIG: `${a}:/nowhere:${b}` };
    expect(readUserContext({}, environment).context).toBe('one');
    expect((await readUserContext({ context: 'two' }, environment).load(false)).server).toBe('https://two');
    await mkdir(join(folder, '.kube'));
    await rename(b, join(folder, '.kube/config'));
    expect(readUserContext({}, { HOME: folder }).context).toBe('two');
  });

  test('stays the same when another one becomes current', async () => {
    const folder = await makeFolder({ config: config('one', 'one', 'two') });
    const kubeconfig = join(folder, 'config');
    const { load } = readUserContext({ kubeconfig }, {});
    await writeFile(kubeconfig, config('two', 'one', 'two'));
    expect((await load(false)).server).toBe('https://one');
  });

  test.each([
    [{ kubeconfig: '/nowhere' }, {}, 'there is no kubeconfig "/nowhere"'],
    [{}, { HOME: '/nowhere' }, 'no kubeconfig: there is no /nowhere/.kube/config; name one with --kubeconfig'],
    [{}, { KUBECONFIG: '/nowhere:/nor-here' }, 'no kubeconfig: KUBECONFIG names /nowhere, /nor-here; name one with'],
  ])('of %j in %j is asked for in a sentence', (choice, environment, sentence) => {
    expect(() => readUserContext(choice, environment)).toThrow(sentence);
  });

  test('that is not there is answered with those that are', async () => {
    const folder = await makeFolder({ config: config('', 'one', 'two'), broken: '{' });
    const kubeconfig = join(folder, 'config');
    expect(() => readUserContext({ kubeconfig, context: 'tow' }, {})).toThrow('no context "tow" in');
    expect(() => readUserContext({ kubeconfig }, {})).toThrow('no current context is set in');
    expect(() => readUserContext({ kubeconfig: join(folder, 'broken') }, {})).toThrow('cannot be read');
  });
});
