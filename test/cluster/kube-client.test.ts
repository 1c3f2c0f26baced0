import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Page } from '../../src/kube/client.ts';
import { loadInCluster } from '../../src/kube/credentials.ts';
import type { Resource } from '../../src/kube/resources.ts';
import type { KubeObject } from '../../src/objects/object.ts';
import { issueCertificateAuthority } from '../../src/tls/issue.ts';
import { sharedCluster, useNamespace } from '../support/controlplane/suite.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { configMap, configMaps, connectKube, failureOf, jobs, type ObservedClient } from '../support/kube.ts';

const cluster = sharedCluster();
const namespace = useNamespace();
let made = 0;
const fresh = (data?: Readonly<Record<string, string>>) => configMap(namespace, `c${++made}`, data);
const dataOf = (object: KubeObject) => object['data'];

describe('a client', () => {
  let client: ObservedClient;

  beforeAll(() => {
    client = connectKube(cluster.kubeconfig);
  });
  afterAll(() => client?.close());

  const make = (data?: Readonly<Record<string, string>>) => client.create(configMaps, fresh(data));
  const at = ({ metadata }: KubeObject) => ({ namespace, name: metadata.name });

  it('creates, reads, patches in three ways, and deletes', async () => {
    const object = await make({ a: '1' });
    const merged = await client.patch(configMaps, at(object), { type: 'merge', body: { data: { b: '2' } } });
    const add = { op: 'add', path: '/data/c', value: '3' };
    await client.patch(configMaps, at(object), { type: 'json', body: [add] });
    const applied = { apiVersion: 'v1', kind: 'ConfigMap', metadata: at(object), data: { d: '4' } };
    const last = await client.patch(
      configMaps,
      at(object),
      { type: 'apply', body: applied },
      { fieldManager: 'tests' },
    );
    expect(dataOf(merged)).toEqual({ a: '1', b: '2' });
    expect(dataOf(last)).toEqual({ a: '1', b: '2', c: '3', d: '4' });
    expect(last.metadata['managedFields']).toContainEqual(
      expect.objectContaining({ manager: 'tests', operation: 'Apply' }),
    );
    expect(await client.get(configMaps, at(object))).toEqual(last);
    await client.delete(configMaps, at(object));
    expect(await failureOf(client.get(configMaps, at(object)))).toMatchObject({ reason: 'NotFound', code: 404 });
  });

  it('takes over fields that another manager applied only by force', async () => {
    const object = fresh({ a: '1' });
    const apply = (a: string, fieldManager: string, force?: boolean) =>
      client.patch(
        configMaps,
        at(object),
        { type: 'apply', body: { ...object, data: { a } } },
        { fieldManager, ...(force ? { force } : {}) },
      );
    await apply('1', 'one');
    expect(await failureOf(apply('2', 'two'))).toMatchObject({
      reason: 'Conflict',
      causes: [{ reason: 'FieldManagerConflict', field: '.data.a' }],
    });
    expect(dataOf(await apply('2', 'two', true))).toEqual({ a: '2' });
  });

  it('writes a status and nothing else', async () => {
    const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } };
    const metadata = { name: 'status', namespace };
    await client.create(jobs, { apiVersion: 'batch/v1', kind: 'Job', metadata, spec: { suspend: true, template } });
    const body = { spec: { parallelism: 7 }, status: { startTime: '2025-11-23T00:00:00Z' } };
    const patched = await client.patch(jobs, metadata, { type: 'merge', body }, { subresource: 'status' });
    expect(patched).toMatchObject({ spec: { parallelism: 1 }, status: body.status });
    expect(client.requests.at(-1)).toBe('patch jobs/status ok');
  });

  it('stores nothing on a dry run', async () => {
    const object = fresh();
    expect((await client.create(configMaps, object, { dryRun: true })).metadata.uid).toBeDefined();
    expect(await failureOf(client.get(configMaps, at(object)))).toMatchObject({ reason: 'NotFound' });
    const kept = await make();
    await client.patch(configMaps, at(kept), { type: 'merge', body: { data: { a: '1' } } }, { dryRun: true });
    await client.delete(configMaps, at(kept), { dryRun: true });
    expect(await client.get(configMaps, at(kept))).toEqual(kept);
  });

  it('changes with a resourceVersion only that version of that object', async () => {
    const object = await make();
    const patch = (of: KubeObject, a: string) =>
      client.patch(configMaps, at(of), {
        type: 'merge',
        body: { metadata: { resourceVersion: of.metadata.resourceVersion }, data: { a } },
      });
    await patch(object, '1');
    expect(await failureOf(patch(object, '2'))).toMatchObject({ reason: 'Conflict', code: 409 });
    await client.delete(configMaps, at(object));
    expect(await failureOf(patch(object, '3'))).toMatchObject({ reason: 'NotFound' });
    const other = await client.create(configMaps, configMap(namespace, object.metadata.name));
    expect(await failureOf(patch(object, '4'))).toMatchObject({ reason: 'Conflict' });
    expect(await client.get(configMaps, at(object))).toEqual(other);
  });

  it('deletes only the object with the given uid', async () => {
    const object = await make();
    const remove = (uid: string | undefined) =>
      client.delete(configMaps, at(object), uid === undefined ? {} : { preconditions: { uid } });
    expect(await failureOf(remove('00000000-0000-0000-0000-000000000000'))).toMatchObject({ reason: 'Conflict' });
    await remove(object.metadata.uid);
    expect(await failureOf(remove(object.metadata.uid))).toMatchObject({ reason: 'NotFound' });
  });

  it('leaves an object that is deleted in the foreground to its dependents', async () => {
    const owner = await make();
    const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: owner.metadata.name, uid: owner.metadata.uid ?? '' };
    const dependent = fresh();
    await client.create(configMaps, {
      ...dependent,
      metadata: {
        ...dependent.metadata,
        finalizers: ['tests/hold'],
        ownerReferences: [{ ...reference, blockOwnerDeletion: true }],
      },
    });
    await client.delete(configMaps, at(owner), { propagationPolicy: 'Foreground' });
    expect((await client.get(configMaps, at(owner))).metadata.deletionTimestamp).toBeDefined();
    await client.patch(configMaps, at(dependent), { type: 'merge', body: { metadata: { finalizers: null } } });
  });

  const revisions: Resource = { ...jobs, group: 'apps', plural: 'controllerrevisions', kind: 'ControllerRevision' };
  const sized = (mebibytes: number): KubeObject => ({
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: { name: 'large', namespace },
    revision: 1,
    data: { a: 'x'.repeat(mebibytes * 1024 * 1024) },
  });

  it('distinguishes the reasons of a failed call', async () => {
    const object = await make();
    const nobody = connectKube(() =>
      Promise.resolve({
        server: cluster.server,
        headers: { authorization: `Bearer ${cluster.adminToken}`, 'impersonate-user': 'nobody' },
        tls: { ca: Buffer.from(cluster.caData, 'base64').toString(), rejectUnauthorized: true },
      }),
    );
    onTestFinished(() => nobody.close());
    const absent: Resource = { ...configMaps, group: 'absent.example', plural: 'things' };
    const failures = await Promise.all(
      [
        client.create(configMaps, configMap(namespace, object.metadata.name)),
        client.create(configMaps, { ...fresh(), data: { a: 1 } }),
        client.create(configMaps, configMap(namespace, 'Not A Name')),
        client.create(configMaps, configMap('absent', 'a')),
        client.create(revisions, sized(1.6)),
        client.create(revisions, sized(2.1)),
        client.create(revisions, sized(4)),
        client.list(absent),
        nobody.list(configMaps, { namespace }),
      ].map(failureOf),
    );
    expect(failures.map(({ reason, code }) => `${reason} ${code}`)).toEqual([
      'AlreadyExists 409',
      'Invalid 400',
      'Invalid 422',
      'NotFound 404',
      'Invalid 500',
      'Invalid 500',
      'Invalid 413',
      'NotFound 404',
      'Forbidden 403',
    ]);
    expect(failures[0]?.message).toBe(`configmaps "${object.metadata.name}" already exists`);
    expect(failures[2]?.causes).toEqual([expect.objectContaining({ field: 'metadata.name' })]);
  });

  it('lists page by page, all at one version, with each item saying what it is', async () => {
    const labels = { list: 'pages' };
    for (let n = 0; n < 5; n++) {
      const { metadata, ...rest } = fresh();
      await client.create(configMaps, { ...rest, metadata: { ...metadata, labels } });
    }
    const pages: Page[] = [];
    for (let next: string | undefined = ''; next !== undefined; next = pages.at(-1)?.continue) {
      const options = { namespace, labelSelector: 'list=pages', limit: 2, ...(next ? { continue: next } : {}) };
      pages.push(await client.list(configMaps, options));
      await make();
    }
    expect(pages.map(({ items }) => items.length)).toEqual([2, 2, 1]);
    expect(new Set(pages.map(({ resourceVersion }) => resourceVersion)).size).toBe(1);
    expect(pages[0]?.items[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
  });

  it('lists things as they were at a version', async () => {
    const object = await make();
    const then = await client.list(configMaps, { namespace });
    await client.delete(configMaps, at(object));
    const { items, resourceVersion } = await client.list(configMaps, { namespace, at: then.resourceVersion });
    expect([items, resourceVersion]).toEqual([then.items, then.resourceVersion]);
  });

  it('selects by field', async () => {
    const { metadata } = await make();
    await make();
    const { items } = await client.list(configMaps, { namespace, fieldSelector: `metadata.name=${metadata.name}` });
    expect(items.map((item) => item.metadata.name)).toEqual([metadata.name]);
  });
});

describe('a client whose calls go wrong', () => {
  let proxy: FaultProxy;
  let kubeconfig: string;
  let client: ObservedClient;
  let before: number;

  beforeAll(async () => {
    proxy = await startFaultProxy(cluster);
    kubeconfig = await proxy.kubeconfig();
  });
  afterAll(() => proxy?.stop());
  beforeEach(() => {
    client = connectKube(kubeconfig, { deadlineMs: 4_000 });
    before = proxy.calls.length;
  });
  afterEach(async () => {
    proxy.follow(undefined);
    await client.close();
    expect(client.sockets.open).toBe(0);
    await expect.poll(() => proxy.connections.open).toBe(0);
  });

  const calls = () => proxy.calls.length - before;
  /** Answers the first `count` calls with this status, then lets all pass. */
  const failFirst = (count: number, status: number, retryAfterSeconds?: number) => {
    let left = count;
    proxy.follow(() => {
      if (left-- <= 0) return undefined;
      return { answer: { status, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) } };
    });
  };

  it.each([429, 500, 503, 504])('repeats a read that is answered with %i', async (status) => {
    failFirst(2, status);
    await client.list(configMaps, { namespace });
    expect(calls()).toBe(3);
    expect(client.retries).toHaveLength(2);
    expect(client.requests.at(-1)).toBe('list configmaps ok');
  });

  it('repeats a write that is answered with 429, and not before Retry-After', async () => {
    failFirst(1, 429, 1);
    const startedAt = performance.now();
    await client.create(configMaps, fresh());
    expect(performance.now() - startedAt).toBeGreaterThan(990);
    expect(calls()).toBe(2);
  });

  it('gives up a call that it may not repeat within the deadline, at once', async () => {
    failFirst(1, 429, 30);
    const startedAt = performance.now();
    const failure = await failureOf(client.create(configMaps, fresh()));
    expect(failure).toMatchObject({ reason: 'TooManyRequests', retryAfterMs: 30_000, isOutcomeUnknown: false });
    expect(performance.now() - startedAt).toBeLessThan(30_000);
  });

  it.each([500, 503, 504])('does not repeat a write that is answered with %i', async (status) => {
    failFirst(1, status, 1);
    const failure = await failureOf(client.create(configMaps, fresh()));
    expect(failure).toMatchObject({ reason: 'Unavailable', isOutcomeUnknown: true, retryAfterMs: 1_000 });
    expect(calls()).toBe(1);
  });

  it('does not repeat a write whose answer is lost: to send it again is to learn that it was done', async () => {
    const object = fresh();
    proxy.follow(() => ({ isReplyLost: true }));
    expect(await failureOf(client.create(configMaps, object))).toMatchObject({ isOutcomeUnknown: true });
    expect(calls()).toBe(1);
    proxy.follow(undefined);
    expect(await failureOf(client.create(configMaps, object))).toMatchObject({ reason: 'AlreadyExists' });
  });

  it('ends a call at its deadline', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    proxy.follow(() => ({ before: () => promise }));
    const startedAt = performance.now();
    const failure = await failureOf(client.create(configMaps, fresh()));
    resolve();
    expect(failure).toMatchObject({
      reason: 'Unavailable',
      isOutcomeUnknown: true,
      message: expect.stringContaining('4 s'),
    });
    expect(performance.now() - startedAt).toBeLessThan(60_000);
    expect(calls()).toBe(1);
  });

  it('ends a call when its caller calls it off, and does not begin one that was', async () => {
    const controller = new AbortController();
    const { promise, resolve } = Promise.withResolvers<void>();
    proxy.follow(() => ({
      before: () => {
        controller.abort();
        return promise;
      },
    }));
    const get = () => client.get(configMaps, { namespace, name: 'a' }, { signal: controller.signal });
    expect(await failureOf(get())).toMatchObject({ reason: 'Aborted', isTransient: false });
    resolve();
    expect(await failureOf(get())).toMatchObject({ reason: 'Aborted' });
    expect(calls()).toBe(1);
  });

  it('takes an answer that is no JSON for none', async () => {
    proxy.follow(() => ({ answer: { status: 200, body: '<html>' } }));
    expect(await failureOf(client.create(configMaps, fresh()))).toMatchObject({
      reason: 'Unavailable',
      isOutcomeUnknown: true,
    });
  });

  it('repeats a write that reached no server', async () => {
    const gone = await startFaultProxy(cluster);
    const lonely = connectKube(await gone.kubeconfig(), { deadlineMs: 2_000 });
    onTestFinished(() => lonely.close());
    await gone.stop();
    const failure = await failureOf(lonely.create(configMaps, fresh()));
    expect(failure).toMatchObject({
      reason: 'Unavailable',
      isOutcomeUnknown: false,
      message: expect.stringContaining('ECONNREFUSED'),
    });
    expect(lonely.retries.length).toBeGreaterThan(1);
  });

  it('keeps to a few sockets however many calls there are, and leaves none', async () => {
    const list = async (_: unknown, worker: number) => {
      for (let n = 0; n < 30; n++) await client.list(configMaps, { namespace, limit: 1 + (worker % 3) });
    };
    const total = proxy.connections.total;
    await Promise.all(Array.from({ length: 100 }, list));
    expect(calls()).toBe(3_000);
    expect(proxy.connections.total - total).toBe(12);
    expect(client.sockets.peak).toBe(12);
  });

  it('keeps to 40 sockets with as many watches as it may have, and every call under way', async () => {
    const held = Promise.withResolvers<void>();
    proxy.follow(({ verb }) => (verb === 'list' ? { before: () => held.promise } : undefined));
    const controller = new AbortController();
    const { signal } = controller;
    const watch = async () => {
      const options = { namespace, resourceVersion: '0', timeoutSeconds: 60, idleTimeoutMs: 60_000, signal };
      for await (const _ of client.watch(configMaps, options));
    };
    const watches = Array.from({ length: 27 }, () => failureOf(watch()));
    const lists = Array.from({ length: 50 }, () => client.list(configMaps, { namespace }));
    await expect.poll(() => proxy.connections.open).toBe(39);
    await client.leaseClient.get(configMaps, { namespace, name: fresh().metadata.name }).catch(() => {});
    expect([client.sockets.open, proxy.connections.open]).toEqual([40, 40]);
    held.resolve();
    await Promise.all(lists);
    controller.abort();
    await Promise.all(watches);
    expect(client.sockets.peak).toBe(40);
  });

  it('ends what is under way when it is closed', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    proxy.follow(() => ({
      before: () => {
        reached.resolve();
        return promise;
      },
    }));
    const failing = failureOf(client.create(configMaps, fresh()));
    await reached.promise;
    await client.close();
    expect(await failing).toMatchObject({ reason: 'Unavailable', isOutcomeUnknown: true });
    resolve();
  });
});

describe('a client in a pod', () => {
  /** The folder that a pod finds its account in. */
  async function mountAccount(files: { readonly token: string; readonly ca: string }) {
    const folder = await mkdtemp(join(tmpdir(), 'account-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const write = async ({ token, ca }: { readonly token?: string; readonly ca?: string }) => {
      if (token !== undefined) await writeFile(join(folder, 'token'), token);
      if (ca !== undefined) await writeFile(join(folder, 'ca.crt'), ca);
    };
    await write(files);
    const { hostname: host, port } = new URL(cluster.server);
    const client = connectKube(loadInCluster({ host, port, folder }));
    onTestFinished(() => client.close());
    return { client, write };
  }

  async function makeToken(name: string): Promise<string> {
    await cluster.kubectl(['create', 'serviceaccount', name, '-n', namespace]);
    await cluster.kubectl(['create', 'role', name, '-n', namespace, '--verb=list', '--resource=configmaps']);
    await cluster.kubectl([
      'create',
      'rolebinding',
      name,
      '-n',
      namespace,
      `--role=${name}`,
      `--serviceaccount=${namespace}:${name}`,
    ]);
    const config = JSON.parse(await readFile(await cluster.serviceAccountKubeconfig(namespace, name), 'utf8'));
    return config.users[0].user.token;
  }

  const ca = Buffer.from(cluster.caData, 'base64').toString();

  it('is the account of the mounted token, and may what that may', async () => {
    const { client } = await mountAccount({ token: await makeToken('mounted'), ca });
    await client.list(configMaps, { namespace });
    const failure = await failureOf(client.create(configMaps, fresh()));
    expect(failure).toMatchObject({
      reason: 'Forbidden',
      message: expect.stringContaining(`serviceaccount:${namespace}:mounted`),
    });
  });

  it('continues as soon as a rejected token is replaced', async () => {
    const { client, write } = await mountAccount({ token: 'expired', ca });
    const listing = client.list(configMaps, { namespace });
    await expect.poll(() => client.retries.length).toBeGreaterThan(0);
    await write({ token: await makeToken('rotated') });
    await listing;
    expect(client.retries.every(({ reason }) => reason === 'Unauthorized')).toBe(true);
  });

  it('trusts the API server as soon as the CA file has its authority', async () => {
    const now = new Date();
    const stranger = await issueCertificateAuthority({ commonName: 'stranger', lifetimeMs: 3_600_000, now });
    const { client, write } = await mountAccount({ token: await makeToken('trusting'), ca: stranger.certificatePem });
    const listing = client.list(configMaps, { namespace });
    await expect.poll(() => client.retries.length).toBeGreaterThan(0);
    expect(client.sockets.peak).toBe(0);
    await write({ ca: stranger.certificatePem + ca });
    await listing;
    expect(client.retries.every(({ reason }) => reason === 'Unavailable')).toBe(true);
  });
});
