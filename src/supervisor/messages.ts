import type { Work } from '../quarantine/suspects.ts';

/** What the supervisor tells the engine, over the channel that Node opens between a process and its fork. */
export type ToEngine =
  /** First of all: what was in work when engines died, and what is not to be worked on any more. */
  | { readonly type: 'start'; readonly suspects: readonly Work[]; readonly quarantined: readonly Work[] }
  /** Asks for `metrics`. */
  | { readonly type: 'scrape' }
  /** Ends what is under way, gives the lease back, and exits with 0. */
  | { readonly type: 'stop' };

/** What the engine tells the supervisor. */
export type FromEngine =
  /** Once a second: the event loop turns. */
  | { readonly type: 'beat' }
  /** Work begins, or goes on: with what cannot be listed, a sentence for each kind and namespace. */
  | { readonly type: 'listed'; readonly lacking: readonly string[] }
  /** Before anything is done for it, so that the death that it causes finds its name here. */
  | { readonly type: 'begin'; readonly work: Work }
  | { readonly type: 'end'; readonly work: Work }
  /** In the text format of Prometheus. */
  | { readonly type: 'metrics'; readonly text: string };

/** How an engine ends that ends itself, after sysexits.h; 0 when it was asked to. */
export const EXIT = {
  /** An exception that nobody caught. */
  fault: 70,
  /** It is no longer leader. */
  leaseLost: 75,
} as const;
