import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KubeClient } from '../../src/kube/client.ts';
import { KubeError } from '../../src/kube/errors.ts';
import { type Election, type ElectionOptions, startElection } from '../../src/kube/lease.ts';
import type { KubeObject } from '../../src/objects/object.ts';
import { createFakeTiming, type FakeTiming, silentLog } from '../support/timing.ts';

type Spec = Readonly<Record<string, unknown>>;

/** An API server with one Lease. Null means that the Lease does not exist. */
function createLeaseServer(spec: Spec | null = {}) {
  let version = 1;
  let stored: KubeObject | null = null;
  const writes: string[] = [];
  const store = (next: Spec) => {
    const metadata = { name: 'gate', namespace: 'ns', uid: 'u', resourceVersion: String(++version) };
    stored = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec: next };
    return stored;
  };
  if (spec) store(spec);
  const answer = (give: () => KubeObject) => new Promise<KubeObject>((resolve) => resolve(give()));
  const server = {
    writes,
    spec: () => (stored?.['spec'] ?? null) as Spec | null,
    /** Writes a new version of the same Lease, as `helm upgrade` can. */
    touch: () => store(server.spec() ?? {}),
    get: () =>
      answer(() => {
        if (stored === null) throw new KubeError('NotFound', 'absent');
        return stored;
      }),
    create: () => answer(() => store({})),
    patch: (...[, , { body }]: Parameters<KubeClient['patch']>) =>
      answer(() => {
        const { metadata, spec: patch } = body as { metadata: { uid: string; resourceVersion: string }; spec: Spec };
        const isSame = metadata.uid === 'u' && metadata.resourceVersion === stored?.metadata.resourceVersion;
        if (!isSame) throw new KubeError('Conflict', 'changed');
        writes.push(String(patch['holderIdentity']));
        return store({ ...server.spec(), ...patch });
      }),
  };
  return server;
}

type LeaseServer = ReturnType<typeof createLeaseServer>;
type LeaseClient = ElectionOptions['client'];

/** A candidate and its callbacks: `elected <epoch>`, `lost`. */
function stand(identity: string, timing: FakeTiming, client: LeaseClient, now = () => new Date(0)) {
  const reported: string[] = [];
  const election = startElection({
    client,
    namespace: 'ns',
    name: 'gate',
    identity,
    timing,
    now,
    log: silentLog,
    onElected: (epoch) => reported.push(`elected ${epoch}`),
    onLost: () => reported.push('lost'),
  });
  return { ...election, reported };
}

const unreachable = () => Promise.reject(new KubeError('Unavailable', 'refused'));

/** A client of the server whose calls the test can make fail. */
function createLink(server: LeaseServer) {
  let isCut = false;
  const through =
    <Arguments extends unknown[]>(call: (...given: Arguments) => Promise<KubeObject>) =>
    (...given: Arguments) =>
      isCut ? unreachable() : call(...given);
  const client = { get: through(server.get), create: through(server.create), patch: through(server.patch) };
  return { client, cut: (cut: boolean) => (isCut = cut) };
}

describe('a candidate', () => {
  test('takes a Lease that nobody holds, then writes it every two seconds', async () => {
    const timing = createFakeTiming();
    const server = createLeaseServer();
    const one = stand('one', timing, server, () => new Date('2025-11-23T01:02:03.456Z'));
    await timing.advance(20_000);
    expect(one.reported).toEqual(['elected 1']);
    expect(one.isLeader()).toBe(true);
    expect(server.writes).toHaveLength(11);
    expect(server.spec()).toEqual({
      holderIdentity: 'one',
      leaseDurationSeconds: 15,
      leaseTransitions: 1,
      acquireTime: '2025-11-23T01:02:03.456000Z',
      renewTime: '2025-11-23T01:02:03.456000Z',
    });
  });

  test('creates the Lease if there is none', async () => {
    const timing = createFakeTiming();
    const one = stand('one', timing, createLeaseServer(null));
    await timing.advance(0);
    expect(one.reported).toEqual(['elected 1']);
  });

  test.each([
    ['sets a duration', { leaseDurationSeconds: 40 }, 40],
    ['sets no duration', {}, 15],
  ])('respects a silent holder that %s, counted from the first read of the Lease', async (_, more, seconds) => {
    const timing = createFakeTiming(() => 0);
    const renewTime = '1999-01-01T00:00:00.000000Z'; // long ago on any clock: the candidate must not use it
    const server = createLeaseServer({ holderIdentity: 'other', leaseTransitions: 6, renewTime, ...more });
    const one = stand('one', timing, server);
    await timing.advance(seconds * 1_000 - 1);
    expect(one.reported).toEqual([]);
    await timing.advance(2_000);
    expect(one.reported).toEqual(['elected 7']);
  });

  test('retries until it is elected, whatever fails', async () => {
    const timing = createFakeTiming();
    const { client, cut } = createLink(createLeaseServer());
    cut(true);
    const one = stand('one', timing, client);
    await timing.advance(600_000);
    cut(false);
    await timing.advance(4_400);
    expect(one.reported).toEqual(['elected 1']);
  });

  test('holds the Lease under the same epoch if its write succeeded without an answer', async () => {
    const timing = createFakeTiming();
    const server = createLeaseServer();
    let isLost = true;
    const patch: LeaseClient['patch'] = async (...call) => {
      const answer = await server.patch(...call);
      if (!isLost) return answer;
      isLost = false;
      throw new KubeError('Unavailable', 'reset', { isOutcomeUnknown: true });
    };
    const one = stand('one', timing, { ...server, patch });
    await timing.advance(4_400);
    expect(one.reported).toEqual(['elected 1']);
  });
});

describe('a leader', () => {
  test('without answers gives up ten seconds after its last renewal began, before another is elected', async () => {
    const timing = createFakeTiming();
    const server = createLeaseServer();
    const { client, cut } = createLink(server);
    const one = stand('one', timing, client);
    await timing.advance(4_000);
    const two = stand('two', timing, server);
    await timing.advance(500);
    cut(true);
    await timing.advance(9_499);
    expect([one.reported, one.isLeader()]).toEqual([['elected 1'], true]);
    await timing.advance(1);
    expect([one.reported, one.isLeader()]).toEqual([['elected 1', 'lost'], false]);
    await timing.advance(9_500);
    expect(two.reported).toEqual(['elected 2']);
    cut(false);
    await timing.advance(60_000);
    expect(one.reported).toEqual(['elected 1', 'lost']);
  });

  test('that was suspended past the deadline is no longer leader when it resumes', async () => {
    const timing = createFakeTiming();
    const one = stand('one', timing, createLeaseServer());
    await timing.advance(1_000);
    timing.stall(10_000);
    expect(one.isLeader()).toBe(false);
  });

  test('stays leader if a person edits the Lease', async () => {
    const timing = createFakeTiming();
    const server = createLeaseServer();
    const one = stand('one', timing, server);
    await timing.advance(3_000);
    server.touch();
    await timing.advance(60_000);
    expect([one.reported, server.spec()?.['leaseTransitions']]).toEqual([['elected 1'], 1]);
  });

  test('steps down at once if another candidate takes the Lease', async () => {
    const timing = createFakeTiming();
    const server = createLeaseServer();
    const one = stand('one', timing, server);
    await timing.advance(3_000);
    const { metadata } = server.touch();
    await server.patch({} as never, {} as never, {
      type: 'merge',
      body: { metadata, spec: { holderIdentity: 'two' } },
    });
    await timing.advance(4_000);
    expect(one.reported).toEqual(['elected 1', 'lost']);
    expect(server.spec()?.['holderIdentity']).toBe('two');
  });

  test('that stops gives the Lease to the next, and does not report a loss', async () => {
    const timing = createFakeTiming();
    const server = createLeaseServer();
    const one = stand('one', timing, server);
    await timing.advance(3_000);
    const two = stand('two', timing, server);
    await timing.advance(1_000);
    await one.stop();
    await timing.advance(4_400);
    expect([one.reported, one.isLeader(), two.reported]).toEqual([['elected 1'], false, ['elected 2']]);
  });
});

test('a renewal that succeeds after the leader gave up does not make it leader again', async () => {
  const timing = createFakeTiming();
  const server = createLeaseServer();
  const held = Promise.withResolvers<void>();
  const patch: LeaseClient['patch'] = async (...call) => {
    if (server.writes.length > 0) await held.promise;
    return server.patch(...call);
  };
  const one = stand('one', timing, { ...server, patch });
  await timing.advance(12_000);
  held.resolve();
  await timing.advance(30_000);
  expect([one.reported, one.isLeader(), server.writes]).toEqual([['elected 1', 'lost'], false, ['one', 'one']]);
});

test('a candidate that stops while it reads the Lease does not take it', async () => {
  const timing = createFakeTiming();
  const server = createLeaseServer();
  const held = Promise.withResolvers<void>();
  const get = () => held.promise.then(server.get);
  const one = stand('one', timing, { ...server, get });
  const stopped = one.stop();
  held.resolve();
  await stopped;
  expect(server.writes).toEqual([]);
});

test('whatever the network does, at most one leads at a time, and one leads when the network is well', async () => {
  const names = ['one', 'two', 'three'] as const;
  const fault = fc.record({ who: fc.nat(2), forMs: fc.integer({ min: 500, max: 25_000 }), isStalled: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fault, { maxLength: 12 }),
      fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
      async (faults, shares) => {
        const server = createLeaseServer();
        // Each has its own clock, so that one can be suspended while its calls and the others continue.
        const replicas = names.map((name, at) => {
          const timing = createFakeTiming(() => shares.next().value ?? 0);
          timing.stall(at * 1_000_000);
          const link = createLink(server);
          return { timing, link, election: stand(name, timing, link.client) as Election & { reported: string[] } };
        });
        const pass = async (ms: number, stalled?: number) => {
          for (let passed = 0; passed < ms; passed += 500) {
            for (const [at, { timing }] of replicas.entries()) {
              if (at === stalled) timing.stall(500);
              else await timing.advance(500);
            }
            expect(replicas.filter(({ election }) => election.isLeader()).length).toBeLessThanOrEqual(1);
          }
        };
        for (const { who, forMs, isStalled } of faults) {
          const replica = replicas[who];
          // A candidate that has lost starts again, as under a supervisor.
          if (replica?.election.reported.includes('lost'))
            replica.election = stand(names[who] ?? '', replica.timing, replica.link.client);
          replica?.link.cut(!isStalled);
          await pass(forMs, isStalled ? who : undefined);
          replica?.link.cut(false);
        }
        for (const [at, replica] of replicas.entries()) {
          if (replica.election.reported.includes('lost'))
            replica.election = stand(names[at] ?? '', replica.timing, replica.link.client);
        }
        await pass(25_000);
        expect(replicas.filter(({ election }) => election.isLeader())).toHaveLength(1);
      },
    ),
    { numRuns: 40 },
  );
});
