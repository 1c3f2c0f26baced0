import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KubeError } from '../../src/kube/errors.ts';
import { createQueue } from '../../src/kube/queue.ts';
import type { ReconcileResult } from '../../src/objects/outcomes.ts';
import { createFakeTiming, settle, systemTiming } from '../support/timing.ts';

/** A queue whose work the test ends. `started` lists keys in the order in which their reconciles started. */
function startQueue({ workers = 1, share = 0.5 } = {}) {
  const timing = createFakeTiming(() => share);
  const started: string[] = [];
  const errors: unknown[] = [];
  const underWay = new Map<string, PromiseWithResolvers<ReconcileResult>>();
  const queue = createQueue({
    workers,
    timing,
    process(key) {
      if (underWay.has(key)) throw new Error(`two workers on ${key}`);
      started.push(key);
      const work = Promise.withResolvers<ReconcileResult>();
      underWay.set(key, work);
      return work.promise;
    },
    onError: (key, error) => errors.push([key, error]),
  });
  queue.start();
  const take = (key: string) => {
    const work = underWay.get(key);
    underWay.delete(key);
    return work;
  };
  async function end(key: string, outcome: ReconcileResult = 'done') {
    take(key)?.resolve(outcome);
    await settle();
  }
  async function fail(key: string, error: unknown) {
    take(key)?.reject(error);
    await settle();
  }
  return { queue, timing, started, errors, underWay, end, fail };
}

describe('the queue', () => {
  test('gives each namespace its turn, so that ten thousand keys of one do not delay the one key of another', async () => {
    const { queue, started, end } = startQueue();
    for (let index = 0; index < 10_000; index++) queue.add(`crowd/${index}`);
    for (const key of ['one/a', 'one/b', 'other/a']) queue.add(key);
    await settle();
    for (let turn = 0; turn < 5; turn++) await end(started.at(-1) ?? '');
    expect(started).toEqual(['crowd/0', 'one/a', 'other/a', 'crowd/1', 'one/b', 'crowd/2']);
  });

  test('takes urgent keys first, and every fourth key of the others', async () => {
    const { queue, started, end } = startQueue();
    queue.add('ns/working');
    await settle();
    for (let index = 0; index < 5; index++) queue.add(`ns/${index}`);
    for (const key of ['ns/4', 'ns/a', 'ns/b', 'ns/c', 'ns/working']) queue.add(key, true);
    queue.add('ns/a');
    for (let turn = 0; turn < 10; turn++) await end(started.at(-1) ?? '');
    const order = ['ns/4', 'ns/a', 'ns/b', 'ns/0', 'ns/c', 'ns/working', 'ns/1', 'ns/2', 'ns/3'];
    expect(started).toEqual(['ns/working', ...order]);
  });

  test('reports how long keys have been due without a successful reconcile', async () => {
    const { queue, timing, started, end, fail } = startQueue({ share: 1 });
    await timing.advance(1_000);
    expect(queue.overdueMs()).toBe(0);
    queue.add('ns/a');
    await timing.advance(1_000);
    expect(queue.overdueMs()).toBe(1_000);
    await fail('ns/a', 'broken'); // the retry comes after 5 ms
    await timing.advance(1_000);
    expect([started, queue.overdueMs()]).toEqual([['ns/a', 'ns/a'], 2_000]);
    await end('ns/a');
    expect(queue.overdueMs()).toBe(0);
    await timing.advance(1_000);
    expect(queue.overdueMs()).toBe(0);
  });

  test('processes a key once, however often it was added before', async () => {
    const { queue, started, end } = startQueue();
    for (const key of ['a', 'b', 'a', 'b', 'a']) queue.add(key);
    await settle();
    await end('a');
    await end('b');
    expect(started).toEqual(['a', 'b']);
  });

  test('processes a key again that was added meanwhile, after those that waited', async () => {
    const { queue, started, end } = startQueue();
    queue.add('a');
    await settle();
    queue.add('b');
    queue.add('a');
    queue.add('a');
    for (const key of ['a', 'b', 'a']) await end(key);
    expect(started).toEqual(['a', 'b', 'a']);
  });

  test('does not process keys before it is started, nor in the same task that adds them', async () => {
    const worked: string[] = [];
    const process = (key: string): Promise<ReconcileResult> => {
      worked.push(key);
      return Promise.resolve('done');
    };
    const queue = createQueue({ workers: 9, timing: createFakeTiming(), process, onError: () => {} });
    queue.add('a');
    await settle();
    queue.start();
    queue.add('b');
    expect(worked).toEqual([]);
    await settle();
    expect(worked).toEqual(['a', 'b']);
  });

  test('keeps the earlier of two delays', async () => {
    const { queue, timing, started, end } = startQueue();
    queue.addAfter('a', 5_000);
    queue.addAfter('a', 1_000);
    queue.addAfter('a', 3_000);
    await timing.advance(999);
    expect(started).toEqual([]);
    await timing.advance(1);
    expect(started).toEqual(['a']);
    await end('a');
    await timing.advance(60_000);
    expect(started).toEqual(['a']);
  });

  test('waits longer after each failure of a key, up to a minute, and starts over after a success', async () => {
    const { queue, timing, started, end } = startQueue({ share: 1 });
    queue.add('a');
    await settle();
    const waits: number[] = [];
    for (let failures = 0; failures < 16; failures++) {
      const before = timing.now();
      await end('a', 'retry');
      while (started.length === failures + 1) await timing.advance(5);
      waits.push(timing.now() - before);
    }
    expect(waits.slice(0, 4)).toEqual([5, 10, 20, 40]);
    expect(waits.slice(-2)).toEqual([60_000, 60_000]);
    await end('a');
    queue.add('a');
    await settle();
    await end('a', 'retry');
    await timing.advance(5);
    expect(started).toHaveLength(19); // the first, 16 retries, the addition, 1 retry
  });

  test('retries a key whose reconcile throws, and reports the error', async () => {
    const { queue, timing, started, errors, fail } = startQueue();
    queue.add('a');
    await settle();
    await fail('a', 'broken');
    await timing.advance(5);
    expect(errors).toEqual([['a', 'broken']]);
    expect(started).toEqual(['a', 'a']);
  });

  test('retries no sooner than the API server asked', async () => {
    const { queue, timing, started, fail } = startQueue();
    queue.add('a');
    await settle();
    await fail('a', new KubeError('TooManyRequests', 'later', { retryAfterMs: 3_000 }));
    await timing.advance(3_000);
    expect(started).toEqual(['a']);
    await timing.advance(5);
    expect(started).toEqual(['a', 'a']);
  });

  test('requeues a key after the time in the result, and does not count that as a failure', async () => {
    const { queue, timing, started, end } = startQueue({ share: 1 });
    queue.add('a');
    await settle();
    for (const outcome of [{ afterMs: 700 }, { afterMs: 700 }, 'retry'] as const) {
      await end('a', outcome);
      await timing.advance(outcome === 'retry' ? 5 : 700);
    }
    expect(started).toHaveLength(4);
  });

  test('reports each error of a result, and retries with backoff, no later than the result says', async () => {
    const { queue, timing, started, errors, end } = startQueue({ share: 1 });
    queue.add('a');
    await settle();
    await end('a', { errors: ['one', 'two'] });
    expect(errors).toEqual([
      ['a', 'one'],
      ['a', 'two'],
    ]);
    await timing.advance(5);
    await end('a', { errors: ['three'], afterMs: 3 });
    await timing.advance(3);
    expect(started).toHaveLength(3);
  });

  test('lets other tasks run between two reconciles of a key that always requeues at once', async () => {
    let reconciles = 0;
    const process = (): Promise<ReconcileResult> => {
      reconciles++;
      return Promise.resolve({ afterMs: 0 });
    };
    const queue = createQueue({ workers: 1, timing: systemTiming, process, onError: () => {} });
    queue.start();
    queue.add('a');
    await expect.poll(() => reconciles).toBeGreaterThan(2);
    await queue.stop();
  });

  test('processes a key after a day if its delay is longer than a timer can wait', async () => {
    const { queue, timing, started } = startQueue();
    queue.addAfter('a', 90 * 24 * 60 * 60_000);
    await timing.advance(24 * 60 * 60_000);
    expect(started).toEqual(['a']);
  });

  test('waits for current work when it stops, and starts no more', async () => {
    const { queue, timing, started, end } = startQueue();
    for (const key of ['a', 'b']) queue.add(key);
    queue.addAfter('c', 10);
    await settle();
    let isStopped = false;
    const stopped = queue.stop().then(() => {
      isStopped = true;
    });
    queue.add('d');
    await timing.advance(1_000);
    expect(isStopped).toBe(false);
    await end('a', 'retry');
    await stopped;
    await timing.advance(120_000);
    expect(started).toEqual(['a']);
  });
});

/** A simple model of the queue: which keys have a reason to be processed, now or at a time. */
function createModel(workers: number) {
  const wanted = new Set<string>();
  const wantedAt = new Map<string, number>();
  const failures = new Map<string, number>();
  const wantAt = (key: string, at: number) => wantedAt.set(key, Math.min(at, wantedAt.get(key) ?? at));
  const pass = (now: number) => {
    for (const [key, at] of wantedAt) {
      if (at > now) continue;
      wantedAt.delete(key);
      wanted.add(key);
    }
  };
  return {
    want: (key: string) => wanted.add(key),
    wantAt,
    end(key: string, outcome: ReconcileResult, now: number) {
      const before = failures.get(key) ?? 0;
      failures.set(key, outcome === 'retry' ? before + 1 : 0);
      if (outcome === 'retry') wantAt(key, now + Math.min(60_000, 5 * 2 ** before) / 2);
      else if (outcome !== 'done') wantAt(key, now + (outcome.afterMs ?? Infinity));
    },
    begin(key: string, now: number) {
      pass(now);
      if (!wanted.delete(key)) throw new Error(`work on ${key} for no reason`);
    },
    check(underWay: ReadonlySet<string>, now: number) {
      pass(now);
      expect(underWay.size).toBeLessThanOrEqual(workers);
      const idle = [...wanted].filter((key) => !underWay.has(key));
      if (underWay.size < workers) expect(idle, 'waiting although a worker is free').toEqual([]);
    },
  };
}

type Command =
  | { readonly do: 'add'; readonly key: string }
  | { readonly do: 'addAfter'; readonly key: string; readonly delayMs: number }
  | { readonly do: 'end'; readonly key: string; readonly outcome: ReconcileResult }
  | { readonly do: 'pass'; readonly delayMs: number };

const key = fc.constantFrom('a', 'b', 'c', 'd');
const delayMs = fc.integer({ min: 1, max: 50 });
const outcome = fc.oneof(
  fc.constant<ReconcileResult>('done'),
  fc.constant<ReconcileResult>('retry'),
  fc.record({ afterMs: delayMs }),
);
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ do: fc.constant('add' as const), key }),
  fc.record({ do: fc.constant('addAfter' as const), key, delayMs }),
  fc.record({ do: fc.constant('end' as const), key, outcome }),
  fc.record({ do: fc.constant('pass' as const), delayMs }),
);

/** A queue and its model, which both get each command. */
function startBoth(workers: number) {
  const timing = createFakeTiming();
  const model = createModel(workers);
  const underWay = new Map<string, (outcome: ReconcileResult) => void>();
  const faults: unknown[] = [];
  const queue = createQueue({
    workers,
    timing,
    process(worked) {
      if (underWay.has(worked)) throw new Error(`two workers on ${worked}`);
      model.begin(worked, timing.now());
      return new Promise((resolve) => underWay.set(worked, resolve));
    },
    onError: (_, error) => faults.push(error),
  });
  queue.start();
  async function obey(given: Command): Promise<void> {
    switch (given.do) {
      case 'add':
        model.want(given.key);
        return queue.add(given.key);
      case 'addAfter':
        model.wantAt(given.key, timing.now() + given.delayMs);
        return queue.addAfter(given.key, given.delayMs);
      case 'pass':
        return timing.advance(given.delayMs);
      case 'end': {
        const end = underWay.get(given.key);
        if (!end) return;
        underWay.delete(given.key);
        model.end(given.key, given.outcome, timing.now());
        end(given.outcome);
      }
    }
  }
  function check(): void {
    expect(faults).toEqual([]);
    model.check(new Set(underWay.keys()), timing.now());
  }
  return { obey, check };
}

test('any history of additions, delays and outcomes is processed as in the model', async () => {
  const histories = fc.array(command, { maxLength: 60, size: 'max' });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3 }), histories, async (workers, history) => {
      const { obey, check } = startBoth(workers);
      for (const each of history) {
        await obey(each);
        await settle();
        check();
      }
    }),
    { numRuns: 300 },
  );
});
