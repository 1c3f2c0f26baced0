import type { ReconcileResult } from '../objects/outcomes.ts';
import { KubeError } from './errors.ts';
import type { Timing } from './ports.ts';
import { type Backoff, backoffMs } from './retry.ts';
import { createTurns } from './turns.ts';

/** Must not throw. */
export interface QueueObserver {
  setDepth(waiting: number): void;
  /** From when a key could have been worked on to when it was, and how long that took. */
  finish(work: { waitedMs: number; durationMs: number }): void;
  countRetry(): void;
}

export interface QueueOptions {
  /** How many keys are worked on at once. */
  readonly workers: number;
  /** Looks at the present state of a key and acts on it. If it throws, the retry comes not before the error's Retry-After. */
  readonly process: (key: string) => Promise<ReconcileResult>;
  readonly onError: (key: string, error: unknown) => void;
  readonly timing: Timing;
  readonly observer?: QueueObserver;
  readonly backoff?: Backoff;
}

/**
 * Keys to be worked on, each by one worker at a time. A key that is added while it waits is worked on once; one that is
 * added while it is worked on, once more after that. Namespaces take turns, and within one the first that came is the first;
 * every function costs O(1).
 */
export interface Queue {
  /** Until then keys are only gathered: nothing may be decided from a cache that is not whole yet. */
  start(): void;
  add(key: string): void;
  /** Adds the key later; of two times the earlier one holds. At most a day: until then the key is looked at for nothing. */
  addAfter(key: string, delayMs: number): void;
  /**
   * For how long something has been due while no look succeeded, in milliseconds: 0 where all goes well, and before `start`.
   * A key that fails is due until a look at it succeeds.
   */
  overdueMs(): number;
  /** Starts nothing more; resolves when what was being worked on has ended. */
  stop(): Promise<void>;
}

/** For one key: 5 ms, 10 ms … 60 s, each random from 0 up, until an attempt does not ask for another. */
const RETRY_BACKOFF: Backoff = { baseMs: 5, capMs: 60_000 };
/** Node's timers end at 25 days, and fire at once beyond. */
const LONGEST_DELAY_MS = 24 * 60 * 60_000;

/** An empty queue, not started. */
export function createQueue(options: QueueOptions): Queue {
  const { workers, process, onError, timing, observer, backoff = RETRY_BACKOFF } = options;
  const waiting = createTurns();
  const processing = new Set<string>();
  /** Added while being worked on. */
  const dirty = new Set<string>();
  const delayed = new Map<string, { readonly at: number; readonly cancel: () => void }>();
  const failures = new Map<string, number>();
  const stopped = Promise.withResolvers<void>();
  let isStarted = false;
  let isStopping = false;
  let isFilling = false;
  /** When a look last succeeded, or something became due where nothing was. */
  let servedMs = 0;

  function add(key: string): void {
    if (isStopping) return;
    if (processing.has(key)) {
      dirty.add(key);
      return;
    }
    if (!isDue()) servedMs = timing.now();
    if (!waiting.has(key)) waiting.add(key, timing.now());
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

  /** Gives waiting keys to free workers, but not before whoever adds a key has done all it does at once. */
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
    if (dirty.delete(key)) add(key);
    fill();
    if (isStopping && processing.size === 0) stopped.resolve();
  }

  /** Works on a key; returns when it is to be worked on again, if it is. */
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
    // By a timer at the least: a key that always asks for more at once must not keep I/O from its turn.
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
