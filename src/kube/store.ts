import { type KubeObject, keyOf } from '../objects/object.ts';
import type { WatchEvent } from './client.ts';
import type { Log } from './ports.ts';
import { compareVersions } from './resources.ts';

/** What became of one object. A change of uid is two: the old object's deletion, then the new one's addition. */
export interface Change {
  readonly type: 'added' | 'updated' | 'deleted';
  /** Of a deletion, the last state that is known. */
  readonly object: KubeObject;
}

/** Our copy of all objects of one kind. What it returns is shared: never change it. */
export interface Store {
  get(key: string): KubeObject | undefined;
  values(): Iterable<KubeObject>;
  /** The objects about this topic (see `topicsOf`), in no order. */
  about(topic: string): readonly KubeObject[];
  readonly size: number;
  /** All changes up to this resourceVersion are in here; '0' before the first list. */
  readonly version: string;
  /** Takes in one event of a watch, in any order: what is older than what is known changes nothing. */
  apply(event: WatchEvent): void;
  /** What is kept of an object that the API server sent: for `replace`. One that is known in this version is that one. */
  keep(object: KubeObject): KubeObject;
  /** Takes in all objects, as `keep` returns them, as they were at `version`. Returns how many changes that made. */
  replace(objects: readonly KubeObject[], version: string): number;
}

export interface StoreOptions {
  /** Called after each change is in. What it throws is logged: the other objects go on. */
  readonly onChange: (change: Change) => void;
  readonly log: Log;
  /** What is kept of an object, when its metadata is; without `metadata.managedFields` unless given. */
  readonly transform?: (object: KubeObject) => KubeObject;
  /** What an object can be found by beside its key: texts of any form. Asked of what is kept, once a change. */
  readonly topicsOf?: (object: KubeObject) => readonly string[];
}

/** An empty store, as old as can be. */
export function createStore({
  onChange,
  log,
  transform = dropManagedFields,
  topicsOf = () => [],
}: StoreOptions): Store {
  const objects = new Map<string, KubeObject>();
  const byTopic = new Map<string, Set<string>>();
  /** Key to version of what was deleted since the last list, lest a late event bring it back. */
  const deleted = new Map<string, string>();
  let version = '0';

  /** `object` is what is kept. */
  function put(key: string, object: KubeObject): void {
    const before = objects.get(key);
    if (before && before.metadata.uid !== object.metadata.uid) remove(key, before);
    else if (before) unindex(key, before);
    const type = objects.has(key) ? 'updated' : 'added';
    objects.set(key, object);
    for (const topic of topicsOf(object)) byTopic.set(topic, (byTopic.get(topic) ?? new Set()).add(key));
    tell({ type, object });
  }

  function remove(key: string, object: KubeObject): void {
    objects.delete(key);
    unindex(key, object);
    tell({ type: 'deleted', object });
  }

  function tell(change: Change): void {
    try {
      onChange(change);
    } catch (error) {
      log.error(
        { error, kind: change.object.kind, key: keyOf(change.object.metadata) },
        'a change could not be handled',
      );
    }
  }

  function unindex(key: string, object: KubeObject): void {
    for (const topic of topicsOf(object)) {
      const keys = byTopic.get(topic);
      keys?.delete(key);
      if (keys?.size === 0) byTopic.delete(topic);
    }
  }

  /** Whether a state of this version is news about the key. */
  function isNewer(key: string, candidate: string): boolean {
    const known = objects.get(key)?.metadata.resourceVersion ?? deleted.get(key) ?? '0';
    return compareVersions(candidate, known) > 0;
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
      // The version moves first: whoever hears of the change may look at it.
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
  };
}

/** Two thirds of an object's size, and nothing that is decided on. */
function dropManagedFields(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function versionOf({ metadata }: KubeObject): string {
  return metadata.resourceVersion ?? '0';
}
