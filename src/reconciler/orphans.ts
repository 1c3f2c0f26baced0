import type { StoredObject } from '../objects/object.ts';
import { follows } from '../orchestration/buckets.ts';
import { decodeRunStatus } from '../orchestration/decode-status.ts';
import { isRunFinal } from '../orchestration/run-status.ts';
import { API_VERSION } from '../orchestration/schema.ts';
import { releaseRecorded } from './children.ts';
import { finalizersOf } from './finalizer.ts';
import type { Cluster } from './ports.ts';
import { ownerRunOf } from './topics.ts';

/**
 * Removes our finalizer from children of this key whose end will not be recorded: their run is gone, was created again,
 * or belongs to another controller. Does the same for children of a run in another bucket when that run has recorded
 * their end. `workedOn` is the uid of the run that is being reconciled, if there is one. Returns the errors.
 */
export async function releaseOrphans(
  cluster: Cluster,
  key: string,
  workedOn: string | undefined,
): Promise<readonly unknown[]> {
  try {
    const orphans = await findOrphans(cluster, key, workedOn);
    const errors: unknown[] = [];
    for (const child of orphans) await release(cluster, child, key).catch((error: unknown) => errors.push(error));
    return errors;
  } catch (error) {
    return [error];
  }
}

async function release(cluster: Cluster, child: StoredObject, key: string): Promise<void> {
  const { outcome } = await cluster.setFinalizers(child, finalizersOf(child, 'Released'), key);
  if (outcome !== 'Done') throw new Error(`the finalizer of ${child.metadata.name} could not be removed: ${outcome}`);
}

/**
 * Only the API server can confirm that a run is gone, because the copy may have a child before it has the run. The run
 * may also be in another bucket than the child. Then the replica that executes the run does not see that the child is
 * held.
 */
async function findOrphans(
  cluster: Cluster,
  key: string,
  workedOn: string | undefined,
): Promise<readonly StoredObject[]> {
  const uidOf = (child: StoredObject) => ownerRunOf(child)?.uid ?? '';
  const children = cluster.listHeldChildren(key).filter((child) => uidOf(child) !== workedOn);
  if (children.length === 0) return [];
  const [namespace = '', name = ''] = key.split('/');
  const known = cluster.getRun(key)?.metadata.uid;
  const live = await cluster.readObject(API_VERSION, 'OrchestrationRun', namespace, name);
  const [ofLive, orphans] = partition(
    children,
    (child) => uidOf(child) === live?.metadata.uid && uidOf(child) !== known,
  );
  if (live === undefined || ofLive.length === 0 || follows(cluster.division, live)) return orphans;
  const over = findRecorded(live, ofLive);
  if (over.length < ofLive.length) cluster.poll(key);
  return [...orphans, ...over];
}

/** The children whose end a run has recorded, or will never record. */
function findRecorded(run: StoredObject, held: readonly StoredObject[]): readonly StoredObject[] {
  const { stepStatuses, ...status } = decodeRunStatus(run['status']);
  const isOver = run.metadata.deletionTimestamp !== undefined || isRunFinal({ ...status, stepStatuses });
  return releaseRecorded({ held }, isOver ? [] : stepStatuses).flatMap((action) =>
    action.type === 'ReleaseChild' ? action.child : [],
  );
}

function partition<Item>(items: readonly Item[], test: (item: Item) => boolean): [readonly Item[], readonly Item[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}
