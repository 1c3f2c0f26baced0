import type { KubeObject } from '../objects/object.ts';
import type { Stub } from './entries.ts';
import type { ClusterConnection, Entry, EntryKey, EntryKind } from './page/protocol.ts';

/** One namespace as the pages need it, followed with the permissions of the user who started `ui`. */
export interface Cluster {
  readonly namespace: string;
  /** The names of all known objects of a kind, the newest first. */
  readonly listNames: (kind: EntryKind) => readonly string[];
  /** Returns an object as an entry of a list. Undefined if it is not known. */
  readonly describe: (key: EntryKey) => Entry | undefined;
  /** Returns the stub of an object from the copy. It is shared, so do not change it. */
  readonly find: (key: EntryKey) => Stub | undefined;
  /** Whether all objects of the kind have been listed once. Until then, an unknown object can exist. */
  readonly isListed: (kind: EntryKind) => boolean;
  /** Whether the copy is up to date. */
  readonly connection: () => ClusterConnection;
  /**
   * Returns the whole object, at least as new as its entry. It is read from the API server, unless it was read
   * recently. While a page shows it, its changes arrive by the watch. Throws KubeError.
   */
  readonly read: (key: EntryKey) => Promise<KubeObject | undefined>;
  /**
   * Returns the snapshot of the run with this uid: the Orchestration as it was when the run started. `undefined` if the
   * run has none. If the snapshot cannot be read, the result is a sentence with the cause.
   */
  readonly readSnapshot: (uid: string) => Promise<unknown>;
  /**
   * Calls the listener with each object that changes, and without one after a change of the connection. Returns a
   * function that unsubscribes.
   */
  readonly subscribe: (listener: (changed: Entry | undefined) => void) => () => void;
}
