import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { joinMembers, type MembershipOptions } from '../../src/division/membership.ts';
import { createHandOver } from '../../src/engine/hand-over.ts';
import { KubeError } from '../../src/kube/errors.ts';
import type { KubeObject } from '../../src/objects/object.ts';
import { BUCKETS } from '../../src/orchestration/buckets.ts';
import { Annotation, FieldManager, Label } from '../../src/orchestration/vocabulary/metadata.ts';
import { createFakeTiming, settle, silentLog } from '../support/timing.ts';

type Client = MembershipOptions['client'];

/** An API server that stores Leases. It checks resourceVersions and preconditions. */
function createLeaseServer() {
  let version = 0;
  const leases = new Map<string, KubeObject>();
  const requests: string[] = [];
  const find = (name: string) => {
    const lease = leases.get(name);
    if (lease === undefined) throw new KubeError('NotFound', `${name} is absent`);
    return lease;
  };
  const store = (lease: KubeObject, uid = `uid-${++version}`) => {
    const stored = { ...lease, metadata: { ...lease.metadata, uid, resourceVersion: String(++version) } };
    leases.set(lease.metadata.name, stored);
    return stored;
  };
  const merge = (lease: KubeObject, body: object) => {
    const { metadata = {}, spec = {} } = body as { metadata?: Partial<KubeObject['metadata']>; spec?: object };
    const annotations = { ...lease.metadata.annotations, ...metadata.annotations };
    const merged = {
      ...lease,
      metadata: { ...lease.metadata, annotations },
      spec: { ...(lease['spec'] as object), ...spec },
    };
    return store(merged, lease.metadata.uid);
  };
  /** The client of one replica. `cut` cuts it off, like a partition of the network. */
  function connect() {
    let isCut = false;
    const through = async <Result>(name: string, answer: () => Result): Promise<Result> => {
      requests.push(name);
      await Promise.resolve();
      if (isCut) throw new KubeError('Unavailable', 'no route');
      return answer();
    };
    const client: Client = {
      list: () =>
        through('list', () => {
          const items = [...leases.values()].filter(({ metadata }) => metadata.labels?.[Label.Member] !== undefined);
          return { items, bytes: 1, resourceVersion: String(version) };
        }),
      get: (_, { name }) => through('get', () => find(name)),
      create: (_, lease) =>
        through('create', () => {
          if (leases.has(lease.metadata.name)) throw new KubeError('AlreadyExists', 'exists');
          return store(lease);
        }),
      patch: (_, { name }, { body }) =>
        through('patch', () => {
          const lease = find(name);
          const { resourceVersion } = (body as { metadata?: { resourceVersion?: string } }).metadata ?? {};
          if (resourceVersion !== undefined && resourceVersion !== lease.metadata.resourceVersion)
            throw new KubeError('Conflict', 'changed');
          return merge(lease, body);
        }),
      delete: (_, { name }, { preconditions } = {}) =>
        through('delete', () => {
          const { resourceVersion } = find(name).metadata;
          if (preconditions?.resourceVersion !== undefined && preconditions.resourceVersion !== resourceVersion)
            throw new KubeError('Conflict', 'changed');
          leases.delete(name);
        }),
    };
    return { client, cut: (cut: boolean) => (isCut = cut) };
  }
  return {
    ...{ leases, requests, connect },
    /** Writes the Lease as an engine of version 0.2 does. */
    elect: (holderIdentity: string | null) => {
      const metadata = { namespace: 'ns', name: FieldManager.Reconciler };
      const lease = leases.get(metadata.name) ?? { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata };
      store({ ...lease, spec: { holderIdentity, leaseDurationSeconds: 15 } }, 'elected');
    },
  };
}

type LeaseServer = ReturnType<typeof createLeaseServer>;

/** A replica whose copy is complete as soon as it follows buckets. Its clock can stand still while the others go on. */
function startReplica(server: LeaseServer, identity: string) {
  const timing = createFakeTiming(() => 0);
  const link = server.connect();
  let membership: ReturnType<typeof joinMembers> | undefined;
  let followed: ReadonlySet<number> = new Set();
  const handOver = createHandOver({
    follow(buckets) {
      followed = buckets;
      return Promise.resolve();
    },
    recordChildren: async () => {},
    giveBack: (buckets) => membership?.giveBack(buckets),
    isCurrent: () => membership?.isCurrent() === true,
    onGained: () => {},
    onDropped: () => {},
    observer: { setHeld: () => {}, countHandOvers: () => {} },
    ...{ timing, log: silentLog },
  });
  membership = joinMembers({
    ...{ client: link.client, namespace: 'ns', identity, timing, log: silentLog, now: () => new Date(0) },
    ...{ onDraining: handOver.drain, onWork: handOver.work, onLost: handOver.lose },
  });
  const { division, guard } = handOver;
  const held = () => Array.from({ length: BUCKETS }, (_, bucket) => bucket).filter((bucket) => division.holds(bucket));
  const countFollowed = () => followed.size;
  return { identity, timing, division, guard, held, countFollowed, cut: link.cut, stop: membership.stop, membership };
}

type Replica = ReturnType<typeof startReplica>;

/** Lets time pass for all replicas. In those that are suspended, only the clock goes on, and no timer fires. */
async function pass(replicas: readonly Replica[], ms: number, check = () => {}, suspended: readonly Replica[] = []) {
  for (let passed = 0; passed < ms; passed += 500) {
    for (const replica of replicas) {
      if (suspended.includes(replica)) replica.timing.stall(500);
      else await replica.timing.advance(500);
    }
    await settle();
    check();
  }
}

test('a key that is refused because the Lease is late comes back with the next renewal, even without a notice', async () => {
  let isCurrent = true;
  const gained: number[] = [];
  const handOver = createHandOver({
    follow: async () => {},
    isCurrent: () => isCurrent,
    onGained: (buckets) => gained.push(buckets.size),
    ...{ recordChildren: async () => {}, giveBack: () => {}, onDropped: () => {} },
    observer: { setHeld: () => {}, countHandOvers: () => {} },
    ...{ timing: createFakeTiming(() => 0), log: silentLog },
  });
  const all = new Set(Array.from({ length: BUCKETS }, (_, bucket) => bucket));
  handOver.work(all, new Set());
  await handOver.whenSettled;
  const reconcile = () =>
    handOver.guard(
      () => 7,
      () => Promise.resolve({ afterMs: 1 }),
    )('ns/run');
  expect(await reconcile()).toEqual({ afterMs: 1 });
  isCurrent = false;
  expect(await reconcile()).toBe('done');
  isCurrent = true;
  handOver.work(all, new Set());
  expect([gained, await reconcile()]).toEqual([[BUCKETS, BUCKETS], { afterMs: 1 }]);
});

test('a bucket is given back when its reconcile has ended, and then its children are recorded', async () => {
  const events: string[] = [];
  const [reconcile, recording] = [Promise.withResolvers<'done'>(), Promise.withResolvers<void>()];
  const handOver = createHandOver({
    follow: async () => {},
    recordChildren: (buckets) => {
      events.push(`record ${[...buckets]}`);
      return recording.promise;
    },
    giveBack: (buckets) => events.push(`give back ${buckets}`),
    isCurrent: () => true,
    ...{ onGained: () => {}, onDropped: () => {} },
    observer: { setHeld: () => {}, countHandOvers: () => {} },
    ...{ timing: createFakeTiming(() => 0), log: silentLog },
  });
  handOver.work(new Set([7, 8]), new Set());
  await handOver.whenSettled;
  void handOver.guard(
    () => 7,
    () => reconcile.promise,
  )('ns/run');
  handOver.drain(new Set([7]));
  expect(events).toEqual([]);
  reconcile.resolve('done');
  await settle();
  expect(events).toEqual(['record 7']);
  recording.resolve();
  await settle();
  expect(events).toEqual(['record 7', 'give back 7']);
});

describe('a replica', () => {
  test('that is alone holds all buckets at once, and then makes two reads and a write every two seconds', async () => {
    const server = createLeaseServer();
    const one = startReplica(server, 'one');
    await pass([one], 500);
    expect([one.division.isWhole(), one.membership.members()]).toEqual([true, 1]);
    server.requests.length = 0;
    await pass([one], 20_000);
    expect(server.requests.toSorted()).toEqual([
      ...Array(10).fill('get'),
      ...Array(10).fill('list'),
      ...Array(10).fill('patch'),
    ]);
    const [lease] = server.leases.values();
    expect(lease).toMatchObject({
      metadata: { annotations: { [Annotation.Buckets]: 'ffffffffffffffff' } },
      spec: { holderIdentity: 'one', leaseDurationSeconds: 15, renewTime: '1970-01-01T00:00:00.000000Z' },
    });
    await one.stop();
    expect(server.leases.size).toBe(0);
  });

  test('gives half of its buckets to one that joins, and takes them back when that one stops', async () => {
    const server = createLeaseServer();
    const one = startReplica(server, 'one');
    await pass([one], 3_000);
    const two = startReplica(server, 'two');
    await pass([one, two], 10_000);
    expect([one.held().length, two.held().length]).toEqual([32, 32]);
    await two.stop();
    await pass([one], 3_000);
    expect(one.division.isWhole()).toBe(true);
    await one.stop();
  });

  test('gives a bucket back when its reconciles have ended, or after ten seconds', async () => {
    const server = createLeaseServer();
    const one = startReplica(server, 'one');
    await pass([one], 3_000);
    const work = Promise.withResolvers<'done'>();
    const started = new Map<number, Promise<unknown>>();
    for (const bucket of one.held())
      started.set(
        bucket,
        one.guard(
          () => bucket,
          () => work.promise,
        )('ns/run'),
      );
    const two = startReplica(server, 'two');
    await pass([one, two], 8_000);
    expect([one.held().length, two.held().length]).toEqual([32, 0]);
    expect(
      await one.guard(
        () => 0,
        () => Promise.resolve('done'),
      )('ns/other'),
    ).toBe('done');
    await pass([one, two], 8_000);
    expect([one.held().length, two.held().length]).toEqual([32, 32]);
    work.resolve('done');
    await Promise.all(started.values());
    await one.stop();
    await two.stop();
  });

  test('leaves a key of a bucket that it does not hold to the others', async () => {
    const server = createLeaseServer();
    const [one, two] = [startReplica(server, 'one'), startReplica(server, 'two')];
    await pass([one, two], 10_000);
    const processed: number[] = [];
    for (let bucket = 0; bucket < BUCKETS; bucket++)
      await one.guard(
        () => bucket,
        () => {
          processed.push(bucket);
          return Promise.resolve('done');
        },
      )('ns/run');
    expect(processed).toEqual(one.held());
    expect(processed).toHaveLength(32);
    await one.stop();
    await two.stop();
  });

  test('without answers holds nothing ten seconds after its last renewal began, and comes back with the same buckets', async () => {
    const server = createLeaseServer();
    const [one, two] = [startReplica(server, 'one'), startReplica(server, 'two')];
    await pass([one, two], 10_000);
    const before = [one.held(), two.held()];
    one.cut(true);
    two.cut(true);
    await pass([one, two], 60_000);
    expect([one.held(), two.held()]).toEqual([[], []]);
    one.cut(false);
    await pass([one, two], 6_000);
    two.cut(false);
    await pass([one, two], 6_000);
    expect([one.held(), two.held()]).toEqual(before);
    await one.stop();
    await two.stop();
  });

  test('that was suspended past the deadline holds nothing when it resumes', async () => {
    const server = createLeaseServer();
    const one = startReplica(server, 'one');
    await pass([one], 3_000);
    one.timing.stall(10_000);
    expect([one.held(), one.division.isWhole()]).toEqual([[], false]);
    await one.stop();
  });

  test('holds nothing while another process holds the Lease of the engine, until that expires or is given back', async () => {
    const server = createLeaseServer();
    const one = startReplica(server, 'one');
    await pass([one], 3_000);
    server.elect('0.2');
    await pass([one], 4_500);
    expect(one.held()).toEqual([]);
    server.elect(null);
    await pass([one], 4_500);
    expect(one.division.isWhole()).toBe(true);
    server.elect('0.2');
    await pass([one], 10_000, () => {});
    expect(one.held()).toEqual([]);
    await pass([one], 12_000);
    expect(one.division.isWhole()).toBe(true);
    expect(server.leases.get(FieldManager.Reconciler)?.['spec']).toMatchObject({ holderIdentity: null });
    await one.stop();
  });

  test('goes on with the Lease of the last engine of its supervisor', async () => {
    const server = createLeaseServer();
    const [one, two] = [startReplica(server, 'one'), startReplica(server, 'two')];
    await pass([one, two], 10_000);
    const before = one.held();
    // The first engine dies without giving back its Lease.
    const again = startReplica(server, 'one');
    await pass([again, two], 3_000);
    expect([again.held(), two.held().length]).toEqual([before, 32]);
    await again.stop();
    await two.stop();
  });

  test('follows the buckets of one that is late before it holds them, and not any more when that one is back', async () => {
    const server = createLeaseServer();
    const [one, two] = [startReplica(server, 'one'), startReplica(server, 'two')];
    await pass([one, two], 10_000);
    two.cut(true);
    await pass([one, two], 9_000);
    expect([one.held().length, one.countFollowed()]).toEqual([32, BUCKETS]);
    two.cut(false);
    await pass([one, two], 6_000);
    expect([one.held().length, one.countFollowed()]).toEqual([32, 32]);
    await pass([one], 9_000);
    expect([one.held().length, one.countFollowed()]).toEqual([32, BUCKETS]);
    await pass([one], 9_000);
    expect(one.division.isWhole()).toBe(true);
    await one.stop();
  });

  test('follows nothing else after an outage that ends for it a little earlier', async () => {
    const server = createLeaseServer();
    const one = startReplica(server, 'one');
    await pass([one], 1_000);
    const two = startReplica(server, 'two');
    await pass([one, two], 9_500);
    one.cut(true);
    two.cut(true);
    await pass([one, two], 6_000);
    const check = () => expect([one.countFollowed(), two.countFollowed()]).toEqual([32, 32]);
    one.cut(false);
    await pass([one, two], 2_000, check);
    two.cut(false);
    await pass([one, two], 8_000, check);
    await one.stop();
    await two.stop();
  });

  test('takes the buckets of one that died, even those that belong to another one that died nine seconds later', async () => {
    const server = createLeaseServer();
    const [one, two, three] = [startReplica(server, 'one'), startReplica(server, 'two'), startReplica(server, 'three')];
    await pass([one, two, three], 10_000);
    const ofTwo = two.held().length;
    await pass([two, three], 9_000);
    await pass([three], 9_000);
    expect(three.held().length).toBe(BUCKETS - ofTwo);
    await pass([three], 9_000);
    expect(three.division.isWhole()).toBe(true);
    await three.stop();
  });

  test('deletes the Lease of one that is gone', async () => {
    const server = createLeaseServer();
    const [one, two] = [startReplica(server, 'one'), startReplica(server, 'two')];
    await pass([one, two], 10_000);
    await pass([one], 17_500);
    expect([one.division.isWhole(), server.leases.size]).toEqual([true, 1]);
    await one.stop();
  });
});

/** Replicas that come and go, and how long each bucket has had no owner, or several, at the end of each half second. */
function createScene() {
  const server = createLeaseServer();
  const live = new Map<string, Replica>();
  const unownedMs = new Array<number>(BUCKETS).fill(0);
  const sharedMs = new Array<number>(BUCKETS).fill(0);
  let started = 0;
  const count = () => {
    for (const [bucket, owners] of countOwners(live.values()).entries()) {
      unownedMs[bucket] = owners > 0 ? 0 : (unownedMs[bucket] ?? 0) + 500;
      sharedMs[bucket] = owners > 1 ? (sharedMs[bucket] ?? 0) + 500 : 0;
    }
    expect(Math.max(...unownedMs)).toBeLessThanOrEqual(MOST_UNOWNED_MS);
    expect(Math.max(...sharedMs)).toBeLessThanOrEqual(MOST_SHARED_MS);
  };
  return {
    live,
    join: (name: string) => live.set(name, startReplica(server, `${name}-${started++}`)),
    /** The time without an owner counts from the last failure, because a replica can fail while it takes over. */
    fail: () => unownedMs.fill(0),
    pass: (ms: number, suspended: readonly Replica[] = []) => pass([...live.values()], ms, count, suspended),
  };
}

/** How many replicas hold each bucket. */
function countOwners(replicas: Iterable<Replica>): readonly number[] {
  const counts = new Array<number>(BUCKETS).fill(0);
  for (const replica of replicas) for (const bucket of replica.held()) counts[bucket] = (counts[bucket] ?? 0) + 1;
  return counts;
}

/** The duration of a Lease and 5 s, and half a second because the time is counted in half seconds. */
const MOST_UNOWNED_MS = 20_500;
/** Replicas that take the same bucket see each other in the next round, and give it back in the one after it. */
const MOST_SHARED_MS = 6_000;

type Scene = ReturnType<typeof createScene>;

/** What can happen to a replica for a while. */
const events: Readonly<Record<string, (scene: Scene, name: string, forMs: number) => Promise<void>>> = {
  async join({ live, join, pass: go }, name, forMs) {
    if (!live.has(name)) join(name);
    await go(forMs);
  },
  async stop({ live, pass: go }, name, forMs) {
    const replica = live.get(name);
    live.delete(name);
    await replica?.stop();
    await go(forMs);
  },
  async die({ live, fail, pass: go }, name, forMs) {
    live.delete(name);
    fail();
    await go(forMs);
  },
  async cut({ live, fail, pass: go }, name, forMs) {
    live.get(name)?.cut(true);
    fail();
    await go(forMs);
    live.get(name)?.cut(false);
  },
  async suspend({ live, fail, pass: go }, name, forMs) {
    const replica = live.get(name);
    fail();
    await go(forMs, replica && [replica]);
  },
};

test('whatever happens to replicas, no bucket has two owners or none for long', async () => {
  const event = fc.record({
    name: fc.constantFrom('one', 'two', 'three', 'four'),
    what: fc.constantFrom('join', 'join', ...Object.keys(events)),
    forMs: fc.integer({ min: 500, max: 40_000 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 12 }), async (history) => {
      const scene = createScene();
      scene.join('zero');
      await scene.pass(3_000);
      for (const { name, what, forMs } of history) await events[what]?.(scene, name, forMs);
      await scene.pass(30_000);
      const shares = [...scene.live.values()].map((replica) => replica.held().length);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBe(BUCKETS);
      expect(Math.max(...shares)).toBe(Math.ceil(BUCKETS / shares.length));
      for (const replica of scene.live.values()) await replica.stop();
    }),
    { numRuns: 25 },
  );
});
