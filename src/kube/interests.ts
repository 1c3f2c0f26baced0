/**
 * Maps topics to the keys that depend on them. A reconcile adds the topics that it reads and first forgets those of the
 * previous reconcile. The cost of an event therefore depends on the number of interested keys only.
 */
export interface Interests {
  readonly add: (key: string, topic: string) => void;
  /** Removes all topics of the key. */
  readonly forget: (key: string) => void;
  readonly keysOf: (topic: string) => Iterable<string>;
}

/** Creates an empty map. */
export function createInterests(): Interests {
  const topics = new Map<string, Set<string>>();
  const keys = new Map<string, Set<string>>();
  return {
    add(key, topic) {
      topics.set(key, (topics.get(key) ?? new Set()).add(topic));
      keys.set(topic, (keys.get(topic) ?? new Set()).add(key));
    },
    forget(key) {
      for (const topic of topics.get(key) ?? []) {
        const interested = keys.get(topic);
        interested?.delete(key);
        if (interested?.size === 0) keys.delete(topic);
      }
      topics.delete(key);
    },
    keysOf: (topic) => keys.get(topic) ?? [],
  };
}
