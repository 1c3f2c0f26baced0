import type { KubeObject } from '../objects/object.ts';

/** The cluster as the page needs it: one namespace, followed with the rights of whoever started this. */
export interface Cluster {
  /** All Orchestrations and OrchestrationRuns that are known; shared, never to be changed. */
  readonly objects: () => Iterable<KubeObject>;
  readonly get: (kind: string, name: string) => KubeObject | undefined;
  /** Whether everything has been listed once: only then is absent what is not known. */
  readonly isSynced: () => boolean;
  /** What keeps it from being up to date, in sentences; empty in health. */
  readonly troubles: () => readonly string[];
  /**
   * The Orchestration as it was when the run with this uid started: `undefined` where the run has no snapshot. A text says
   * in a sentence why it cannot be read.
   */
  readonly readSnapshot: (uid: string) => Promise<unknown>;
  /** Calls back after each change of an object, and without one when troubles changed; returns what ends that. */
  readonly subscribe: (listener: (object: KubeObject | undefined) => void) => () => void;
}
