import { setImmediate } from 'node:timers/promises';
import { createTiming, type Log, type Timing } from '../../src/kube/ports.ts';

/** The real clock, timers and chance. */
export const systemTiming: Timing = createTiming(() => performance.now());

export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} };

/** A clock that stands still until it is told otherwise. */
export interface FakeTiming extends Timing {
  /** Lets time pass: calls what falls due in its order, each when all that the one before set off has come to rest. */
  readonly advance: (ms: number) => Promise<void>;
  /** Lets time pass while nothing runs, as when a process was stopped: what fell due is called late, by `advance`. */
  readonly stall: (ms: number) => void;
}

/** `random` as given, or always 1/2. */
export function createFakeTiming(random: () => number = () => 0.5): FakeTiming {
  let nowMs = 0;
  const timers = new Set<{ readonly at: number; readonly callback: () => void }>();

  function takeDue(by: number) {
    const [first] = [...timers].sort((a, b) => a.at - b.at);
    if (first === undefined || first.at > by) return undefined;
    timers.delete(first);
    return first;
  }

  return {
    now: () => nowMs,
    random,
    schedule(delayMs, callback) {
      const timer = { at: nowMs + delayMs, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    async advance(ms) {
      const end = nowMs + ms;
      await settle();
      for (let due = takeDue(end); due !== undefined; due = takeDue(end)) {
        nowMs = Math.max(nowMs, due.at);
        due.callback();
        await settle();
      }
      nowMs = end;
    },
    stall: (ms) => {
      nowMs += ms;
    },
  };
}

/** Resolves when all promises that need no I/O and no timer are settled. */
export async function settle(): Promise<void> {
  await setImmediate();
}
