import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ALL_BUCKETS, reselectBuckets } from '../../src/kube/bucket-selection.ts';
import { startReflector } from '../../src/kube/reflector.ts';
import { compareVersions } from '../../src/kube/resources.ts';
import { createStore } from '../../src/kube/store.ts';
import type { KubeObject } from '../../src/objects/object.ts';
import { Label } from '../../src/orchestration/vocabulary/metadata.ts';
import { sharedCluster, useNamespace } from '../support/controlplane/suite.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { configMap, configMaps, connectKube, type ObservedClient } from '../support/kube.ts';
import { silentLog, systemTiming } from '../support/timing.ts';

const patience = { timeout: 120_000 };
/** All buckets except these. */
const without = (...buckets: readonly number[]) =>
  new Set([...ALL_BUCKETS].filter((bucket) => !buckets.includes(bucket)));

describe('a reflector that follows buckets', { timeout: 400_000 }, () => {
  const cluster = sharedCluster();
  const namespace = useNamespace();
  let proxy: FaultProxy;
  /** Bypasses the proxy. */
  let direct: ObservedClient;
  let client: ObservedClient;

  beforeAll(async () => {
    proxy = await startFaultProxy(cluster);
    direct = connectKube(cluster.kubeconfig);
    client = connectKube(await proxy.kubeconfig());
  });
  afterAll(async () => {
    await client?.close();
    await direct?.close();
    await proxy?.stop();
  });

  /** Stores an object; without a label if `bucket` is undefined. */
  const put = (name: string, bucket: string | undefined, step = 0) => {
    const object = configMap(namespace, name, { step: String(step) });
    const labels = bucket === undefined ? {} : { [Label.Bucket]: bucket };
    const body = { ...object, metadata: { ...object.metadata, labels } };
    return direct.patch(configMaps, { namespace, name }, { type: 'apply', body }, { fieldManager: 'test' });
  };
  const remove = (name: string) => direct.delete(configMaps, { namespace, name }).catch(() => {});

  /** Objects by name, with what the store keeps of them. */
  const essence = (objects: Iterable<KubeObject>) =>
    new Map(
      [...objects]
        .filter(({ metadata }) => metadata.name.startsWith('map-'))
        .map(({ metadata: { name, labels, resourceVersion }, data }) => [name, { labels, resourceVersion, data }]),
    );

  function follow() {
    const versions = new Map<string, string>();
    const updates: string[] = [];
    let repeated = 0;
    const store = createStore({
      log: silentLog,
      onChange({ type, object: { metadata } }) {
        const { name, uid = '', resourceVersion = '' } = metadata;
        updates.push(`${type} ${name}`);
        if (type === 'updated' && compareVersions(resourceVersion, versions.get(uid) ?? '0') <= 0) repeated++;
        versions.set(uid, resourceVersion);
      },
    });
    let repairs = 0;
    const reflector = startReflector({
      ...{ client, resource: configMaps, namespace, store, timing: systemTiming, log: silentLog, startsEmpty: true },
      settings: { pageSize: 2, relistMs: 1_500, backoff: { baseMs: 50, capMs: 500 } },
      observer: {
        countList: () => {},
        countFailure: () => {},
        countRepairs: (_, count) => {
          repairs += count;
        },
      },
    });
    onTestFinished(() => reflector.stop());
    let buckets: ReadonlySet<number> = new Set();
    return {
      ...{ store, updates, repeated: () => repeated, repairs: () => repairs },
      async reselect(to: ReadonlySet<number>) {
        const change = reselectBuckets(buckets, to);
        buckets = to;
        await reflector.reselect(change);
      },
      /** Waits until the store has what the API server has of these buckets. */
      async agree() {
        const { items } = await direct.list(configMaps, { namespace });
        const isFollowed = ({ metadata }: KubeObject) => {
          const bucket = metadata.labels?.[Label.Bucket];
          return bucket === undefined || buckets.has(Number(bucket));
        };
        const expected = essence(buckets.size === 0 ? [] : items.filter(isFollowed));
        await expect.poll(() => essence(store.values()), patience).toEqual(expected);
      },
    };
  }

  it('misses no change between the list of what it gains and the new watch, and repeats none', async () => {
    await put('map-kept', '1');
    await put('map-gained', '2');
    await put('map-gone', '2');
    const followed = follow();
    await followed.reselect(without(2));
    await followed.agree();
    const listed = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    proxy.follow(({ verb, query }) => {
      if (verb !== 'list' || query.has('continue') || !query.get('labelSelector')?.includes(' in (')) return undefined;
      return {
        async committed() {
          listed.resolve();
          await held.promise;
        },
      };
    });
    onTestFinished(() => proxy.follow(undefined));
    const reselected = followed.reselect(new Set([1, 2]));
    await listed.promise;
    await put('map-gained', '2', 1);
    await remove('map-gone');
    await put('map-kept', '1', 1);
    await put('map-moved', '1');
    await put('map-moved', '2');
    await put('map-left', '1');
    await put('map-left', '3');
    held.resolve();
    await reselected;
    await followed.agree();
    expect([followed.repeated(), followed.updates.filter((change) => change.endsWith('map-kept'))]).toEqual([
      0,
      ['added map-kept', 'updated map-kept'],
    ]);
  });

  it('has what it follows after any changes of labels, objects and buckets, and its periodic lists repair nothing', async () => {
    const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 32));
    console.info(`seed ${seed}`);
    let state = seed;
    /** A linear congruential generator (Numerical Recipes). */
    const below = (limit: number) => {
      state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
      return Math.floor((state / 2 ** 32) * limit);
    };
    const sets = [new Set<number>(), new Set([0, 1]), new Set([1, 2]), without(1), without(0, 2), ALL_BUCKETS];
    const labels = ['0', '1', '2', undefined];
    const followed = follow();
    for (let round = 0; round < 30; round++) {
      const reselected = followed.reselect(sets[below(sets.length)] ?? ALL_BUCKETS);
      for (let step = 0; step < 8; step++) {
        const name = `map-${below(6)}`;
        if (below(4) === 0) await remove(name);
        else await put(name, labels[below(labels.length)], 8 * round + step);
      }
      await reselected;
      if (round % 5 === 4) await followed.agree();
    }
    expect([followed.repeated(), followed.repairs()]).toEqual([0, 0]);
  });
});
