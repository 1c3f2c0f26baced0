import type { KubeError } from './errors.ts';
import type { Timing } from './ports.ts';

/** How delays grow: the n-th delay is random between 0 and `baseMs` x 2^n, and at most `capMs`. */
export interface Backoff {
  readonly baseMs: number;
  readonly capMs: number;
}

/**
 * The delay after a failure that follows `failures` other failures, in milliseconds. The whole delay is random ("full
 * jitter"), so that clients that fail together do not retry together.
 */
export function backoffMs({ baseMs, capMs }: Backoff, failures: number, { random }: Timing): number {
  return random() * Math.min(capMs, baseMs * 2 ** failures);
}

/** The delay before a retry after `error`: the server's Retry-After plus the backoff, in milliseconds. */
export function retryDelayMs(error: KubeError, backoff: Backoff, failures: number, timing: Timing): number {
  return (error.retryAfterMs ?? 0) + backoffMs(backoff, failures, timing);
}
