import type { Round } from './round.ts';

export interface LoopOptions {
  readonly round: Round;
  /** Calls back once; returns what calls it off. */
  readonly schedule: (delayMs: number, callback: () => void) => () => void;
  /** The longest time between two rounds, unless the default of 10 s is to be changed. */
  readonly intervalMs?: number;
}

export interface Loop {
  /** Something has changed: the next round comes soon. */
  wake(): void;
  /** Resolves when the round under way has ended; there is no other. */
  stop(): Promise<void>;
}

/** As often as certificate watchers look elsewhere: nothing here is more urgent, but what `wake` tells of. */
const INTERVAL_MS = 10_000;

/** Two who overwrite each other's bundle must not keep the API server busy with it. */
const LEAST_PAUSE_MS = 200;

/** One round after the other, the first at once. */
export function startLoop({ round, schedule, intervalMs = INTERVAL_MS }: LoopOptions): Loop {
  let isStopped = false;
  let isWoken = false;
  /** Whether the pause under way may be cut short. */
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
