/**
 * Keys in the order in which they are served: namespaces take turns, and within one the first that came is the first. So
 * thousands of keys of one namespace hold up no other. Keys are `namespace/name`; every function costs O(1).
 */
export interface Turns {
  readonly size: number;
  has(key: string): boolean;
  /** `since` is when it began to wait. */
  add(key: string, since: number): void;
  /** Takes out the next one. */
  take(): { readonly key: string; readonly since: number } | undefined;
  clear(): void;
}

/** Nobody waits. */
export function createTurns(): Turns {
  /** By namespace; the one whose turn is next comes first. */
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
