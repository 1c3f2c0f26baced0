/** The outcome of a write. Any other failure throws, and the object is reconciled again from a fresh observation. */
export type WriteOutcome =
  /** The write succeeded. `uid` is that of the created or patched object. */
  | { readonly outcome: 'Done'; readonly uid?: string }
  /** The object has changed since it was observed. */
  | { readonly outcome: 'Outdated' }
  /** The API server denied the write. `message` is its own text. */
  | { readonly outcome: 'Refused'; readonly message: string };

/**
 * What to do with a key after a reconcile: nothing until it is added again, retry with backoff, or requeue after
 * `afterMs`. If there are `errors`, the key is retried with backoff, after `afterMs` at the latest.
 */
export type ReconcileResult =
  | 'done'
  | 'retry'
  | { readonly afterMs: number; readonly errors?: undefined }
  | { readonly errors: readonly unknown[]; readonly afterMs?: number };

/**
 * Returns the result that asks for the next reconcile within `afterMs`, or sooner if the given result does. A `retry`
 * keeps its backoff.
 */
export function within(afterMs: number, result: ReconcileResult): ReconcileResult {
  if (result === 'retry' || afterMs === Infinity) return result;
  return result === 'done' ? { afterMs } : { ...result, afterMs: Math.min(result.afterMs ?? Infinity, afterMs) };
}

/**
 * Returns the text of an error for use in a message. An AggregateError, from a host with several addresses, has no
 * message of its own, so its errors are joined.
 */
export function wordsOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(wordsOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
