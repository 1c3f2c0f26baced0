/** When to reconcile the run again although nothing changes: at once, or at `atMs` (milliseconds since 1970). */
export interface Requeue {
  readonly atMs?: number;
  readonly isNow?: boolean;
  /** Something had changed since the observation: reconcile again, with back-off. */
  readonly isOutdated?: boolean;
  /** The errors of the calls that failed: reconcile again, with back-off. */
  readonly errors?: readonly unknown[];
}

/** Everything that several calls ask for, and the earliest of their times. */
export function joinRequeues(requeues: readonly Requeue[]): Requeue {
  const atMs = requeues.reduce((soonest, { atMs: one = Infinity }) => Math.min(soonest, one), Infinity);
  return {
    ...(atMs < Infinity && { atMs }),
    isNow: requeues.some(({ isNow }) => isNow === true),
    isOutdated: requeues.some(({ isOutdated }) => isOutdated === true),
    errors: requeues.flatMap(({ errors = [] }) => errors),
  };
}
