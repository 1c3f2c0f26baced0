/** The clock, timers and random numbers, passed in so that a test controls them. */
export interface Timing {
  /** Milliseconds on a monotonic clock with an arbitrary zero. */
  readonly now: () => number;
  /**
   * Calls `callback` once, after at least `delayMs` (at most 2^31 - 1, the limit of Node's timers). Returns a function
   * that cancels the call.
   */
  readonly schedule: (delayMs: number, callback: () => void) => () => void;
  /** Uniformly distributed over [0, 1). */
  readonly random: () => number;
}

/** Real timers and random numbers with the given clock. Only a `main.ts` reads the clock itself. */
export function createTiming(now: () => number): Timing {
  return {
    now,
    random: Math.random,
    schedule: (delayMs, callback) => {
      // Node counts in whole milliseconds, so its timers can end up to one millisecond early.
      const timer = setTimeout(callback, delayMs > 0 ? Math.ceil(delayMs) + 1 : 0);
      return () => clearTimeout(timer);
    },
  };
}

/** The part of a pino logger that is used here. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Resolves after `delayMs`, or when the signal is aborted. */
export function sleep(timing: Timing, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = timing.schedule(delayMs, end);
    signal.addEventListener('abort', end);
  });
}
