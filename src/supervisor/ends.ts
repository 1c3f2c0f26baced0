/**
 * The causes for the end of an engine.
 *
 * | cause | what happened |
 * |---|---|
 * | fault | an uncaught exception, or any other exit code |
 * | memory | it aborted, as V8 does if the heap is full |
 * | stalled | its event loop was blocked, so the supervisor killed it |
 * | killed | a signal from the kernel, because memory was short, or from a person |
 * | exit | it exited with code 0, but the supervisor did not stop it |
 * | spawn | it could not be started |
 */
export const END_CAUSES = ['fault', 'memory', 'stalled', 'killed', 'exit', 'spawn'] as const;
export type EndCause = (typeof END_CAUSES)[number];

/** The end of a child process: by a code or a signal, or before it started. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
  readonly isStalled: boolean;
  /** The error if it could not be started. */
  readonly error?: Error;
}

/**
 * Returns the cause to count and log. What the supervisor did itself takes precedence over the exit code and the
 * signal.
 */
export function causeOf({ code, signal, isStalled, error }: ProcessEnd): EndCause {
  if (error !== undefined) return 'spawn';
  if (isStalled) return 'stalled';
  // Some shells and containers report a signal as 128 + its number.
  if (signal === 'SIGABRT' || code === 134) return 'memory';
  if (signal !== null) return 'killed';
  return code === 0 ? 'exit' : 'fault';
}

/**
 * Returns true if an object in work can be the cause.
 */
export function isWorkBlamed(cause: EndCause): boolean {
  return cause === 'fault' || cause === 'memory' || cause === 'stalled' || cause === 'killed';
}

/** The delay after the first end. It doubles after each further end. */
const FIRST_DELAY_MS = 250;

/**
 * Returns the delay before the next engine starts, in milliseconds. `failures` is the number of earlier engines in a
 * row that ended soon after their start. Half of the delay is random, so that replicas that failed together do not
 * restart together. The delay is never 0, so that a crash loop is slow.
 */
export function restartDelayMs(failures: number, capMs: number, random: () => number): number {
  return Math.min(capMs, FIRST_DELAY_MS * 2 ** failures) * (0.5 + random() / 2);
}

/**
 * Memory outside the heap of the engine, as measured: the supervisor (80 MiB), and code, buffers and young objects of
 * the engine (110 MiB).
 */
const OUTSIDE_HEAP_MIB = 192;
const LEAST_HEAP_MIB = 64;
/** The heap if the container has no memory limit. */
const UNLIMITED_HEAP_MIB = 1_024;

/**
 * Returns the default heap of the engine, in MiB: the memory limit of the container, in bytes, minus the memory outside
 * the heap.
 */
export function defaultHeapMib(limitBytes: number | undefined): number {
  if (limitBytes === undefined) return UNLIMITED_HEAP_MIB;
  return Math.max(LEAST_HEAP_MIB, Math.floor(limitBytes / 2 ** 20) - OUTSIDE_HEAP_MIB);
}
