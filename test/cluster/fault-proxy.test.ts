import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { WatchEvent } from '../../src/kube/client.ts';
import { sharedCluster, useNamespace } from '../support/controlplane/suite.ts';
import { cutAfter, delayLines, expireAfter, type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { configMap, configMaps, connectKube, failureOf, type ObservedClient } from '../support/kube.ts';

describe('the fault proxy', () => {
  const cluster = sharedCluster();
  const namespace = useNamespace();
  let proxy: FaultProxy;
  /** Through the proxy, and past it. */
  let client: ObservedClient;
  let direct: ObservedClient;
  let seen: number;
  let made = 0;

  beforeAll(async () => {
    proxy = await startFaultProxy(cluster);
    client = connectKube(await proxy.kubeconfig(), { deadlineMs: 5_000 });
    direct = connectKube(cluster.kubeconfig);
  });
  afterAll(async () => {
    await client?.close();
    await direct?.close();
    await proxy?.stop();
  });
  beforeEach(() => {
    proxy.follow(undefined);
    seen = proxy.calls.length;
  });

  const calls = () => proxy.calls.slice(seen);
  const fresh = () => configMap(namespace, `c${++made}`);
  const isStored = (name: string) =>
    direct.get(configMaps, { namespace, name }).then(
      () => true,
      () => false,
    );
  /** What a watch gives until it ends or breaks, with `events` changes while it is open. */
  async function watch(events: number) {
    const { resourceVersion } = await direct.list(configMaps, { namespace });
    const got: { readonly event: WatchEvent; readonly atMs: number }[] = [];
    const options = { namespace, resourceVersion, timeoutSeconds: 3, idleTimeoutMs: 10_000 };
    const watching = (async () => {
      for await (const event of client.watch(configMaps, options)) {
        if (event.type !== 'BOOKMARK') got.push({ event, atMs: performance.now() });
      }
    })().catch((error: unknown) => error);
    for (let n = 0; n < events; n++) await direct.create(configMaps, fresh());
    const error = await watching;
    return { got, error };
  }

  it('forwards calls, and records what they were', async () => {
    const object = fresh();
    const { name } = object.metadata;
    await client.create(configMaps, object);
    await client.patch(configMaps, { namespace, name }, { type: 'merge', body: { data: { a: 'b' } } });
    await client.get(configMaps, { namespace, name });
    await client.list(configMaps, { namespace, limit: 1 });
    await client.delete(configMaps, { namespace, name });
    const first = calls()[0]?.number ?? 0;
    expect(calls()).toMatchObject([
      { number: first, verb: 'create', resource: 'configmaps', namespace, body: object, answer: { status: 201 } },
      { number: first + 1, verb: 'patch', name, body: { data: { a: 'b' } }, answer: { status: 200 } },
      { number: null, verb: 'get', name },
      { number: null, verb: 'list' },
      { number: first + 2, verb: 'delete', name },
    ]);
    expect(calls()[3]?.query.get('limit')).toBe('1');
  });

  it('calls back before a call is sent on, when it is done, and when the answer is on its way', async () => {
    const object = fresh();
    const states: unknown[] = [];
    const look = async () => states.push(await isStored(object.metadata.name));
    const ended = Promise.withResolvers<void>();
    proxy.follow(() => ({ before: look, committed: look, after: () => ended.resolve() }));
    const creating = client.create(configMaps, object);
    await ended.promise;
    await creating;
    expect(states).toEqual([false, true]);
  });

  it('holds a call until it is released', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    const object = fresh();
    proxy.follow(() => ({
      before: () => {
        reached.resolve();
        return promise;
      },
    }));
    const creating = client.create(configMaps, object);
    await reached.promise;
    expect(await isStored(object.metadata.name)).toBe(false);
    resolve();
    await creating;
  });

  it.each([
    ['loses a reply, though the call is done', { isReplyLost: true }, true, 201],
    ['refuses a connection, and nothing is done', { isRefused: true }, false, undefined],
    ['answers by itself, and nothing is done', { answer: { status: 503 } }, false, undefined],
  ])('%s', async (_, fault, isDone, status) => {
    const object = fresh();
    proxy.follow(() => fault);
    const failure = await failureOf(client.create(configMaps, object));
    expect(failure).toMatchObject({ reason: 'Unavailable', isOutcomeUnknown: true });
    expect(await isStored(object.metadata.name)).toBe(isDone);
    expect(calls().map((call) => call.answer?.status)).toEqual([status]);
  });

  it('cuts a watch in the middle of a line', async () => {
    proxy.follow(() => ({ lines: cutAfter(2) }));
    const { got, error } = await watch(4);
    expect([got.length, error]).toMatchObject([2, { reason: 'Unavailable' }]);
  });

  it('cuts all watches that are open, when asked', async () => {
    const opened = Promise.withResolvers<void>();
    proxy.follow(() => ({
      lines: (lines) => {
        opened.resolve();
        return lines;
      },
    }));
    const watching = watch(0);
    await opened.promise;
    proxy.cutWatches();
    expect((await watching).error).toMatchObject({ reason: 'Unavailable' });
  });

  it('says that a version has expired', async () => {
    proxy.follow(() => ({ lines: expireAfter(1) }));
    const { got, error } = await watch(2);
    expect([got.length, error]).toMatchObject([1, { reason: 'Expired', code: 410 }]);
  });

  it('delays lines', async () => {
    proxy.follow(() => ({ lines: delayLines(300) }));
    const { got } = await watch(3);
    const gaps = got.slice(1).map(({ atMs }, before) => atMs - (got[before]?.atMs ?? 0));
    expect(gaps.filter((ms) => ms > 290)).toHaveLength(2);
  });
});
