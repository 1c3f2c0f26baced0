import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { loadKubeconfig, readUserContext } from '../../src/kube/kubeconfig.ts';
import type { PluginHost } from '../../src/kube/kubeconfig-user.ts';
import { makeFolder } from '../support/folder.ts';
import { pluginHost } from '../support/kube.ts';
import { base64, makeKubeconfig, pluginOf } from '../support/kubeconfig.ts';

describe('a kubeconfig', () => {
  test('gives inline and mounted credentials', async () => {
    const inline = await makeKubeconfig(
      { token: 't', 'client-certificate-data': base64('cert'), 'client-key-data': base64('key') },
      { 'certificate-authority-data': base64('ca'), 'tls-server-name': 'kubernetes' },
    );
    expect(await loadKubeconfig(inline.path, pluginHost)(false)).toEqual({
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
    expect((await loadKubeconfig(mounted.path, pluginHost)(false)).tls).toMatchObject({
      ca: 'ca',
      cert: 'cert',
      key: 'key',
    });
  });

  test('gives a password, and skips the verification of the server if it says so', async () => {
    const { path } = await makeKubeconfig({ username: 'me', password: 'pw' }, { 'insecure-skip-tls-verify': true });
    expect(await loadKubeconfig(path, pluginHost)(false)).toMatchObject({
      headers: { authorization: `Basic ${base64('me:pw')}` },
      tls: { ca: undefined, rejectUnauthorized: false },
    });
  });

  test('prints no line of the file, whatever the parser warns of', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const { path } = await makeKubeconfig({ token: 'secret' });
    const folder = await makeFolder({ config: (await readFile(path, 'utf8')).replace('"secret"', '!tagged "secret"') });
    const { headers } = await loadKubeconfig(join(folder, 'config'), pluginHost)(false);
    expect(headers).toEqual({ authorization: 'Bearer secret' });
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });

  test('is read at each load', async () => {
    const { path } = await makeKubeconfig({ token: 'first' });
    const load = loadKubeconfig(path, pluginHost);
    await load(false);
    const other = await makeKubeconfig({ token: 'second' });
    await rename(other.path, path);
    expect((await load(false)).headers).toEqual({ authorization: 'Bearer second' });
  });

  test('starts its plugin once, and again if the credentials expire or are rejected', async () => {
    const plugin = pluginOf(`
      const { appendFileSync, readFileSync } = require('node:fs');
      appendFileSync(__dirname + '/starts', '.');
      status.token = 'token-' + readFileSync(__dirname + '/starts', 'utf8').length;
      status.expirationTimestamp = '2026-01-01T00:00:00Z';
    `);
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: './plugin' };
    const { path } = await makeKubeconfig({ exec }, {}, { plugin });
    const clock = { nowMs: Date.UTC(2025, 11, 31) };
    const load = loadKubeconfig(path, { ...pluginHost, now: () => clock.nowMs });
    const tokens = [await load(false), await load(false), await load(true), await load(false)];
    clock.nowMs = Date.UTC(2026, 0, 1);
    tokens.push(await load(false));
    expect(tokens.map(({ headers }) => headers['authorization'])).toEqual(
      [1, 1, 2, 2, 3].map((n) => `Bearer token-${n}`),
    );
  });

  test.each([
    ['nowhere', 'the credential plugin nowhere is not installed\nnpm install nowhere'],
    ['./fails', 'fails failed: no session'],
    ['./babbles', 'babbles printed no JSON'],
    ['./gives-nothing', 'gives-nothing gave neither a token nor a certificate'],
  ])('says what is wrong with the plugin %s', async (command, sentence) => {
    const files = {
      fails: '#!/bin/sh\necho no session >&2\nexit 1\n',
      babbles: '#!/bin/sh\necho hello\n',
      'gives-nothing': pluginOf(''),
    };
    const { path } = await makeKubeconfig({ exec: { command, installHint: 'npm install nowhere' } }, {}, files);
    await expect(loadKubeconfig(path, pluginHost)(false)).rejects.toThrow(sentence);
  });

  test.each(['azure', 'gcp'])(
    'gives the access-token of %s until it expires, and then the token of its program',
    async (name) => {
      const folder = await makeFolder({
        program: `#!/bin/sh\necho '{"credential":{"token":"'$1'","expiry":"2026-01-03T00:00:00Z"}}'\n`,
      });
      const config = {
        ...{ 'access-token': 'first', expiry: '2026-01-02T00:00:00Z' },
        ...{ 'cmd-path': join(folder, 'program'), 'cmd-args': 'second' },
        ...{ 'token-key': '{.credential.token}', 'expiry-key': '{.credential.expiry}' },
      };
      const { path } = await makeKubeconfig({ 'auth-provider': { name, config } });
      const tokenOn = async (day: number) => {
        const load = loadKubeconfig(path, { ...pluginHost, now: () => Date.UTC(2026, 0, day) });
        return (await load(false)).headers['authorization'];
      };
      expect([await tokenOn(1), await tokenOn(2)]).toEqual(['Bearer first', 'Bearer second']);
    },
  );

  test.each([
    ['azure', { 'access-token': 't', 'expires-on': '1' }, 'the access-token of user u has expired'],
    ['oidc', { 'id-token': 'e30.e30.' }, 'the id-token of user u has expired'],
    ['other', {}, 'unknown auth-provider "other"'],
  ])('says that there is no token of %s', async (name, config, sentence) => {
    const { path } = await makeKubeconfig({ 'auth-provider': { name, config } });
    await expect(loadKubeconfig(path, pluginHost)(false)).rejects.toThrow(sentence);
  });

  test('that names no cluster or user, a proxy, or a server without TLS fails with an error that names the field', async () => {
    const { path } = await makeKubeconfig({}, { 'proxy-url': 'http://proxy' });
    await expect(loadKubeconfig(path, pluginHost)(false)).rejects.toThrow('proxy-url of cluster c');
    const plain = await makeKubeconfig({}, { server: 'http://api' });
    await expect(loadKubeconfig(plain.path, pluginHost)(false)).rejects.toThrow('cluster c of the kubeconfig is http');
    const content = { clusters: [{ name: 'c', cluster: { server: 'https://api' } }], 'current-context': 'x' };
    const contexts = [{ name: 'x', context: { cluster: 'c', user: 'gone' } }];
    const orphan = await makeFolder({ config: JSON.stringify({ ...content, contexts }) });
    await expect(loadKubeconfig(join(orphan, 'config'), pluginHost)(false)).rejects.toThrow('"x" names no user');
    const empty = await makeFolder({ config: '{"current-context":"prod"}' });
    await expect(loadKubeconfig(join(empty, 'config'), pluginHost)(false)).rejects.toThrow('current context "prod"');
  });
});

const hostOf = (environment: PluginHost['environment']): PluginHost => ({ ...pluginHost, environment });

describe('the context of a user', () => {
  const context = (name: string, namespace?: string) => ({ name, context: { cluster: name, user: name, namespace } });
  const config = (current: string, ...names: string[]) =>
    JSON.stringify({
      clusters: names.map((name) => ({ name, cluster: { server: `https://${name}` } })),
      users: names.map((name) => ({ name, user: { token: name } })),
      contexts: names.map((name) => context(name, name === 'one' ? 'ci' : undefined)),
      'current-context': current,
    });

  test('is the current context of the given file, with its namespace', async () => {
    const folder = await makeFolder({ config: config('one', 'one', 'two') });
    const kubeconfig = join(folder, 'config');
    const chosen = readUserContext({ kubeconfig }, hostOf({ KUBECONFIG: '/nowhere' }));
    expect([chosen.context, chosen.namespace, (await chosen.load(false)).server]).toEqual(['one', 'ci', 'https://one']);
    expect(readUserContext({ kubeconfig, context: 'two' }, hostOf({}))).toMatchObject({
      context: 'two',
      namespace: 'default',
    });
  });

  test('comes from the files of KUBECONFIG, of which the first wins, or else from the home folder', async () => {
    const folder = await makeFolder({ a: config('one', 'one'), b: config('two', 'one', 'two') });
    const [a, b] = [join(folder, 'a'), join(folder, 'b')];
    const environment = { KUBECONFIG: `${a}:/nowhere:${b}` };
    expect(readUserContext({}, hostOf(environment)).context).toBe('one');
    expect((await readUserContext({ context: 'two' }, hostOf(environment)).load(false)).server).toBe('https://two');
    await mkdir(join(folder, '.kube'));
    await rename(b, join(folder, '.kube/config'));
    expect(readUserContext({}, hostOf({ HOME: folder })).context).toBe('two');
  });

  test('stays the same if another context becomes current', async () => {
    const folder = await makeFolder({ config: config('one', 'one', 'two') });
    const kubeconfig = join(folder, 'config');
    const { load } = readUserContext({ kubeconfig }, hostOf({}));
    await writeFile(kubeconfig, config('two', 'one', 'two'));
    expect((await load(false)).server).toBe('https://one');
  });

  test.each([
    [{ kubeconfig: '/nowhere' }, {}, 'there is no kubeconfig "/nowhere"'],
    [{}, { HOME: '/nowhere' }, 'no kubeconfig: there is no /nowhere/.kube/config; name one with --kubeconfig'],
    [{}, { KUBECONFIG: '/nowhere:/nor-here' }, 'no kubeconfig: KUBECONFIG names /nowhere, /nor-here; name one with'],
  ])('of %j in %j is missing, and the error says how to name one', (choice, environment, sentence) => {
    expect(() => readUserContext(choice, hostOf(environment))).toThrow(sentence);
  });

  test('that does not exist fails with a list of those that do', async () => {
    const folder = await makeFolder({ config: config('', 'one', 'two'), broken: '{' });
    const kubeconfig = join(folder, 'config');
    expect(() => readUserContext({ kubeconfig, context: 'tow' }, hostOf({}))).toThrow('no context "tow" in');
    expect(() => readUserContext({ kubeconfig }, hostOf({}))).toThrow('no current context is set in');
  });

  test.each([
    ['users: [', 'it is not valid YAML at line 1, column 9'],
    ['users:\n- user: {token: *hidden}', 'it is not valid YAML'],
    ['users:\n- user:\n    token: |hidden', 'it is not valid YAML at line 3, column 13'],
  ])('%j is no YAML, and the error says where without a word of it', async (text, why) => {
    const kubeconfig = join(await makeFolder({ config: text }), 'config');
    expect(() => readUserContext({ kubeconfig }, hostOf({}))).toThrow(
      new Error(`the kubeconfig ${JSON.stringify(kubeconfig)} cannot be read: ${why}`),
    );
  });
});
