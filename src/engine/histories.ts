import type { FollowedCluster } from '../kube/cluster.ts';
import { RUNS } from '../kube/kinds.ts';
import type { Timing } from '../kube/ports.ts';
import type { StoredObject } from '../objects/object.ts';
import type { Division } from '../orchestration/buckets.ts';
import { asRecord, pick } from '../orchestration/decode.ts';
import { API_VERSION } from '../orchestration/schema.ts';
import { historyOf } from '../reconciler/lifetime.ts';
import { historyTopic } from '../reconciler/topics.ts';

/** How long a list of the runs of a namespace is used. A run that ends later is not counted before the next list. */
export const LISTED_MS = 60_000;

/** The finished runs of Orchestrations, by `namespace/name` of the Orchestration. */
export interface Histories {
  /**
   * Returns our finished runs, reduced to the fields that decide which of them are deleted. If the copy lacks the runs
   * of other buckets, the API server lists the runs of the namespace, at most once in 60 s for all its Orchestrations.
   */
  list(orchestration: string): Promise<readonly StoredObject[]>;
  /** Leaves out a run that was deleted. */
  forget(run: StoredObject): Promise<void>;
}

export interface HistoriesOptions {
  readonly followed: Pick<FollowedCluster, 'listObjects' | 'listAll' | 'statusWriters'>;
  readonly division: Division;
  readonly timing: Pick<Timing, 'now'>;
}

/** The runs of one namespace by Orchestration, and by uid. */
type Listed = ReadonlyMap<string, Map<string, StoredObject>>;

export function createHistories({ followed, division, timing }: HistoriesOptions): Histories {
  const lists = new Map<string, { readonly atMs: number; readonly runs: Promise<Listed> }>();

  async function listLive(namespace: string): Promise<Listed> {
    const listed = new Map<string, Map<string, StoredObject>>();
    for await (const page of followed.listAll(RUNS, { namespace })) {
      for (const run of page as readonly StoredObject[]) {
        const history = historyOf(run);
        if (history === undefined || !followed.statusWriters(run).isOurs) continue;
        const { name, uid } = run.metadata;
        const reduced = { apiVersion: run.apiVersion, kind: run.kind, metadata: { namespace, name, uid } };
        const runs = listed.get(history) ?? new Map<string, StoredObject>();
        listed.set(history, runs.set(uid, { ...reduced, status: pick(asRecord(run)['status'], ['finishedAt']) }));
      }
    }
    return listed;
  }

  /** Concurrent requests share one list. A list that failed is not kept. */
  function read(namespace: string): Promise<Listed> {
    const known = lists.get(namespace);
    if (known !== undefined && timing.now() < known.atMs + LISTED_MS) return known.runs;
    const runs = listLive(namespace);
    lists.set(namespace, { atMs: timing.now(), runs });
    runs.catch(() => lists.delete(namespace));
    return runs;
  }

  return {
    async list(orchestration) {
      const [namespace = ''] = orchestration.split('/');
      if (division.isWhole()) {
        lists.clear();
        const kept = followed.listObjects(API_VERSION, RUNS.kind, namespace, historyTopic(orchestration));
        return kept.filter((run) => followed.statusWriters(run).isOurs);
      }
      return [...((await read(namespace)).get(orchestration)?.values() ?? [])];
    },
    async forget({ metadata: { namespace, uid } }) {
      for (const runs of (await lists.get(namespace)?.runs)?.values() ?? []) runs.delete(uid);
    },
  };
}
