import { setImmediate } from 'node:timers/promises';
import type { Timing } from '../../../src/kube/ports.ts';

/** Time that passes only when something is due, so that an hour costs only what happens in it. */
export interface VirtualTime extends Timing {
  /** Lets what is due next happen, when all that went before has come to rest; false if that is later than `byMs`. */
  readonly step: (byMs: number) => Promise<boolean>;
}

/** Begins at 0; every draw is the same, so that what happens depends on the calls alone. */
export function createVirtualTime(random: () => number = () => 0.5): VirtualTime {
  let nowMs = 0;
  const timers = new Set<{ readonly at: number; readonly callback: () => void }>();
  return {
    now: () => nowMs,
    random,
    schedule(delayMs, callback) {
      const timer = { at: nowMs + Math.max(0, delayMs), callback };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    async step(byMs) {
      await setImmediate();
      let next: { readonly at: number; readonly callback: () => void } | undefined;
      for (const timer of timers) if (next === undefined || timer.at < next.at) next = timer;
      if (next === undefined || next.at > byMs) {
        nowMs = Math.max(nowMs, byMs);
        return false;
      }
      timers.delete(next);
      nowMs = Math.max(nowMs, next.at);
      next.callback();
      return true;
    },
  };
}
