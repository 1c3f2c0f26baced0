import { EXIT } from './messages.ts';

/**
 * Why an engine ended.
 *
 * | cause | what happened |
 * |---|---|
 * | lease | it could not renew the lease, or another replica took it |
 * | fault | an exception that nobody caught, or any other exit code |
 * | memory | it aborted, which is what V8 does when the heap is full |
 * | stalled | its event loop stood still, so the supervisor killed it |
 * | killed | a signal: the kernel, for want of memory, or a person |
 * | exit | it ended by itself as if it had been asked to |
 * | spawn | it could not be started |
 */
export const END_CAUSES = ['lease', 'fault', 'memory', 'stalled', 'killed', 'exit', 'spawn'] as const;
export type EndCause = (typeof END_CAUSES)[number];

/** How a child process ended: by a code or a signal, or before it began. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
  readonly isStalled: boolean;
  /** Why it could not be started. */
  readonly error?: Error;
}

/** The one cause to count and tell; what we did ourselves goes before what the system says. */
export function causeOf({ code, signal, isStalled, error }: ProcessEnd): EndCause {
  if (error !== undefined) return 'spawn';
  if (isStalled) return 'stalled';
  // Some shells and containers report a signal as 128 + its number.
  if (signal === 'SIGABRT' || code === 134) return 'memory';
  if (signal !== null) return 'killed';
  if (code === EXIT.leaseLost) return 'lease';
  return code === 0 ? 'exit' : 'fault';
}

/** Whether what was in work may have caused it. A lease is lost to the API server, the network or another replica. */
export function isWorkBlamed(cause: EndCause): boolean {
  return cause === 'fault' || cause === 'memory' || cause === 'stalled' || cause === 'killed';
}

/** After the first end; doubled with each further one. */
const FIRST_DELAY_MS = 250;

/**
 * The wait before the next engine, after so many ends before this one that followed soon upon their start. Half of it is
 * random, so that replicas that failed together do not come back together; and never none, so that a loop stays a slow one.
 */
export function restartDelayMs(failures: number, capMs: number, random: () => number): number {
  return Math.min(capMs, FIRST_DELAY_MS * 2 ** failures) * (0.5 + random() / 2);
}

/** Outside of the engine's heap: the supervisor (80 MiB), and code, buffers and young objects of the engine (110 MiB), as measured. */
const OUTSIDE_HEAP_MIB = 192;
const LEAST_HEAP_MIB = 64;
/** Where there is no limit that one could run into. */
const UNLIMITED_HEAP_MIB = 1_024;

/** The engine's heap where none is set, in MiB: what the memory limit of the container, in bytes, leaves for it. */
export function defaultHeapMib(limitBytes: number | undefined): number {
  if (limitBytes === undefined) return UNLIMITED_HEAP_MIB;
  return Math.max(LEAST_HEAP_MIB, Math.floor(limitBytes / 2 ** 20) - OUTSIDE_HEAP_MIB);
}
