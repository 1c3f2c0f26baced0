/** What became of a write. Any other failure throws, and the object is worked on again from a fresh observation. */
export type WriteOutcome =
  /** With the uid of what was created or patched. */
  | { readonly outcome: 'Done'; readonly uid?: string }
  /** The object is no longer as it was observed. */
  | { readonly outcome: 'Outdated' }
  /** The API server will not have it, in its own words. */
  | { readonly outcome: 'Refused'; readonly message: string };

/**
 * What is to become of a key: nothing until it is added again, another attempt with back-off, or a look after a time. If
 * `errors` says what failed, another attempt with back-off comes, after `afterMs` at the latest.
 */
export type ReconcileResult =
  | 'done'
  | 'retry'
  | { readonly afterMs: number; readonly errors?: undefined }
  | { readonly errors: readonly unknown[]; readonly afterMs?: number };

/** What a call that failed says, as it stands in messages. An AggregateError, of a host with several addresses, has no words of its own. */
export function wordsOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(wordsOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
