/** Time and chance, passed in so that a test owns both. */
export interface Timing {
  /** Milliseconds on a clock that never jumps; its zero means nothing. */
  readonly now: () => number;
  /** Calls back once, not before `delayMs` (at most 2^31 - 1, the longest of Node's timers); returns what calls it off. */
  readonly schedule: (delayMs: number, callback: () => void) => () => void;
  /** Evenly spread over [0, 1). */
  readonly random: () => number;
}

/** Real timers and chance, on the clock that is given: only a `main.ts` reads the clock itself. */
export function createTiming(now: () => number): Timing {
  return {
    now,
    random: Math.random,
    schedule: (delayMs, callback) => {
      const timer = setTimeout(callback, delayMs);
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

/** Resolves after `delayMs`, or as soon as the signal is aborted. */
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
