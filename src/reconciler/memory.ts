import type { Orchestration } from '../orchestration/decode.ts';
import type { ObservedRun } from './observation.ts';

/** What the reading of a run needs beside the cluster: what is remembered between two looks. */
export interface Memory {
  /** Snapshots that were read, by the run's uid: they never change. */
  readonly snapshots: Map<string, Orchestration>;
  /** The snapshot that was read last of each Orchestration, by `namespace/name`: runs that follow the same share one copy. */
  readonly latest: Map<string, WeakRef<Orchestration>>;
  /** The API server's words on children it refused, by the run's uid and the child's name; after a restart said anew. */
  readonly refusals: Map<string, Map<string, string>>;
  /** Why a child could not be created yet, and since when that is said; by the run's uid and the child's name, in turn. */
  readonly waits: Map<string, Map<string, { readonly words: string; readonly sinceMs: number }>>;
  /** Uids of the children that were created, by the run's uid and the child's name; after a restart the copy has them. */
  readonly created: Map<string, Map<string, string>>;
  /** How often our finalizer was put back on a child, by the run's uid and the child's name. */
  readonly holds: Map<string, Map<string, number>>;
}

/** Remembers something of what stands under a name in a run. */
export function note<Value>(
  known: Map<string, Map<string, Value>>,
  { uid }: ObservedRun,
  name: string,
  value: Value,
): void {
  known.set(uid, (known.get(uid) ?? new Map<string, Value>()).set(name, value));
}
