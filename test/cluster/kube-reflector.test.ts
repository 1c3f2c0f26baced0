import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Reflector, startReflector } from '../../src/kube/reflector.ts';
import type { ReflectorSettings } from '../../src/kube/reflector-options.ts';
import { type Change, createStore, type Store } from '../../src/kube/store.ts';
import type { KubeObject } from '../../src/objects/object.ts';
import type { ControlPlane } from '../support/controlplane/controlplane.ts';
import { describeNeeding, startOwnControlPlane } from '../support/controlplane/suite.ts';
import { cutAfter, expireAfter, type Fault, type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { configMap, configMaps, connectKube, failureOf, type ObservedClient } from '../support/kube.ts';
import { silentLog, systemTiming } from '../support/timing.ts';

const namespace = 'default';
const patience = { timeout: 120_000 };

/** A store that a reflector keeps, and everything that the reflector reported. */
interface Followed {
  readonly store: Store;
  readonly reflector: Reflector;
  readonly changes: Change[];
  readonly lists: string[];
  readonly failures: string[];
  readonly mended: () => number;
}

describeNeeding(['ownControlPlane'], 'a reflector', () => {
  let plane: ControlPlane;
  let proxy: FaultProxy;
  /** Bypasses the proxy. */
  let direct: ObservedClient;
  let client: ObservedClient;
  const running: Reflector[] = [];

  beforeAll(async () => {
    // With a compaction each second, an old version is soon gone.
    plane = await startOwnControlPlane({ apiserverFlags: ['--etcd-compaction-interval=1s'] });
    proxy = await startFaultProxy(plane.address);
    direct = connectKube(plane.kubeconfig);
    client = connectKube(await proxy.kubeconfig());
  });
  afterEach(async () => {
    proxy.follow(undefined);
    for (const reflector of running.splice(0)) await reflector.stop();
    for (const { metadata } of await list()) await direct.delete(configMaps, { namespace, name: metadata.name });
  });
  afterAll(async () => {
    await client?.close();
    await direct?.close();
    await proxy?.stop();
    await plane?.stop();
  });

  const list = async () => (await direct.list(configMaps, { namespace, labelSelector: 'test=reflector' })).items;

  function follow(settings: Partial<ReflectorSettings> = {}): Followed {
    const changes: Change[] = [];
    const lists: string[] = [];
    const failures: string[] = [];
    let mended = 0;
    const store = createStore({ onChange: (change) => changes.push(change), log: silentLog });
    const reflector = startReflector({
      client,
      resource: configMaps,
      namespace,
      labelSelector: 'test=reflector',
      store,
      timing: systemTiming,
      log: silentLog,
      observer: {
        countList: (_, cause) => lists.push(cause),
        countFailure: (_, reason) => failures.push(reason),
        countRepairs: (_, count) => {
          mended += count;
        },
      },
      settings: { backoff: { baseMs: 100, capMs: 1_000 }, ...settings },
    });
    running.push(reflector);
    return { store, reflector, changes, lists, failures, mended: () => mended };
  }

  const synced = async (settings?: Partial<ReflectorSettings>) => {
    const followed = follow(settings);
    await followed.reflector.whenSynced();
    return followed;
  };

  /** Creates, changes or deletes the object of this name; repeats that after transient errors. */
  async function change(name: string, step: number): Promise<void> {
    const labelled = configMap(namespace, name);
    const object = { ...labelled, metadata: { ...labelled.metadata, labels: { test: 'reflector' } } };
    const data = { step: String(step) };
    const write = () =>
      step % 4 === 3
        ? direct.delete(configMaps, { namespace, name })
        : direct.patch(
            configMaps,
            { namespace, name },
            { type: 'apply', body: { ...object, data } },
            { fieldManager: 'test' },
          );
    for (;;) {
      const failure = await write().then(
        () => undefined,
        (error: unknown) => failureOf(Promise.reject(error)),
      );
      if (!failure?.isTransient) return;
    }
  }

  const put = (name: string) => change(name, 0);
  const remove = (name: string) => change(name, 3);
  /** Objects by name, without what the store does not keep. */
  const essence = (objects: Iterable<KubeObject>) =>
    new Map(
      [...objects].map(({ metadata: { managedFields: _, ...metadata }, data }) => [metadata.name, { metadata, data }]),
    );
  /** Waits until the store is what the API server has now. */
  async function agreement({ store }: Followed): Promise<void> {
    const truth = essence(await list());
    await expect.poll(() => essence(store.values()), patience).toEqual(truth);
  }

  /** The objects as a listener that hears of each change knows them. */
  function replay(changes: readonly Change[]): Map<string, KubeObject> {
    const objects = new Map<string, KubeObject>();
    for (const { type, object } of changes) {
      const { name, uid } = object.metadata;
      expect(objects.get(name)?.metadata.uid, `${type} ${name}`).toBe(type === 'added' ? undefined : uid);
      if (type === 'deleted') objects.delete(name);
      else objects.set(name, object);
    }
    return objects;
  }

  it('loses no change while its watches are cut in mid-line and the API server is killed', async () => {
    const followed = await synced();
    let watches = 0;
    proxy.follow(({ verb }) => (verb === 'watch' ? { lines: cutAfter(++watches % 5) } : undefined));
    for (let step = 0; step < 130; step++) {
      if (step === 40 || step === 80) {
        await plane.apiserver.kill('SIGKILL');
        await Promise.all([plane.apiserver.start(), change(`c${step % 10}`, Math.floor(step / 10))]);
      }
      await change(`c${step % 10}`, Math.floor(step / 10));
      if (step % 10 === 9) await agreement(followed);
    }
    expect(followed.store.size).toBe(10);
    expect(essence(replay(followed.changes).values())).toEqual(essence(followed.store.values()));
    expect(watches).toBeGreaterThan(15);
  });

  it('lists again when the API server no longer knows its version, and reports what ended meanwhile', async () => {
    await put('gone');
    const followed = await synced();
    proxy.follow(({ verb }) => (verb === 'watch' ? { isRefused: true } : undefined));
    proxy.cutWatches();
    await remove('gone');
    await put('new');
    // The API server that starts knows only what happens from now on.
    await plane.apiserver.kill('SIGKILL');
    await plane.apiserver.start();
    proxy.follow(undefined);
    await agreement(followed);
    expect(followed.failures).toContain('Expired');
    expect(followed.lists).toEqual(['start', 'recovery']);
    expect(followed.changes.map(({ type, object }) => `${type} ${object.metadata.name}`).toSorted()).toEqual([
      'added gone',
      'added new',
      'deleted gone',
    ]);
  });

  it('starts its list over when it was compacted away between two pages', async () => {
    for (const name of ['a', 'b', 'c']) await put(name);
    const compacted = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    proxy.follow(({ query }) => {
      if (!query.has('continue')) return undefined;
      held.resolve();
      return { before: () => compacted.promise };
    });
    const followed = follow({ pageSize: 1 });
    await held.promise;
    const { answer } = proxy.calls.findLast((call) => call.verb === 'list' && call.answer) ?? {};
    const { metadata } = (answer?.body ?? {}) as { metadata: { continue: string } };
    await remove('a');
    const selection = { namespace, labelSelector: 'test=reflector', limit: 1, continue: metadata.continue };
    const isExpired = () =>
      direct.list(configMaps, selection).then(
        () => false,
        () => true,
      );
    await expect.poll(isExpired, { ...patience, interval: 500 }).toBe(true);
    compacted.resolve();
    await agreement(followed);
    expect(followed.failures).toEqual(['Expired']);
  });

  it('finds out that a watch which is open says nothing', async () => {
    let watches = 0;
    const silence = Promise.withResolvers<void>();
    proxy.follow(({ verb }) => {
      if (verb !== 'watch' || ++watches > 1) return undefined;
      return {
        async *lines() {
          await silence.promise;
          yield '';
        },
      };
    });
    const followed = await synced({ idleTimeoutMs: 1_500 });
    await put('a');
    await agreement(followed);
    silence.resolve();
    expect(followed.failures).toEqual(['Unavailable']);
  });

  it('obeys an API server that says in a watch that the version has expired', async () => {
    const followed = await synced();
    proxy.follow(({ verb }) => (verb === 'watch' ? { lines: expireAfter(0) } : undefined));
    proxy.cutWatches();
    await put('a');
    await expect.poll(() => followed.lists, patience).toContain('recovery');
    proxy.follow(undefined);
    await agreement(followed);
  });

  it('finds nothing to repair if no event was lost, however many changes there are meanwhile', async () => {
    const followed = await synced({ pageSize: 2, relistMs: 1_000 });
    for (let step = 0; followed.lists.length < 4; step++) await change(`c${step % 7}`, Math.floor(step / 7));
    await agreement(followed);
    expect(followed.lists).toEqual(['start', ...followed.lists.slice(1).fill('periodic')]);
    expect(followed.mended()).toBe(0);
  });

  it('repairs within a period what a watch did not deliver', async () => {
    await put('gone');
    proxy.follow(({ verb }) => (verb === 'watch' ? { lines: lose(/"(gone|lost)"/) } : undefined));
    const followed = await synced({ relistMs: 2_000 });
    await put('told');
    await agreement(followed);
    // A list may have been faster than the watch.
    const before = followed.mended();
    await remove('gone');
    await put('lost');
    await agreement(followed);
    expect(followed.mended() - before).toBe(2);
  });

  it('ends its connection when it is stopped', async () => {
    const opened = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    proxy.follow(({ verb }) => {
      if (verb !== 'watch') return undefined;
      return {
        async *lines(lines) {
          opened.resolve();
          try {
            yield* lines;
          } finally {
            ended.resolve();
          }
        },
      };
    });
    const { reflector } = await synced();
    await opened.promise;
    await reflector.stop();
    await ended.promise;
    await expect.poll(() => proxy.connections.open).toBe(client.sockets.open);
  });
});

/** Loses the lines that match this pattern. */
function lose(pattern: RegExp): NonNullable<Fault['lines']> {
  return async function* (lines) {
    for await (const line of lines) if (!pattern.test(line)) yield line;
  };
}
