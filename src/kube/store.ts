import { type KubeObject, keyOf } from '../objects/object.ts';
import type { WatchEvent } from './client.ts';
import type { Log } from './ports.ts';
import { compareVersions } from './resources.ts';

/**
 * A change to one object. A change of uid is two changes: the deletion of the old object, then the addition of the new
 * one.
 */
export interface Change {
  readonly type: 'added' | 'updated' | 'deleted';
  /** For a deletion, the last known state. */
  readonly object: KubeObject;
}

/** A copy of all objects of one kind. Returned objects are shared: do not change them. */
export interface Store {
  get(key: string): KubeObject | undefined;
  values(): Iterable<KubeObject>;
  /** The objects with this topic (see `topicsOf`), in no particular order. */
  about(topic: string): readonly KubeObject[];
  readonly size: number;
  /** The store contains all changes up to this resourceVersion. '0' before the first list. */
  readonly version: string;
  /** Applies one watch event. Events may arrive in any order: an older state than the known one changes nothing. */
  apply(event: WatchEvent): void;
  /**
   * Reduces an object that the API server sent, for `replace` and `merge`. If the store has this version of the object,
   * returns the stored object.
   */
  keep(object: KubeObject): KubeObject;
  /** Replaces the content with all objects at `version`, as returned by `keep`. Returns the number of changes. */
  replace(objects: readonly KubeObject[], version: string): number;
  /**
   * Adds the objects of a list at `version`, as returned by `keep`. Removes nothing. If the list is older than the
   * store, the store takes the version of the list, because it has not received later events of the new objects.
   */
  merge(objects: readonly KubeObject[], version: string): void;
  /** Forgets objects, without a call of `onChange`. */
  drop(isDropped: (object: KubeObject) => boolean): void;
}

export interface StoreOptions {
  /** Called after each change. If it throws, the error is logged and the other changes continue. */
  readonly onChange: (change: Change) => void;
  readonly log: Log;
  /**
   * Reduces an object to what the store keeps. It must keep the metadata. The default drops `metadata.managedFields`.
   */
  readonly transform?: (object: KubeObject) => KubeObject;
  /** The topics of an object: texts of any form that `about` finds it by. Called with the reduced object. */
  readonly topicsOf?: (object: KubeObject) => readonly string[];
}

/** Creates an empty store at version '0'. */
export function createStore({
  onChange,
  log,
  transform = dropManagedFields,
  topicsOf = () => [],
}: StoreOptions): Store {
  const objects = new Map<string, KubeObject>();
  const byTopic = new Map<string, Set<string>>();
  /**
   * Maps the keys of objects deleted since the last list to their versions, so that a late event does not bring them
   * back.
   */
  const deleted = new Map<string, string>();
  let version = '0';

  /** `object` is already reduced. */
  function put(key: string, object: KubeObject): void {
    const before = objects.get(key);
    if (before && before.metadata.uid !== object.metadata.uid) remove(key, before);
    else if (before) unindex(key, before);
    const type = objects.has(key) ? 'updated' : 'added';
    objects.set(key, object);
    for (const topic of topicsOf(object)) byTopic.set(topic, (byTopic.get(topic) ?? new Set()).add(key));
    notify({ type, object });
  }

  function remove(key: string, object: KubeObject): void {
    objects.delete(key);
    unindex(key, object);
    notify({ type: 'deleted', object });
  }

  function notify(change: Change): void {
    try {
      onChange(change);
    } catch (error) {
      log.error({ error, kind: change.object.kind, key: keyOf(change.object.metadata) }, 'cannot handle a change');
    }
  }

  function unindex(key: string, object: KubeObject): void {
    for (const topic of topicsOf(object)) {
      const keys = byTopic.get(topic);
      keys?.delete(key);
      if (keys?.size === 0) byTopic.delete(topic);
    }
  }

  /** Whether this version of the key is newer than the known one. */
  function isNewer(key: string, candidate: string): boolean {
    const known = objects.get(key)?.metadata.resourceVersion;
    if (known !== undefined) return compareVersions(candidate, known) > 0;
    // After a change of labels, one watch can send an object as deleted, and the next as added, with the same version.
    return compareVersions(candidate, deleted.get(key) ?? '0') >= 0;
  }

  function advance(to: string): void {
    if (compareVersions(to, version) > 0) version = to;
  }

  return {
    get: (key) => objects.get(key),
    values: () => objects.values(),
    about: (topic) => [...(byTopic.get(topic) ?? [])].flatMap((key) => objects.get(key) ?? []),
    get size() {
      return objects.size;
    },
    get version() {
      return version;
    },
    apply({ type, object }) {
      const at = versionOf(object);
      // Advance the version first, because `onChange` may read it.
      advance(at);
      if (type === 'BOOKMARK') return;
      const key = keyOf(object.metadata);
      if (!isNewer(key, at)) return;
      if (type !== 'DELETED') {
        put(key, transform(object));
        return;
      }
      deleted.set(key, at);
      const before = objects.get(key);
      if (before) remove(key, before);
    },
    keep(object) {
      const known = objects.get(keyOf(object.metadata));
      return known?.metadata.resourceVersion === versionOf(object) ? known : transform(object);
    },
    replace(listed, at) {
      advance(at);
      deleted.clear();
      let changes = 0;
      const keys = new Set<string>();
      for (const object of listed) {
        const key = keyOf(object.metadata);
        keys.add(key);
        if (!isNewer(key, versionOf(object))) continue;
        put(key, object);
        changes++;
      }
      for (const [key, object] of objects) {
        if (keys.has(key)) continue;
        remove(key, object);
        changes++;
      }
      return changes;
    },
    merge(listed, at) {
      if (compareVersions(at, version) < 0) version = at;
      for (const object of listed) {
        const key = keyOf(object.metadata);
        if (isNewer(key, versionOf(object))) put(key, object);
      }
    },
    drop(isDropped) {
      for (const [key, object] of objects) {
        if (!isDropped(object)) continue;
        objects.delete(key);
        unindex(key, object);
      }
    },
  };
}

/** Managed fields are two thirds of an object's size, and no decision uses them. */
function dropManagedFields(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function versionOf({ metadata }: KubeObject): string {
  return metadata.resourceVersion ?? '0';
}
