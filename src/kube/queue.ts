import type { ReconcileResult } from '../objects/outcomes.ts';
import { KubeError } from './errors.ts';
import type { Timing } from './ports.ts';
import { type Backoff, backoffMs } from './retry.ts';
import { createTurns } from './turns.ts';

/** Must not throw. */
export interface QueueObserver {
  setDepth(waiting: number): void;
  /** A reconcile ended: how long the key waited for a worker, and how long the reconcile took. */
  finish(work: { waitedMs: number; durationMs: number }): void;
  countRetry(): void;
}

export interface QueueOptions {
  /** How many keys are processed at the same time. */
  readonly workers: number;
  /** Reconciles a key. If it throws, the retry waits at least for the error's Retry-After. */
  readonly process: (key: string) => Promise<ReconcileResult>;
  readonly onError: (key: string, error: unknown) => void;
  readonly timing: Timing;
  readonly observer?: QueueObserver;
  readonly backoff?: Backoff;
}

/**
 * A work queue of keys. At most one worker processes a key at a time. A key that is added while it waits is processed
 * once. A key that is added while it is processed is processed again afterwards. Urgent keys come first, namespaces take
 * turns, and keys of one namespace are first in, first out (see `createTurns`). Every function costs O(1).
 */
export interface Queue {
  /** Starts the workers. Before that the queue only collects keys, because the cache may be incomplete. */
  start(): void;
  add(key: string, isUrgent?: boolean): void;
  /**
   * Adds the key after a delay. If the key has two delays, the earlier one applies. Delays over a day are shortened to
   * a day.
   */
  addAfter(key: string, delayMs: number): void;
  /**
   * How long keys have been due without a successful reconcile, in milliseconds. 0 if no key is due, and before
   * `start`. A key that fails stays due until its reconcile succeeds.
   */
  overdueMs(): number;
  /** Starts no more work. Resolves when the current reconciles end. */
  stop(): Promise<void>;
}

/** The upper bounds of a key's random delays: 5 ms, 10 ms … 60 s, until an attempt needs no retry. */
const RETRY_BACKOFF: Backoff = { baseMs: 5, capMs: 60_000 };
/** Node's timers support at most 25 days and fire at once beyond that. */
const LONGEST_DELAY_MS = 24 * 60 * 60_000;

/** Creates an empty queue. Call `start` to process keys. */
export function createQueue(options: QueueOptions): Queue {
  const { workers, process, onError, timing, observer, backoff = RETRY_BACKOFF } = options;
  const waiting = createTurns();
  const processing = new Set<string>();
  /** Keys that were added while they were processed, and whether they are urgent. */
  const dirty = new Map<string, boolean>();
  const delayed = new Map<string, { readonly at: number; readonly cancel: () => void }>();
  const failures = new Map<string, number>();
  const stopped = Promise.withResolvers<void>();
  let isStarted = false;
  let isStopping = false;
  let isFilling = false;
  /** When a reconcile last succeeded, or a key became due while no other was. */
  let servedMs = 0;

  function add(key: string, isUrgent = false): void {
    if (isStopping) return;
    if (processing.has(key)) {
      dirty.set(key, isUrgent || dirty.get(key) === true);
      return;
    }
    if (!isDue()) servedMs = timing.now();
    waiting.add(key, timing.now(), isUrgent);
    fill();
  }

  function addAfter(key: string, delayMs: number): void {
    if (isStopping) return;
    if (delayMs <= 0) {
      add(key);
      return;
    }
    const at = timing.now() + delayMs;
    const before = delayed.get(key);
    if (before && before.at <= at) return;
    before?.cancel();
    const cancel = timing.schedule(Math.min(delayMs, LONGEST_DELAY_MS), () => {
      delayed.delete(key);
      add(key);
    });
    delayed.set(key, { at, cancel });
  }

  /** Gives waiting keys to free workers, but only after the code that adds a key has finished its current task. */
  function fill(): void {
    observer?.setDepth(waiting.size);
    if (isFilling || !isStarted) return;
    isFilling = true;
    queueMicrotask(() => {
      isFilling = false;
      while (processing.size < workers) {
        const next = waiting.take();
        if (next === undefined) break;
        processing.add(next.key);
        void work(next.key, timing.now() - next.since);
      }
      observer?.setDepth(waiting.size);
    });
  }

  async function work(key: string, waitedMs: number): Promise<void> {
    const startedAt = timing.now();
    const delayMs = await attempt(key);
    observer?.finish({ waitedMs, durationMs: timing.now() - startedAt });
    processing.delete(key);
    if (delayMs !== undefined) addAfter(key, delayMs);
    const again = dirty.get(key);
    dirty.delete(key);
    if (again !== undefined) add(key, again);
    fill();
    if (isStopping && processing.size === 0) stopped.resolve();
  }

  /** Reconciles a key. Returns the delay of the next reconcile, if there is one. */
  async function attempt(key: string): Promise<number | undefined> {
    try {
      return finish(key, await process(key));
    } catch (error) {
      onError(key, error);
      const askedMs = error instanceof KubeError ? error.retryAfterMs : undefined;
      return (askedMs ?? 0) + nextRetryMs(key);
    }
  }

  function finish(key: string, result: ReconcileResult): number | undefined {
    if (result === 'retry') return nextRetryMs(key);
    if (result !== 'done' && result.errors !== undefined) {
      for (const error of result.errors) onError(key, error);
      return Math.min(Math.max(1, result.afterMs ?? Infinity), nextRetryMs(key));
    }
    failures.delete(key);
    servedMs = timing.now();
    // Use a timer even for no delay, so that a key that always requeues at once does not block I/O.
    return result === 'done' ? undefined : Math.max(1, result.afterMs);
  }

  function nextRetryMs(key: string): number {
    const before = failures.get(key) ?? 0;
    failures.set(key, before + 1);
    observer?.countRetry();
    return backoffMs(backoff, before, timing);
  }

  function isDue(): boolean {
    return waiting.size + processing.size + failures.size > 0;
  }

  return {
    start() {
      isStarted = true;
      servedMs = timing.now();
      fill();
    },
    add,
    addAfter,
    overdueMs: () => (isStarted && isDue() ? timing.now() - servedMs : 0),
    stop() {
      isStopping = true;
      waiting.clear();
      for (const { cancel } of delayed.values()) cancel();
      delayed.clear();
      if (processing.size === 0) stopped.resolve();
      return stopped.promise;
    },
  };
}
