import { compareVersions } from './resources.ts';

/**
 * What we wrote last, so that nothing is decided from a cache that has not seen it yet. One process' memory: after a restart
 * the first list is newer than every write before it.
 */
export interface OwnWrites {
  /** Remembers that work on `key` wrote a `kind` of object, which the API server answered with `resourceVersion`. */
  readonly record: (key: string, kind: string, resourceVersion: string) => void;
  /**
   * Whether the cache has seen all that was recorded for the key; what it has seen is forgotten. `versionOf` gives the
   * newest version of a kind in the cache (`Store.version`), which events and bookmarks of any object move on: the API
   * server tells the changes of one kind in their order.
   */
  readonly hasSeen: (key: string, versionOf: (kind: string) => string) => boolean;
  /** For a key that is gone. */
  readonly forget: (key: string) => void;
}

/** Remembers nothing yet. */
export function createOwnWrites(): OwnWrites {
  const writes = new Map<string, Map<string, string>>();
  return {
    record(key, kind, resourceVersion) {
      const versions = writes.get(key) ?? new Map<string, string>();
      if (compareVersions(resourceVersion, versions.get(kind) ?? '0') > 0) versions.set(kind, resourceVersion);
      writes.set(key, versions);
    },
    hasSeen(key, versionOf) {
      const versions = writes.get(key) ?? new Map<string, string>();
      for (const [kind, version] of versions) if (compareVersions(versionOf(kind), version) >= 0) versions.delete(kind);
      if (versions.size === 0) writes.delete(key);
      return versions.size === 0;
    },
    forget: (key) => {
      writes.delete(key);
    },
  };
}
