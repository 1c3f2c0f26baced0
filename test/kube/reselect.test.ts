import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ALL_BUCKETS, followBuckets, reselectBuckets } from '../../src/kube/bucket-selection.ts';
import type { KubeClient, WatchEvent } from '../../src/kube/client.ts';
import { KubeError } from '../../src/kube/errors.ts';
import { type Reflector, startReflector } from '../../src/kube/reflector.ts';
import { compareVersions, type Resource } from '../../src/kube/resources.ts';
import { createStore } from '../../src/kube/store.ts';
import type { KubeObject } from '../../src/objects/object.ts';
import { Label } from '../../src/orchestration/vocabulary/metadata.ts';
import { createFakeTiming, silentLog } from '../support/timing.ts';

const things: Resource = { group: '', version: 'v1', plural: 'things', kind: 'Thing', namespaced: false };
const minuteMs = 60_000;

/** Reads `KEY in (…)` and `KEY notin (…)`, as the API server does: `notin` matches objects without the label. */
function matcher(selector: string | undefined): (object: KubeObject | undefined) => boolean {
  const [, operator, values = ''] = selector?.match(/ (in|notin) \((.*)\)$/) ?? [];
  const listed = new Set(values.split(','));
  return (object) => {
    const value = object?.metadata.labels?.[Label.Bucket];
    if (object === undefined || operator === undefined) return object !== undefined;
    return (value !== undefined && listed.has(value)) === (operator === 'in');
  };
}

/** An API server with one kind of object. It lists and watches by label selector, and keeps every state. */
function createLabelledApi() {
  let version = 100;
  let compacted = 0;
  const states: ReadonlyMap<string, KubeObject>[] = [];
  states[version] = new Map();
  const watchers = new Set<(end?: 'end') => void>();
  const calls: string[] = [];
  let failing = 0;
  const stateAt = (at: number) => states[at] ?? new Map<string, KubeObject>();

  function commit(name: string, bucket: string | undefined, isDeleted: boolean): void {
    const next = new Map(stateAt(version));
    version++;
    const uid = next.get(name)?.metadata.uid ?? `uid-${version}`;
    const labels = bucket === undefined ? {} : { labels: { [Label.Bucket]: bucket } };
    if (isDeleted) next.delete(name);
    else
      next.set(name, {
        apiVersion: 'v1',
        kind: 'Thing',
        metadata: { name, uid, resourceVersion: String(version), ...labels },
      });
    states[version] = next;
    for (const wake of watchers) wake();
  }

  /** The events that a watch sends for one change. An object that no longer matches is deleted for the watch. */
  function eventsAt(at: number, matches: ReturnType<typeof matcher>): readonly WatchEvent[] {
    const [before, after] = [stateAt(at - 1), stateAt(at)];
    const names = new Set([...before.keys(), ...after.keys()]);
    return [...names].flatMap((name): WatchEvent[] => {
      const [was, is] = [before.get(name), after.get(name)];
      if (was === is) return [];
      if (is !== undefined && matches(is)) return [{ type: matches(was) ? 'MODIFIED' : 'ADDED', object: is }];
      if (was === undefined || !matches(was)) return [];
      return [{ type: 'DELETED', object: { ...was, metadata: { ...was.metadata, resourceVersion: String(at) } } }];
    });
  }

  const call = async (name: string, signal: AbortSignal | undefined) => {
    calls.push(name);
    await Promise.resolve();
    if (signal?.aborted) throw new KubeError('Aborted', 'called off');
    if (failing > 0 && failing--) throw new KubeError('Unavailable', 'as the test wants');
  };
  const client: Pick<KubeClient, 'list' | 'watch'> = {
    async list(_, { labelSelector, at, limit = Infinity, continue: next, signal } = {}) {
      await call(`list ${labelSelector ?? ''}`, signal);
      const [shown = 0, from = 0] = next?.split(':').map(Number) ?? [Number(at ?? version), 0];
      if (shown < compacted) throw new KubeError('Expired', 'too old');
      const all = [...stateAt(shown).values()].filter(matcher(labelSelector));
      const end = from + limit;
      const rest = end < all.length ? { continue: `${shown}:${end}` } : {};
      return { items: all.slice(from, end), bytes: 100, resourceVersion: String(shown), ...rest };
    },
    async *watch(_, { labelSelector, resourceVersion, signal }) {
      await call(`watch ${labelSelector ?? ''}`, signal);
      const matches = matcher(labelSelector);
      let at = Number(resourceVersion);
      if (at < compacted) throw new KubeError('Expired', 'too old');
      for (;;) {
        while (at < version) yield* eventsAt(++at, matches);
        if (signal?.aborted) throw new KubeError('Aborted', 'called off');
        const woken = Promise.withResolvers<'end' | undefined>();
        watchers.add(woken.resolve);
        signal?.addEventListener('abort', () => woken.resolve('end'));
        const end = await woken.promise;
        watchers.delete(woken.resolve);
        if (end === 'end' && signal?.aborted !== true) return;
      }
    },
  };
  return {
    client,
    calls,
    put: (name: string, bucket?: string) => commit(name, bucket, false),
    remove: (name: string) => commit(name, undefined, true),
    cut: () => {
      for (const wake of watchers) wake('end');
    },
    compact: () => {
      compacted = version;
    },
    fail: (times: number) => {
      failing = times;
    },
    now: () => stateAt(version),
    stateAt,
    version: () => version,
  };
}

function start(pageSize = 2) {
  const timing = createFakeTiming();
  const api = createLabelledApi();
  const known = new Map<string, string>();
  const reported: string[] = [];
  let repairs = 0;
  const store = createStore({
    log: silentLog,
    onChange({ type, object: { metadata } }) {
      const { name, resourceVersion = '0' } = metadata;
      reported.push(`${type} ${name}`);
      if (type === 'updated') expect(compareVersions(resourceVersion, known.get(name) ?? '0')).toBeGreaterThan(0);
      known.set(name, resourceVersion);
    },
  });
  const observer = {
    countList: () => {},
    countFailure: () => {},
    countRepairs: (_: string, count: number) => (repairs += count),
  };
  const reflector = startReflector({
    ...{ client: api.client, resource: things, store, timing, log: silentLog, observer, startsEmpty: true },
    settings: { pageSize },
  });
  let buckets: ReadonlySet<number> = new Set();
  return {
    ...{ timing, api, store, reported, reflector, repairs: () => repairs },
    buckets: () => buckets,
    reselect: async (to: ReadonlySet<number>) => {
      const change = reselectBuckets(buckets, to);
      buckets = to;
      await reflector.reselect(change);
    },
    names: () => [...store.values()].map(({ metadata }) => metadata.name).toSorted(),
  };
}

/** All buckets except these. */
const without = (...buckets: readonly number[]) =>
  new Set([...ALL_BUCKETS].filter((bucket) => !buckets.includes(bucket)));

async function stopAfter(reflector: Reflector, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } finally {
    await reflector.stop();
  }
}

describe('a reflector that follows buckets', () => {
  test('makes no request while it has none, and no selector with all of them', async () => {
    const { api, reflector, reselect, names, timing } = start();
    await stopAfter(reflector, async () => {
      api.put('a', '1');
      api.put('b');
      await timing.advance(60 * minuteMs);
      expect([api.calls, names()]).toEqual([[], []]);
      await reselect(ALL_BUCKETS);
      await timing.advance(0);
      expect([api.calls, names()]).toEqual([
        ['list ', 'watch '],
        ['a', 'b'],
      ]);
      await reselect(new Set());
      expect(names()).toEqual([]);
    });
  });

  test('lists only what it gains, and drops what it loses without a notice', async () => {
    const { api, reflector, reselect, names, reported, timing } = start(10);
    await stopAfter(reflector, async () => {
      for (const [name, bucket] of [
        ['a', '1'],
        ['b', '2'],
        ['c', undefined],
        ['d', '99'],
      ] as const)
        api.put(name, bucket);
      await reselect(without(2));
      expect(names()).toEqual(['a', 'c', 'd']);
      reported.length = 0;
      api.calls.length = 0;
      await reselect(without(1));
      await timing.advance(0);
      expect(names()).toEqual(['b', 'c', 'd']);
      expect(reported).toEqual(['added b']);
      expect(api.calls).toEqual([`list ${Label.Bucket} in (2)`, `watch ${Label.Bucket} notin (1)`]);
    });
  });

  test('has an object whose bucket changes, whichever of its two buckets it follows first', async () => {
    const { api, reflector, reselect, names, timing } = start();
    await stopAfter(reflector, async () => {
      api.put('a', '1');
      await reselect(without(2));
      api.put('a', '2');
      await timing.advance(0);
      expect(names()).toEqual([]);
      await reselect(without(1));
      expect(names()).toEqual(['a']);
      await reselect(ALL_BUCKETS);
      expect(names()).toEqual(['a']);
    });
  });

  test('lists everything again if it cannot list what it gains, and says until then what is lacking', async () => {
    const { api, reflector, reselect, names, timing } = start();
    await stopAfter(reflector, async () => {
      api.put('a', '1');
      api.put('b', '2');
      await reselect(without(2));
      await timing.advance(0);
      api.fail(2);
      await reselect(ALL_BUCKETS);
      expect([reflector.isSynced(), reflector.failure()]).toEqual([false, 'as the test wants']);
      await timing.advance(minuteMs);
      expect([reflector.isSynced(), reflector.failure(), names()]).toEqual([true, undefined, ['a', 'b']]);
    });
  });
});

test('whatever is followed and whatever fails, the store equals the selection, and claims no event that it lacks', async () => {
  type Stage = ReturnType<typeof start>;
  type Step = (stage: Stage) => unknown;
  const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  const label = fc.constantFrom('0', '1', '2', '63', '99', undefined);
  const sets = fc.constantFrom(
    ...[[], [0], [1], [0, 1], [1, 2, 63], [0, 2], [...without(1)], [...without(0, 2)], [...ALL_BUCKETS]],
  );
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.tuple(name, label).map(
        ([of, bucket]): Step =>
          ({ api }) =>
            api.put(of, bucket),
      ),
    },
    {
      weight: 2,
      arbitrary: name.map(
        (of): Step =>
          ({ api }) =>
            api.now().has(of) && api.remove(of),
      ),
    },
    {
      weight: 4,
      arbitrary: sets.map(
        (to): Step =>
          ({ reselect }) =>
            void reselect(new Set(to)).catch(fail),
      ),
    },
    { weight: 1, arbitrary: fc.constant<Step>(({ api }) => api.cut()) },
    { weight: 1, arbitrary: fc.constant<Step>(({ api }) => api.compact()) },
    {
      weight: 1,
      arbitrary: fc.nat(3).map(
        (times): Step =>
          ({ api }) =>
            api.fail(times),
      ),
    },
    {
      weight: 2,
      arbitrary: fc.nat(12 * minuteMs).map(
        (ms): Step =>
          ({ timing }) =>
            timing.advance(ms),
      ),
    },
    { weight: 3, arbitrary: fc.constant<Step>(() => setImmediate()) },
  );
  const problems: unknown[] = [];
  const fail = (error: unknown) => problems.push(error);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
      const stage = start();
      // The caller changes the selection again only when the last change is over.
      let last: Promise<void> = Promise.resolve();
      const reselect = (to: ReadonlySet<number>) => (last = last.then(() => stage.reselect(to)));
      await stopAfter(stage.reflector, async () => {
        for (const each of steps) await each({ ...stage, reselect });
        await stage.timing.advance(5 * minuteMs);
        await last;
        await stage.timing.advance(minuteMs);
        const followed = followBuckets(stage.buckets());
        const matches = followed === 'nothing' ? () => false : matcher(followed.labelSelector);
        const expected = [...stage.api.now().values()].filter(matches);
        const essence = (objects: Iterable<KubeObject>) =>
          new Map([...objects].map((each) => [each.metadata.name, each]));
        expect(essence(stage.store.values())).toEqual(essence(expected));
        for (const [of, object] of stage.api.stateAt(Number(stage.store.version)))
          if (matches(object))
            expect(Number(stage.store.get(of)?.metadata.resourceVersion ?? Infinity)).toBeGreaterThanOrEqual(
              Number(object.metadata.resourceVersion),
            );
        expect([stage.repairs(), problems]).toEqual([0, []]);
      });
    }),
    { numRuns: 1_000 },
  );
});
