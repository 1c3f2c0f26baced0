/** An object as the API server sends it, as far as anybody here looks into it. */
export interface StoredObject {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly uid?: string;
    readonly generation?: number;
    readonly resourceVersion?: string;
    readonly creationTimestamp?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** The cluster as the page needs it: one namespace, followed with the rights of whoever started this. */
export interface Cluster {
  /** All Orchestrations and OrchestrationRuns that are known; shared, never to be changed. */
  readonly objects: () => Iterable<StoredObject>;
  readonly get: (kind: string, name: string) => StoredObject | undefined;
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
  readonly subscribe: (listener: (object: StoredObject | undefined) => void) => () => void;
}
