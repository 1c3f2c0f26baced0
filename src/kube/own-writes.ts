import { compareVersions } from './resources.ts';

/**
 * What we wrote last, so that nothing is decided from a cache that has not seen it yet. One process' memory: after a restart
 * the first list is newer than every write before it.
 */
export interface OwnWrites {
  /** Remembers that work on `key` wrote a `kind` of object, which the API server answered with `resourceVersion`. */
  readonly record: (key: string, kind: string, resourceVersion: string) => void;
  /**
   * How long to wait for the cache to have seen all that was recorded for the key, in milliseconds: 0 where it has, and what
   * it has seen is forgotten. Each question in vain doubles the wait, from 20 ms to 5 s: a watch that is silent must not cost
   * a look at every run all the time, and one that speaks wakes the key by itself. `versionOf` gives the newest version of a
   * kind in the cache (`Store.version`), which events and bookmarks of any object move on: the API server tells the changes
   * of one kind in their order.
   */
  readonly untilSeenMs: (key: string, versionOf: (kind: string) => string) => number;
}

const FIRST_WAIT_MS = 20;
const LONGEST_WAIT_MS = 5_000;

/** Remembers nothing yet. */
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
