import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { KubeClient, WatchEvent } from '../../src/kube/client.ts';
import { KubeError } from '../../src/kube/errors.ts';
import { type Reflector, startReflector } from '../../src/kube/reflector.ts';
import type { ReflectorOptions } from '../../src/kube/reflector-options.ts';
import type { Resource } from '../../src/kube/resources.ts';
import { createStore } from '../../src/kube/store.ts';
import type { KubeObject } from '../../src/objects/object.ts';
import type { KubeErrorReason } from '../../src/orchestration/vocabulary/kube-error-reasons.ts';
import { createFakeTiming, type FakeTiming, settle, silentLog } from '../support/timing.ts';

const things: Resource = { group: '', version: 'v1', plural: 'things', kind: 'Thing', namespaced: false };
const minuteMs = 60_000;

interface Watch {
  readonly push: (event: WatchEvent) => void;
  readonly end: (error?: KubeError) => void;
}

/** An API server with one kind of object. It can list every version until that version is compacted. */
function createApi(timing: FakeTiming) {
  let version = 100;
  let compacted = 0;
  const states = new Map<number, ReadonlyMap<string, KubeObject>>([[version, new Map()]]);
  const events: { readonly at: number; readonly event: WatchEvent }[] = [];
  const watches = new Set<Watch>();
  const failures: KubeError[] = [];
  const calls: string[] = [];
  let isLosing = false;
  let itemBytes = 100;
  let listMs = 0;
  const sizes: number[] = [];

  function commit(name: string, type: 'ADDED' | 'MODIFIED' | 'DELETED', uid: string): void {
    const next = new Map(states.get(version));
    version++;
    const object: KubeObject = {
      apiVersion: 'v1',
      kind: 'Thing',
      metadata: { name, uid, resourceVersion: String(version) },
    };
    if (type === 'DELETED') next.delete(name);
    else next.set(name, object);
    states.set(version, next);
    events.push({ at: version, event: { type, object } });
    if (!isLosing) for (const watch of watches) watch.push({ type, object });
    isLosing = false;
  }

  const failIfAsked = async (call: string, signal?: AbortSignal) => {
    calls.push(call);
    await Promise.resolve();
    if (signal?.aborted) throw new KubeError('Aborted', 'called off');
    const failure = failures.shift();
    if (failure) throw failure;
  };
  const expireIf = (isTooOld: boolean) => {
    if (isTooOld) throw new KubeError('Expired', 'too old');
  };

  const client: Pick<KubeClient, 'list' | 'watch'> = {
    async list(_, { at, limit = Number.POSITIVE_INFINITY, continue: next, mostBytes = Infinity, signal } = {}) {
      await failIfAsked(next ? 'list next' : at ? 'list exactly' : 'list', signal);
      if (listMs > 0) await new Promise<void>((resolve) => timing.schedule(listMs, resolve));
      const [shown, from] = next?.split(':').map(Number) ?? [Number(at ?? version), 0];
      expireIf(Number(shown) < compacted);
      const all = [...(states.get(Number(shown)) ?? new Map()).values()];
      const end = Number(from) + limit;
      const rest = end < all.length ? { continue: `${shown}:${end}` } : {};
      const items = all.slice(from, end);
      sizes.push(items.length);
      const bytes = items.length * itemBytes;
      if (bytes > mostBytes) throw new KubeError('TooLarge', 'as the API would');
      return { items, bytes, resourceVersion: String(shown), ...rest };
    },
    async *watch(_, { resourceVersion, timeoutSeconds, signal }) {
      await failIfAsked(`watch ${timeoutSeconds}`, signal);
      expireIf(Number(resourceVersion) < compacted);
      const pending = events.filter(({ at }) => at > Number(resourceVersion)).map(({ event }) => event);
      let ended: { readonly error?: KubeError | undefined } | undefined;
      let wake = Promise.withResolvers<void>();
      const watch: Watch = {
        push: (event) => {
          pending.push(event);
          wake.resolve();
        },
        end: (error) => {
          watches.delete(watch);
          ended = { error };
          wake.resolve();
        },
      };
      watches.add(watch);
      const cancel = timing.schedule(timeoutSeconds * 1_000, () => watch.end());
      signal?.addEventListener('abort', () => watch.end(new KubeError('Aborted', 'called off')));
      try {
        for (;;) {
          for (let event = pending.shift(); event; event = pending.shift()) yield event;
          if (ended?.error) throw ended.error;
          if (ended) return;
          await wake.promise;
          wake = Promise.withResolvers();
        }
      } finally {
        cancel();
        watches.delete(watch);
      }
    },
  };

  const present = () => states.get(version) ?? new Map<string, KubeObject>();
  const api = {
    client,
    calls,
    watches,
    /** How many items each page had. */
    sizes,
    setItemBytes: (bytes: number) => {
      itemBytes = bytes;
    },
    /** How long the answer to a list takes. */
    setListMs: (ms: number) => {
      listMs = ms;
    },
    objects: () => [...present().values()],
    put: (name: string) => {
      const before = present().get(name);
      commit(name, before ? 'MODIFIED' : 'ADDED', before?.metadata.uid ?? `uid-${version}`);
    },
    remove: (name: string) => {
      const before = present().get(name);
      if (before) commit(name, 'DELETED', before.metadata.uid ?? '');
    },
    bookmark: () => {
      const object = { apiVersion: 'v1', kind: 'Thing', metadata: { name: '', resourceVersion: String(version) } };
      for (const watch of watches) watch.push({ type: 'BOOKMARK', object });
    },
    /** No watch gets the next change. */
    loseNext: () => {
      isLosing = true;
    },
    compact: () => {
      compacted = version;
    },
    cut: (error?: KubeError) => {
      for (const watch of watches) watch.end(error);
    },
    failNext: (...reasons: KubeErrorReason[]) => {
      for (const reason of reasons) failures.push(new KubeError(reason, 'as the test wants'));
    },
  };
  return api;
}

const running = new Set<Reflector>();
afterEach(async () => {
  for (const reflector of running) await reflector.stop();
  running.clear();
});

function start(settings: ReflectorOptions['settings'] = {}, more: Pick<ReflectorOptions, 'pause'> = {}) {
  const timing = createFakeTiming();
  const api = createApi(timing);
  const reported: string[] = [];
  const counts = { mended: 0, listed: 0, lists: [] as string[], failures: [] as string[] };
  const store = createStore({
    onChange: ({ type, object }) => reported.push(`${type} ${object.metadata.name}`),
    log: silentLog,
  });
  const reflect = () => {
    const reflector = startReflector({
      onListed: () => counts.listed++,
      client: api.client,
      resource: things,
      store,
      timing,
      log: silentLog,
      settings,
      ...more,
      observer: {
        countList: (_, cause) => counts.lists.push(cause),
        countFailure: (_, reason) => counts.failures.push(reason),
        countRepairs: (_, changes) => {
          counts.mended += changes;
        },
      },
    });
    running.add(reflector);
    return reflector;
  };
  const names = () => [...store.values()].map(({ metadata }) => metadata.name).toSorted();
  return { timing, api, store, reported, counts, reflect, names };
}

describe('a reflector', () => {
  test('lists all pages, then reports every change', async () => {
    const { api, reflect, reported, names } = start({ pageSize: 2 });
    for (const name of ['a', 'b', 'c', 'd', 'e']) api.put(name);
    const reflector = reflect();
    expect(reflector.isSynced()).toBe(false);
    expect(await reflector.whenSynced()).toBe(true);
    expect(names()).toEqual(['a', 'b', 'c', 'd', 'e']);
    await settle();
    expect(api.calls.slice(0, 3)).toEqual(['list', 'list next', 'list next']);
    reported.length = 0;
    api.put('f');
    api.put('a');
    api.remove('b');
    await settle();
    expect(reported).toEqual(['added f', 'updated a', 'deleted b']);
  });

  test('changes nothing during a pause, whether it lists or watches, and loses nothing', async () => {
    let pause: PromiseWithResolvers<void> | undefined = Promise.withResolvers<void>();
    const { api, reflect, reported } = start({}, { pause: () => pause?.promise });
    const end = async () => {
      pause?.resolve();
      pause = undefined;
      await settle();
    };
    api.put('a');
    const reflector = reflect();
    await settle();
    expect([reported, reflector.isSynced()]).toEqual([[], false]);
    await end();
    expect([reported, reflector.isSynced()]).toEqual([['added a'], true]);
    pause = Promise.withResolvers<void>();
    api.put('b');
    api.remove('a');
    await settle();
    expect(reported).toEqual(['added a']);
    await end();
    expect(reported).toEqual(['added a', 'added b', 'deleted a']);
  });

  test('requests small pages first, and larger ones if the objects are small', async () => {
    const { api, reflect, names } = start();
    for (let index = 0; index < 1_200; index++) api.put(`thing-${index}`);
    await reflect().whenSynced();
    expect([api.sizes, names().length]).toEqual([[20, 80, 320, 500, 280], 1_200]);
  });

  test('never reads a page of more than eight megabytes, however large the objects are', async () => {
    const { api, reflect, names } = start();
    api.setItemBytes(1_000_000);
    for (let index = 0; index < 50; index++) api.put(`thing-${index}`);
    await reflect().whenSynced();
    expect(names()).toHaveLength(50);
    // Twenty items are too large, and so are ten. Five fit, and show that two have the wanted size.
    expect(api.sizes.slice(0, 4)).toEqual([20, 10, 5, 2]);
  });

  test('continues after a watch ends without a new list', async () => {
    const { timing, api, reflect, names, counts } = start();
    reflect();
    await settle();
    api.cut();
    api.cut(new KubeError('Unavailable', 'reset'));
    api.put('missed');
    await timing.advance(800);
    expect([names(), counts.lists]).toEqual([['missed'], ['start']]);
  });

  test.each<[string, KubeErrorReason]>([
    ['its version has expired', 'Expired'],
    ['its watch is forbidden', 'Forbidden'],
  ])('lists again if %s, and reports deletions that happened meanwhile', async (_, reason) => {
    const { timing, api, reflect, reported, counts } = start();
    api.put('a');
    reflect();
    await settle();
    reported.length = 0;
    api.failNext(reason);
    api.cut();
    api.remove('a');
    api.put('b');
    await timing.advance(1_200);
    expect([reported, counts.lists]).toEqual([
      ['added b', 'deleted a'],
      ['start', 'recovery'],
    ]);
  });

  test('waits longer after each failure, up to half a minute, and recovers by itself', async () => {
    const { timing, api, reflect, counts, names } = start();
    api.failNext(...Array.from({ length: 20 }, (): KubeErrorReason => 'TooManyRequests'));
    const reflector = reflect();
    // Half of 0.8 + 1.6 + 3.2 + 6.4 + 12.8 + 25.6 s, then of 30 s each.
    await timing.advance(25_200 + 13 * 15_000);
    expect([counts.failures.length, reflector.isSynced()]).toEqual([20, false]);
    api.put('a');
    await timing.advance(15_000);
    expect([names(), reflector.isSynced()]).toEqual([['a'], true]);
  });

  test('starts with a short wait again after an event', async () => {
    const { timing, api, reflect, names } = start();
    api.failNext('Unavailable', 'Unavailable', 'Unavailable', 'Unavailable');
    reflect();
    await timing.advance(minuteMs);
    api.bookmark();
    await settle();
    api.cut(new KubeError('Unavailable', 'reset'));
    api.put('a');
    await timing.advance(400);
    expect(names()).toEqual(['a']);
  });

  test('waits at least as long as the server asks', async () => {
    const { timing, api, reflect } = start();
    reflect();
    await settle();
    api.cut(new KubeError('TooManyRequests', 'later', { retryAfterMs: 7_000 }));
    await timing.advance(7_399);
    expect(api.calls).toHaveLength(2);
    await timing.advance(1);
    expect(api.calls).toHaveLength(3);
  });

  test('does not reopen a watch in a tight loop if the server ends it at once', async () => {
    const { timing, api, reflect } = start();
    reflect();
    await settle();
    for (let tenths = 0; tenths < 600; tenths++) {
      api.cut();
      await timing.advance(100);
    }
    expect(api.calls.length).toBeLessThan(15);
    expect(api.calls.filter((call) => call.startsWith('list'))).toEqual(['list']);
  });

  test('requests watches of 5 to 10 minutes, but none beyond the next list', async () => {
    const { timing, api, reflect } = start();
    reflect();
    await timing.advance(20 * minuteMs);
    // If all random numbers are one half, a watch takes 7.5 minutes, and a list is due after 10.5 minutes.
    expect(api.calls).toEqual(['list', 'watch 450', 'watch 180', 'list exactly', 'watch 450', 'watch 180']);
  });

  test('spends a twentieth of its time on periodic lists at most', async () => {
    const { timing, api, reflect, counts } = start({ relistMs: minuteMs });
    api.setListMs(10_000);
    reflect();
    await timing.advance(10_000 + 199_000); // 200 s are 20 times 10 s
    expect(counts.lists).toEqual(['start']);
    await timing.advance(1_000 + 10_000);
    expect(counts.lists).toEqual(['start', 'periodic']);
    api.setListMs(1_000);
    await timing.advance(200_000 + 1_000);
    expect(counts.lists).toEqual(['start', 'periodic', 'periodic']);
    await timing.advance(63_000 + 1_000); // a minute, and a twentieth of it at random
    expect(counts.lists).toEqual(['start', 'periodic', 'periodic', 'periodic']);
  });

  test('finds and counts changes that a watch lost within one period', async () => {
    const { timing, api, reflect, names, counts } = start();
    for (const name of ['a', 'b']) api.put(name);
    reflect();
    await settle();
    api.loseNext();
    api.remove('a');
    api.loseNext();
    api.put('c');
    api.bookmark();
    await settle();
    expect(names()).toEqual(['a', 'b']);
    await timing.advance(11 * minuteMs);
    expect([names(), counts.mended, counts.lists]).toEqual([['b', 'c'], 2, ['start', 'periodic']]);
  });

  test.each<KubeErrorReason>([
    'Expired',
    'Unavailable', // the answer of an etcd that was restored from an older backup
  ])('lists the present state if the version to compare with is not available: %s', async (reason) => {
    const { timing, api, reflect, counts, names } = start();
    reflect();
    await timing.advance(10 * minuteMs);
    api.loseNext();
    api.put('a');
    api.failNext(reason);
    await timing.advance(minuteMs);
    expect([names(), counts.lists, counts.mended]).toEqual([['a'], ['start', 'recovery'], 0]);
  });

  test('rejects a list that is older than the store', async () => {
    const { timing, api, reflect, store, names, counts } = start();
    api.put('a');
    reflect();
    await settle();
    store.apply({
      type: 'BOOKMARK',
      object: { apiVersion: 'v1', kind: 'Thing', metadata: { name: '', resourceVersion: '500' } },
    });
    api.cut(new KubeError('Expired', 'too old'));
    api.remove('a');
    await timing.advance(10_000);
    expect([names(), counts.lists]).toEqual([['a'], ['start']]);
  });

  test('says in the words of the server why it has no list, until it has one', async () => {
    const { timing, api, reflect, counts } = start();
    api.failNext('Unavailable');
    const reflector = reflect();
    expect(reflector.failure()).toBeUndefined();
    expect(await reflector.whenTried()).toBe(true);
    await settle();
    expect([reflector.failure(), counts.listed, reflector.isSynced()]).toEqual(['as the test wants', 0, false]);
    await timing.advance(minuteMs);
    expect([reflector.failure(), counts.listed]).toEqual([undefined, 1]);
  });

  test.each<[KubeErrorReason, string | undefined]>([
    ['Forbidden', 'as the test wants'],
    ['NotFound', 'as the test wants'],
    ['Unavailable', undefined],
    ['Expired', undefined],
  ])('that has listed once says after %s: %s', async (reason, words) => {
    const { timing, api, reflect, counts } = start();
    const reflector = reflect();
    await settle();
    api.failNext(reason);
    api.cut(new KubeError(reason, 'as the test wants'));
    await settle();
    expect([reflector.isSynced(), reflector.failure()]).toEqual([true, words]);
    await timing.advance(minuteMs);
    expect(reflector.failure()).toBeUndefined();
    expect(counts.listed).toBe(counts.lists.length);
  });

  test('stops at once while it lists, waits or watches', async () => {
    for (const after of [0, 1, 2]) {
      const { timing, api, reflect, reported } = start();
      if (after === 1) api.failNext('Unavailable');
      const reflector = reflect();
      if (after > 0) await settle();
      await reflector.stop();
      expect(await reflector.whenSynced()).toBe(after === 2);
      api.put('late');
      await timing.advance(20 * minuteMs);
      expect([reported, api.watches.size]).toEqual([[], 0]);
    }
  });
});

test('after any faults the store equals the server, and a periodic list finds only changes that were lost', async () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const reason = fc.constantFrom<KubeErrorReason>(
    'Unavailable',
    'Expired',
    'TooManyRequests',
    'Unauthorized',
    'Forbidden',
  );
  type Step = (api: ReturnType<typeof createApi>, timing: FakeTiming) => unknown;
  const step = fc.oneof(
    name.map(
      (of): Step =>
        (api) =>
          api.put(of),
    ),
    name.map(
      (of): Step =>
        (api) =>
          api.remove(of),
    ),
    fc.constant<Step>((api) => api.cut()),
    fc.constant<Step>((api) => api.compact()),
    fc.constant<Step>((api) => api.bookmark()),
    reason.map(
      (of): Step =>
        (api) =>
          api.cut(new KubeError(of, 'cut')),
    ),
    fc.array(reason, { maxLength: 3 }).map(
      (of): Step =>
        (api) =>
          api.failNext(...of),
    ),
    fc.nat(9 * minuteMs).map(
      (ms): Step =>
        (_, timing) =>
          timing.advance(ms),
    ),
  );
  const steps = fc.array(step, { maxLength: 40, size: 'max' });
  await fc.assert(
    fc.asyncProperty(steps, fc.boolean(), async (history, isLossy) => {
      const { api, timing, store, reflect, counts } = start({ pageSize: 2 });
      const reflector = reflect();
      for (const [at, each] of history.entries()) {
        if (isLossy && at % 5 === 0) api.loseNext();
        await each(api, timing);
        await settle();
      }
      // Nothing fails any more. The list after the next bookmark finds lost changes.
      await timing.advance(10 * minuteMs);
      api.bookmark();
      await timing.advance((isLossy ? 12 : 1) * minuteMs);
      const byName = (objects: Iterable<KubeObject>) => new Map([...objects].map((each) => [each.metadata.name, each]));
      expect(byName(store.values())).toEqual(byName(api.objects()));
      if (!isLossy) expect(counts.mended).toBe(0);
      await reflector.stop();
    }),
    { numRuns: 200 },
  );
});
