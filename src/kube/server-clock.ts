import type { Transport } from './transport.ts';

/** An estimate of the API server's clock. It is exact to a second, and each answer makes it more exact. */
export interface ServerClock {
  /** Milliseconds since 1970, never ahead of the API server's clock. The machine's own time before the first answer. */
  readonly now: () => number;
  /**
   * Updates the estimate. `date` is the `Date` header of an answer, `sentMs` the time of its request on the monotonic
   * clock.
   */
  readonly hear: (date: string | undefined, sentMs: number) => void;
}

/** A `Date` header has no fractions of a second. */
const PRECISION_MS = 1_000;

/**
 * Estimates the API server's clock with a monotonic one, `elapsed`, whose zero is arbitrary. `ownMs` is the machine's
 * time. All stored times use this estimate, because the API server's own timestamps use its clock.
 */
export function createServerClock(elapsed: () => number, ownMs: number): ServerClock {
  /** The API server's clock is ahead of the monotonic clock by an amount between these two. */
  let least = ownMs - elapsed();
  let most = least;
  let hasHeard = false;

  return {
    now: () => elapsed() + least,
    hear(date = '', sentMs) {
      const dateMs = Date.parse(date);
      if (Number.isNaN(dateMs)) return;
      const [atLeast, atMost] = [dateMs - elapsed(), dateMs + PRECISION_MS - sentMs];
      // If the ranges contradict each other, one of the clocks was set or this process was suspended, so the new range
      // applies.
      const fits = hasHeard && atLeast <= most && atMost >= least;
      least = fits ? Math.max(least, atLeast) : atLeast;
      most = fits ? Math.min(most, atMost) : atMost;
      hasHeard = true;
    },
  };
}

/** Every client may read this path, and it costs nothing. */
const VERSION_PATH = '/version';

const TIMEOUT_MS = 10_000;

/**
 * Reads the API server's time, to the second. Undefined if its answers have no date. Code that issues certificates for
 * the API server must use this clock, because certificates from a wrong clock may not be valid yet. Throws KubeError.
 */
export async function readServerTime(transport: Pick<Transport, 'send'>): Promise<Date | undefined> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const answer = await transport.send({
    lane: 'calls',
    method: 'GET',
    path: VERSION_PATH,
    signal,
    idleTimeoutMs: TIMEOUT_MS,
  });
  await answer.body.dump();
  const time = new Date(answer.headers['date']?.toString() ?? '');
  return Number.isNaN(time.getTime()) ? undefined : time;
}
