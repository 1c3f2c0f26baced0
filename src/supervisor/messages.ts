import type { Work } from '../quarantine/suspects.ts';

/** The messages from the supervisor to the engine, over the IPC channel between a Node process and its fork. */
export type ToEngine =
  /**
   * The first message: the objects that were in work when engines crashed, and the quarantined objects. The identity is
   * the same for all engines of a supervisor, so that a new engine continues with the Lease of the previous one.
   */
  | {
      readonly type: 'start';
      readonly identity: string;
      readonly suspects: readonly Work[];
      readonly quarantined: readonly Work[];
    }
  /** Requests `metrics`. */
  | { readonly type: 'scrape' }
  /** The engine finishes the work in progress, deletes its Lease, and exits with 0. */
  | { readonly type: 'stop' };

/** The messages from the engine to the supervisor. */
export type FromEngine =
  /** Sent once a second, to show that the event loop runs. */
  | { readonly type: 'beat' }
  /**
   * Sent when work begins, and when `lacking` changes: what cannot be listed, one sentence for each kind and namespace.
   */
  | { readonly type: 'listed'; readonly lacking: readonly string[] }
  /** Sent before the object is processed, so that the supervisor knows the object if it crashes the engine. */
  | { readonly type: 'begin'; readonly work: Work }
  | { readonly type: 'end'; readonly work: Work }
  /** Metrics in the Prometheus text format. */
  | { readonly type: 'metrics'; readonly text: string };

/** The exit codes of an engine that ends itself, from sysexits.h. The code is 0 if the supervisor stopped it. */
export const EXIT = {
  /** An uncaught exception. */
  fault: 70,
} as const;
