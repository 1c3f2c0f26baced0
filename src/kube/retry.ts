import type { KubeError } from './errors.ts';
import type { Timing } from './ports.ts';

/** How waits grow: the n-th is random between 0 and `baseMs` x 2^n, at most `capMs`. */
export interface Backoff {
  readonly baseMs: number;
  readonly capMs: number;
}

/**
 * The wait after `failures` failures before this one, in milliseconds. All of it is random ("full jitter"), so that many
 * clients which failed together do not come back together.
 */
export function backoffMs({ baseMs, capMs }: Backoff, failures: number, { random }: Timing): number {
  return random() * Math.min(capMs, baseMs * 2 ** failures);
}

/** The wait before repeating what ended with `error`: what the server asked for and, on top, the backoff. */
export function retryDelayMs(error: KubeError, backoff: Backoff, failures: number, timing: Timing): number {
  return (error.retryAfterMs ?? 0) + backoffMs(backoff, failures, timing);
}
