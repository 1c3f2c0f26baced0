/**
 * A line of keys in which namespaces take turns; the keys of one namespace are first in, first out. Thousands of keys
 * in one namespace do not delay another. Urgent keys come before others, but while others wait, one of every four keys
 * taken is not urgent. Keys are `namespace/name`. Every function costs O(1).
 */
export interface Turns {
  readonly size: number;
  /**
   * `since` is when the key started to wait. A key that waits already keeps its time and, unless it becomes urgent, its
   * place.
   */
  add(key: string, since: number, isUrgent?: boolean): void;
  /** Removes and returns the next key. */
  take(): Waiting | undefined;
  clear(): void;
}

interface Waiting {
  readonly key: string;
  readonly since: number;
}

/** How many urgent keys are taken in a row while others wait. */
const MOST_URGENT = 3;

/** Creates an empty line. */
export function createTurns(): Turns {
  const [urgent, others] = [createLine(), createLine()];
  let urgentInRow = 0;
  return {
    get size() {
      return urgent.size + others.size;
    },
    add(key, since, isUrgent = false) {
      if (urgent.has(key)) return;
      if (isUrgent) urgent.add(key, others.remove(key) ?? since);
      else if (!others.has(key)) others.add(key, since);
    },
    take() {
      const isUrgent = urgent.size > 0 && (urgentInRow < MOST_URGENT || others.size === 0);
      urgentInRow = isUrgent ? urgentInRow + 1 : 0;
      return (isUrgent ? urgent : others).take();
    },
    clear() {
      urgent.clear();
      others.clear();
    },
  };
}

/** Creates an empty line in which all keys are equally urgent. */
function createLine() {
  /** The waiting keys of each namespace. The namespace whose turn is next comes first. */
  const lines = new Map<string, Map<string, number>>();
  let size = 0;
  const namespaceOf = (key: string) => key.slice(0, key.indexOf('/'));
  return {
    get size() {
      return size;
    },
    has: (key: string) => lines.get(namespaceOf(key))?.has(key) === true,
    /** Adds a key that is not in the line. */
    add(key: string, since: number): void {
      const namespace = namespaceOf(key);
      const line = lines.get(namespace) ?? new Map<string, number>();
      lines.set(namespace, line.set(key, since));
      size++;
    },
    /** Removes a key. Returns when it started to wait, or undefined if it was not in the line. */
    remove(key: string): number | undefined {
      const namespace = namespaceOf(key);
      const line = lines.get(namespace);
      const since = line?.get(key);
      if (line === undefined || since === undefined) return undefined;
      line.delete(key);
      if (line.size === 0) lines.delete(namespace);
      size--;
      return since;
    },
    take(): Waiting | undefined {
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
    clear(): void {
      lines.clear();
      size = 0;
    },
  };
}
