/**
 * A line of keys in which namespaces take turns; the keys of one namespace are first in, first out. Thousands of keys
 * in one namespace do not delay another. Keys are `namespace/name`. Every function costs O(1).
 */
export interface Turns {
  readonly size: number;
  has(key: string): boolean;
  /** `since` is when the key started to wait. */
  add(key: string, since: number): void;
  /** Removes and returns the next key. */
  take(): { readonly key: string; readonly since: number } | undefined;
  clear(): void;
}

/** Creates an empty line. */
export function createTurns(): Turns {
  /** The waiting keys of each namespace. The namespace whose turn is next comes first. */
  const lines = new Map<string, Map<string, number>>();
  let size = 0;
  const namespaceOf = (key: string) => key.slice(0, key.indexOf('/'));
  return {
    get size() {
      return size;
    },
    has: (key) => lines.get(namespaceOf(key))?.has(key) === true,
    add(key, since) {
      const namespace = namespaceOf(key);
      const line = lines.get(namespace) ?? new Map<string, number>();
      if (!line.has(key)) size++;
      lines.set(namespace, line.set(key, since));
    },
    take() {
      const [next] = lines;
      const [first] = next?.[1] ?? [];
      if (next === undefined || first === undefined) return undefined;
      const [namespace, line] = next;
      const [key, since] = first;
      line.delete(key);
      lines.delete(namespace);
      if (line.size > 0) lines.set(namespace, line);
      size--;
      return { key, since };
    },
    clear() {
      lines.clear();
      size = 0;
    },
  };
}
