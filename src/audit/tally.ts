import type { Verdict } from './verdict.ts';

/** How many stored Orchestrations of a namespace have a problem with this code. */
export interface ProblemCount {
  readonly namespace: string;
  readonly code: string;
  readonly severity: 'deny' | 'warn';
  readonly orchestrations: number;
}

/** The state of the stored Orchestrations that were judged. */
export interface AuditCounts {
  readonly judged: number;
  /** The number of Orchestrations that the gate would deny, by namespace. Namespaces without one are left out. */
  readonly denied: ReadonlyMap<string, number>;
  readonly problems: readonly ProblemCount[];
}

/** The verdicts of the stored Orchestrations by key. It keeps only the codes and the identity of the notice. */
export interface Tally {
  /** Sets the verdict of an object. Returns true if it has a notice that the last verdict of this key did not have. */
  set(key: string, verdict: Verdict): boolean;
  has(key: string): boolean;
  remove(key: string): void;
  /** Forgets every object whose key does not satisfy `isKept`. */
  retain(isKept: (key: string) => boolean): void;
  /** Linear in the number of objects. */
  count(): AuditCounts;
}

interface Entry extends Pick<Verdict, 'denied' | 'warned'> {
  readonly identity?: string;
}

/** Creates an empty tally. */
export function createTally(): Tally {
  const entries = new Map<string, Entry>();
  return {
    set(key, { denied, warned, notice }) {
      const isNews = notice !== undefined && notice.identity !== entries.get(key)?.identity;
      entries.set(key, { denied, warned, ...(notice && { identity: notice.identity }) });
      return isNews;
    },
    has: (key) => entries.has(key),
    remove(key) {
      entries.delete(key);
    },
    retain(isKept) {
      for (const key of entries.keys()) if (!isKept(key)) entries.delete(key);
    },
    count() {
      const denied = new Map<string, number>();
      const problems = new Map<string, ProblemCount>();
      const add = (namespace: string, severity: 'deny' | 'warn', code: string) => {
        const id = `${namespace}/${severity}/${code}`;
        const { orchestrations = 0 } = problems.get(id) ?? {};
        problems.set(id, { namespace, code, severity, orchestrations: orchestrations + 1 });
      };
      for (const [key, entry] of entries) {
        const namespace = key.slice(0, key.indexOf('/'));
        if (entry.denied.length > 0) denied.set(namespace, (denied.get(namespace) ?? 0) + 1);
        for (const code of entry.denied) add(namespace, 'deny', code);
        for (const code of entry.warned) add(namespace, 'warn', code);
      }
      return { judged: entries.size, denied, problems: [...problems.values()] };
    },
  };
}
