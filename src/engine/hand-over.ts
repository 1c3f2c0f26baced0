import type { Log, Timing } from '../kube/ports.ts';
import type { ReconcileResult } from '../objects/outcomes.ts';
import { BUCKETS, type Division } from '../orchestration/buckets.ts';

/** Must not throw. */
export interface HandOverObserver {
  setHeld(buckets: number): void;
  countHandOvers(direction: 'gained' | 'lost', buckets: number): void;
}

export interface HandOverOptions {
  /** Follows the objects of these buckets. Resolves when the copy has them. */
  readonly follow: (buckets: ReadonlySet<number>) => Promise<void>;
  /** Records the children of the runs of these buckets that no status records yet. Must not throw. */
  readonly recordChildren: (buckets: ReadonlySet<number>) => Promise<void>;
  /** Reports that no work on these buckets is in progress any more. */
  readonly giveBack: (buckets: readonly number[]) => void;
  /** Whether this replica still holds what it was given. */
  readonly isCurrent: () => boolean;
  /**
   * Called with the buckets that are held from now on. None of their keys has been reconciled here since they were last
   * held.
   */
  readonly onGained: (buckets: ReadonlySet<number>) => void;
  /** Called after the copy has dropped the objects of buckets. */
  readonly onDropped: () => void;
  readonly timing: Timing;
  readonly log: Log;
  readonly observer: HandOverObserver;
}

type Process = (key: string) => Promise<ReconcileResult>;

/** Takes and gives back buckets while the engine runs. */
export interface HandOver {
  readonly division: Division;
  /** Wraps the reconcile of keys. It skips the keys of buckets that are not held: other replicas reconcile them. */
  readonly guard: (bucketOf: (key: string) => number, process: Process) => Process;
  /**
   * Stops work on these buckets. They are given back as soon as their reconciles have ended and their children are
   * recorded.
   */
  readonly drain: (buckets: ReadonlySet<number>) => void;
  /**
   * Works on exactly these buckets, as soon as the copy has their objects. It also follows the expected ones, so that
   * the copy has their objects when work on them begins.
   */
  readonly work: (buckets: ReadonlySet<number>, expected: ReadonlySet<number>) => void;
  /** Stops work on all buckets. The copy keeps their objects, because the buckets probably come back. */
  readonly lose: () => void;
  /** Resolves when the copy has the objects of the first buckets. */
  readonly whenSettled: Promise<void>;
}

/**
 * Work on a bucket that takes longer than this does not delay the hand-over. If two replicas then work on the same run,
 * fixed names and conditional writes ensure that nothing is done twice.
 */
const DRAIN_MS = 10_000;

/** Holds no bucket until `work`. */
export function createHandOver(options: HandOverOptions): HandOver {
  const { follow, recordChildren, giveBack, isCurrent, onGained, onDropped, timing, log, observer } = options;
  const settled = Promise.withResolvers<void>();
  /** The buckets to work on, and those of them whose objects the copy has. */
  let wanted: ReadonlySet<number> = new Set();
  let held: ReadonlySet<number> = new Set();
  /** The buckets that are given back as soon as no work on them is in progress and their children are recorded. */
  const draining = new Map<number, { readonly cancel: () => void; isRecorded: boolean }>();
  /** The amount of work in progress, by bucket: reconciles, and records of children. */
  const busy = new Map<number, number>();
  /** The buckets that the copy must follow, and those that it follows now. */
  let toFollow: ReadonlySet<number> = new Set();
  let followed: ReadonlySet<number> = new Set();
  let isFollowing = false;
  let hasFollowed = false;

  function settle(): void {
    const before = held;
    held = intersect(wanted, followed);
    const gained = subtract(held, before);
    const lost = subtract(before, held);
    observer.setHeld(held.size);
    if (gained.size > 0) observer.countHandOvers('gained', gained.size);
    if (lost.size > 0) observer.countHandOvers('lost', lost.size);
    if (gained.size + lost.size > 0)
      log.info({ held: held.size, gained: [...gained], lost: [...lost] }, 'the buckets of this replica have changed');
    if (gained.size > 0) onGained(gained);
  }

  async function refollow(): Promise<void> {
    if (isFollowing || (hasFollowed && isSame(toFollow, followed))) return;
    isFollowing = true;
    do {
      const target = toFollow;
      const dropped = subtract(followed, target);
      followed = intersect(followed, target);
      settle();
      await follow(target);
      followed = target;
      settle();
      if (dropped.size > 0) onDropped();
    } while (!isSame(toFollow, followed));
    isFollowing = false;
    hasFollowed = true;
    settled.resolve();
  }

  function giveBackIdle(): void {
    const idle = [...draining].filter(([bucket]) => !busy.has(bucket));
    const { ready = [], open = [] } = Object.groupBy(idle, ([, { isRecorded }]) => (isRecorded ? 'ready' : 'open'));
    if (ready.length > 0) giveBack(ready.map(([bucket]) => bucket));
    if (open.length === 0) return;
    for (const [, drain] of open) drain.isRecorded = true;
    const buckets = new Set(open.map(([bucket]) => bucket));
    const recording = recordChildren(buckets);
    for (const bucket of buckets) void count(bucket, recording);
  }

  /** Gives a bucket back in time even if work on it hangs. Returns a function that cancels that. */
  function limitDrain(bucket: number): () => void {
    return timing.schedule(DRAIN_MS, () => {
      log.warn({ bucket, afterMs: DRAIN_MS }, 'work on a bucket does not end, so the bucket is given back');
      giveBack([bucket]);
    });
  }

  async function count<Result>(bucket: number, work: Promise<Result>): Promise<Result> {
    busy.set(bucket, (busy.get(bucket) ?? 0) + 1);
    try {
      return await work;
    } finally {
      const left = (busy.get(bucket) ?? 1) - 1;
      if (left > 0) busy.set(bucket, left);
      else busy.delete(bucket);
      if (draining.has(bucket)) giveBackIdle();
    }
  }

  /**
   * Calls `lose` when the first key is refused because the Lease was lost. The notice of the loss may come later,
   * or never, if a renewal comes first. Without this call, `onGained` would not name the bucket of that key again.
   */
  function checkCurrent(): boolean {
    if (isCurrent()) return true;
    lose();
    return false;
  }

  function lose(): void {
    wanted = new Set();
    settle();
  }

  const holds = (bucket: number) => held.has(bucket) && checkCurrent();
  return {
    division: { holds, isWhole: () => held.size === BUCKETS && checkCurrent() },
    guard: (bucketOf, process) => async (key) => {
      const bucket = bucketOf(key);
      return holds(bucket) ? count(bucket, process(key)) : 'done';
    },
    drain(buckets) {
      wanted = subtract(wanted, buckets);
      settle();
      for (const [bucket, { cancel }] of draining) {
        if (buckets.has(bucket)) continue;
        cancel();
        draining.delete(bucket);
      }
      for (const bucket of buckets)
        if (!draining.has(bucket)) draining.set(bucket, { cancel: limitDrain(bucket), isRecorded: false });
      giveBackIdle();
    },
    work(buckets, expected) {
      wanted = buckets;
      toFollow = new Set([...buckets, ...draining.keys(), ...expected]);
      settle();
      void refollow();
    },
    lose,
    whenSettled: settled.promise,
  };
}

function intersect(one: ReadonlySet<number>, other: ReadonlySet<number>): ReadonlySet<number> {
  return new Set([...one].filter((bucket) => other.has(bucket)));
}

function subtract(from: ReadonlySet<number>, less: ReadonlySet<number>): ReadonlySet<number> {
  return new Set([...from].filter((bucket) => !less.has(bucket)));
}

function isSame(one: ReadonlySet<number>, other: ReadonlySet<number>): boolean {
  return one.size === other.size && [...one].every((bucket) => other.has(bucket));
}
