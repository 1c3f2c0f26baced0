import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Reflector, type ReflectorSettings, startReflector } from '../../src/kube/reflector.ts';
import type { KubeObject } from '../../src/kube/resources.ts';
import { type Change, createStore, type Store } from '../../src/kube/store.ts';
import type { ControlPlane } from '../support/controlplane/controlplane.ts';
import { describeNeeding, startOwnControlPlane } from '../support/controlplane/suite.ts';
import { cutAfter, expireAfter, type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { configMap, configMaps, connectKube, failureOf, type ObservedClient } from '../support/kube.ts';
import { silentLog, systemTiming } from '../support/timing.ts';

const namespace = 'default';
const patience = { timeout: 30_000 };

/** A store that is kept by a reflector, and all that it told. */
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
  /** Past the proxy. */
  let direct: ObservedClient;
  let client: ObservedClient;
  const running: Reflector[] = [];

  beforeAll(async () => {
    // Compacted each second, an old version is soon gone.
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

  async function follow(settings: Partial<ReflectorSettings> = {}): Promise<Followed> {
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
        countMended: (_, count) => {
          mended += count;
        },
      },
      settings,
    });
    running.push(reflector);
    return { store, reflector, changes, lists, failures, mended: () => mended };
  }

  const synced = async (settings?: Partial<ReflectorSettings>) => {
    const followed = await follow(settings);
    await followed.reflector.whenSynced();
    return followed;
  };

  /** Makes the object of this name, changes it, or deletes it; again until it is done. */
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
  /** What objects are, without what the store does not keep. */
  const essence = (objects: Iterable<KubeObject>) =>
    new Map(
      [...objects].map(({ metadata: { managedFields: _, ...metadata }, data }) => [metadata.name, { metadata, data }]),
    );
  const expectToAgree = ({ store }: Followed) =>
    expect.poll(async () => essence(store.values()), patience).toEqual(list().then(essence));

  /** The store as whoever heard of each change thinks that it is. */
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
    for (let step = 0; step < 120; step++) {
      if (step === 40 || step === 80) {
        await plane.apiserver.kill('SIGKILL');
        await Promise.all([plane.apiserver.start(), change(`c${step % 10}`, step)]);
      }
      await change(`c${step % 10}`, Math.floor(step / 10));
    }
    proxy.follow(undefined);
    await expectToAgree(followed);
    expect(essence(replay(followed.changes).values())).toEqual(essence(followed.store.values()));
    expect(watches).toBeGreaterThan(5);
  });
});
