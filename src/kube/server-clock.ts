import type { Transport } from './transport.ts';

/** The API server's clock, as far as its answers tell: to the second, and with every answer a little closer. */
export interface ServerClock {
  /** Milliseconds since 1970, not ahead of the API server's clock. Before its first answer the machine's own time. */
  readonly now: () => number;
  /** Takes in the `Date` of an answer, and when, on the steady clock, its request was sent. */
  readonly hear: (date: string | undefined, sentMs: number) => void;
}

/** A `Date` has no fractions of a second. */
const PRECISION_MS = 1_000;

/**
 * Follows the API server's clock with a steady one, `elapsed`, whose zero means nothing; `ownMs` is what the machine takes
 * for the time. All times that are stored are written by this clock, since those that the API server writes are by its own.
 */
export function createServerClock(elapsed: () => number, ownMs: number): ServerClock {
  /** How far the API server is ahead of the steady clock: between these two. */
  let least = ownMs - elapsed();
  let most = least;
  let hasHeard = false;

  return {
    now: () => elapsed() + least,
    hear(date = '', sentMs) {
      const toldMs = Date.parse(date);
      if (Number.isNaN(toldMs)) return;
      const [atLeast, atMost] = [toldMs - elapsed(), toldMs + PRECISION_MS - sentMs];
      // Where the two contradict each other, one of the clocks was set, or this process stood still: the news holds.
      const fits = hasHeard && atLeast <= most && atMost >= least;
      least = fits ? Math.max(least, atLeast) : atLeast;
      most = fits ? Math.min(most, atMost) : atMost;
      hasHeard = true;
    },
  };
}

/** Every client may ask for this, and it costs nothing. */
const VERSION_PATH = '/version';

const TIMEOUT_MS = 10_000;

/**
 * The time of the API server, to the second; undefined where its answers carry none. Whoever makes certificates for it must
 * go by its clock: a machine whose own clock is wrong would make some that are not valid yet. Throws KubeError.
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
