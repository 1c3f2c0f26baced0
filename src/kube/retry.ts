import { KubeErrorReason } from '../orchestration/vocabulary/kube-error-reasons.ts';
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

/** The waits of a client that tries again and again. */
export interface Waits {
  /** The wait after this failure, in milliseconds, and whether it is the first failure since the last `reset`. */
  readonly after: (failure: KubeError) => { readonly delayMs: number; readonly isFirst: boolean };
  /** Call it after a success that shows that the server is well. */
  readonly reset: () => void;
}

/**
 * A call that does not reach the server costs the server nothing, so a client tries at least this often. It is shorter
 * than half of the 10 s after which a replica loses its Lease.
 */
const UNREACHABLE_CAP_MS = 4_000;

/**
 * The waits grow with each failure. They start short again at the first answer after an outage. They also start short
 * at the first `Expired`, because the next call is then a different one: a list instead of a watch.
 */
export function createWaits(backoff: Backoff, timing: Timing): Waits {
  let failures = 0;
  let total = 0;
  let hasAnswered = false;
  let hasExpired = false;
  return {
    after(failure) {
      const isExpired = failure.reason === KubeErrorReason.Expired;
      if ((!hasAnswered && !failure.isUnsent) || (!hasExpired && isExpired)) failures = 0;
      hasAnswered ||= !failure.isUnsent;
      hasExpired ||= isExpired;
      const capMs = failure.isUnsent ? Math.min(backoff.capMs, UNREACHABLE_CAP_MS) : backoff.capMs;
      const delayMs = retryDelayMs(failure, { ...backoff, capMs }, failures++, timing);
      return { delayMs, isFirst: total++ === 0 };
    },
    reset() {
      failures = 0;
      total = 0;
      hasAnswered = false;
      hasExpired = false;
    },
  };
}
