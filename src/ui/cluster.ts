import type { KubeObject } from '../objects/object.ts';

/** The cluster as the page needs it: one namespace, followed with the permissions of the user who started the page. */
export interface Cluster {
  /** All known Orchestrations and OrchestrationRuns. They are shared, so do not change them. */
  readonly objects: () => Iterable<KubeObject>;
  readonly get: (kind: string, name: string) => KubeObject | undefined;
  /** Whether everything has been listed once. Only then, an unknown object does not exist. */
  readonly isSynced: () => boolean;
  /** The problems that keep the data from being up to date, as sentences. Empty if there are none. */
  readonly troubles: () => readonly string[];
  /**
   * Returns the snapshot of the run with this uid: the Orchestration as it was when the run started. `undefined` if the
   * run has none. If the snapshot cannot be read, the result is a sentence with the cause.
   */
  readonly readSnapshot: (uid: string) => Promise<unknown>;
  /**
   * Calls the listener after each change of an object, and without an object after a change of troubles. Returns a
   * function that unsubscribes.
   */
  readonly subscribe: (listener: (object: KubeObject | undefined) => void) => () => void;
}
