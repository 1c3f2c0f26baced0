import { compareVersions } from './resources.ts';

/**
 * The last writes of this process, so that no decision uses a cache that does not contain them yet. They are in memory
 * only: after a restart, the first list is newer than every earlier write.
 */
export interface OwnWrites {
  /**
   * Records that a reconcile of `key` wrote an object of `kind`, and that the API server returned `resourceVersion`.
   */
  readonly record: (key: string, kind: string, resourceVersion: string) => void;
  /**
   * How long to wait before checking again whether the cache contains all recorded writes of the key, in milliseconds.
   * Returns 0 if it does, and forgets those writes. Each call that returns more than 0 doubles the wait, from 20 ms to
   * 5 s, so that a silent watch does not cause a reconcile of every run all the time. A watch event adds the key to the
   * queue without this wait.
   *
   * `versionOf` returns the newest resourceVersion of a kind in the cache (`Store.version`). Events and bookmarks of
   * any object of the kind advance it, because the API server sends the changes of one kind in order.
   */
  readonly untilSeenMs: (key: string, versionOf: (kind: string) => string) => number;
}

const FIRST_WAIT_MS = 20;
const LONGEST_WAIT_MS = 5_000;

/** Creates an empty record. */
export function createOwnWrites(): OwnWrites {
  const writes = new Map<string, Map<string, string>>();
  const waits = new Map<string, number>();
  return {
    record(key, kind, resourceVersion) {
      const versions = writes.get(key) ?? new Map<string, string>();
      if (compareVersions(resourceVersion, versions.get(kind) ?? '0') > 0) versions.set(kind, resourceVersion);
      writes.set(key, versions);
    },
    untilSeenMs(key, versionOf) {
      const versions = writes.get(key) ?? new Map<string, string>();
      for (const [kind, version] of versions) if (compareVersions(versionOf(kind), version) >= 0) versions.delete(kind);
      const waitMs = Math.min(LONGEST_WAIT_MS, 2 * (waits.get(key) ?? FIRST_WAIT_MS / 2));
      waits.set(key, waitMs);
      if (versions.size > 0) return waitMs;
      writes.delete(key);
      waits.delete(key);
      return 0;
    },
  };
}
