import type { Round } from './round.ts';

export interface LoopOptions {
  readonly round: Round;
  /** Calls `callback` once. Returns a function that cancels the call. */
  readonly schedule: (delayMs: number, callback: () => void) => () => void;
  /** The longest time between two rounds. The default is 10 s. */
  readonly intervalMs?: number;
}

export interface Loop {
  /** Starts the next round soon, because something has changed. */
  wake(): void;
  /** Resolves when the current round ends. No other round starts. */
  stop(): Promise<void>;
}

/** The usual poll interval of certificate watchers. Only changes that `wake` reports are more urgent. */
const INTERVAL_MS = 10_000;

/** Limits the load on the API server if two writers keep overwriting each other's bundle. */
const LEAST_PAUSE_MS = 200;

/** Runs rounds one after the other. The first starts at once. */
export function startLoop({ round, schedule, intervalMs = INTERVAL_MS }: LoopOptions): Loop {
  let isStopped = false;
  let isWoken = false;
  /** Whether `wake` may end the current pause. */
  let isInterval = false;
  let endPause = () => {};

  function pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = schedule(delayMs, resolve);
      endPause = () => {
        cancel();
        resolve();
      };
    });
  }

  async function run(): Promise<void> {
    while (!isStopped) {
      isWoken = false;
      await round();
      if (!isStopped) await pause(LEAST_PAUSE_MS);
      isInterval = true;
      if (!isStopped && !isWoken) await pause(intervalMs);
      isInterval = false;
    }
  }

  const running = run();
  return {
    wake() {
      isWoken = true;
      if (isInterval) endPause();
    },
    stop() {
      isStopped = true;
      endPause();
      return running;
    },
  };
}
