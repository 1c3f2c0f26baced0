/**
 * Who is to hear of a change: keys by the topics that their last look read about. A look that begins anew forgets what the
 * one before asked for. So an event costs what it concerns, however many keys there are.
 */
export interface Interests {
  readonly add: (key: string, topic: string) => void;
  /** Forgets all topics of the key. */
  readonly forget: (key: string) => void;
  readonly keysOf: (topic: string) => Iterable<string>;
}

/** Nobody is interested in anything yet. */
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
