import type { StoredObject } from '../objects/object.ts';
import type { Orchestration } from '../orchestration/decode.ts';
import type { ObservedRun } from './observation.ts';
import type { Group } from './places.ts';

/** What the reconciler remembers between two reconciles. */
export interface Memory {
  /** Snapshots that were read, by the run's uid. A snapshot never changes. */
  readonly snapshots: Map<string, Orchestration>;
  /**
   * The last snapshot that was read for each Orchestration, by `namespace/name`. Runs that follow the same snapshot
   * share one copy.
   */
  readonly latest: Map<string, WeakRef<Orchestration>>;
  /**
   * The API server's messages for children that it refused, by the run's uid and the child's name. After a restart, the
   * creates are tried again.
   */
  readonly refusals: Map<string, Map<string, string>>;
  /**
   * Why a child could not be created yet, and since when the run shows that message, by the run's uid and the child's
   * name. The child that was tried longest ago comes first.
   */
  readonly waits: Map<string, Map<string, { readonly words: string; readonly sinceMs: number }>>;
  /**
   * Uids of the children that this process created, by the run's uid and the child's name. After a restart, the copy
   * has them.
   */
  readonly created: Map<string, Map<string, string>>;
  /**
   * The names of children whose create met an object of that name, by the run's uid. The copy may not follow the bucket of
   * that object.
   */
  readonly met: Map<string, Map<string, true>>;
  /** The groups of runs, by uid, with the objects that they were evaluated from. */
  readonly groups: Map<string, { readonly from: readonly unknown[]; readonly group: Group | { failure: string } }>;
  /** The places of its group that a waiting run read last, and when it read them, by the run's uid. */
  readonly places: Map<string, { readonly leases: readonly StoredObject[]; readonly readMs: number }>;
  /**
   * The uids of runs for which this process may have taken a place. It can take one after another process has ended the
   * run, so it also looks for the places of runs that hold none according to their status.
   */
  readonly takers: Set<string>;
  /** How many times our finalizer was put back on a child, by the run's uid and the child's name. */
  readonly holds: Map<string, Map<string, number>>;
}

/** Remembers a value for the object of this name in a run. */
export function note<Value>(
  known: Map<string, Map<string, Value>>,
  { uid }: ObservedRun,
  name: string,
  value: Value,
): void {
  known.set(uid, (known.get(uid) ?? new Map<string, Value>()).set(name, value));
}
