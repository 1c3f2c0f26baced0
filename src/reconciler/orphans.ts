import type { StoredObject } from '../objects/object.ts';
import { API_VERSION } from '../orchestration/schema.ts';
import { finalizersOf } from './finalizer.ts';
import type { Cluster } from './ports.ts';
import { ownerRunOf } from './topics.ts';

/**
 * Removes our finalizer from children of this key whose end will not be recorded: their run is gone, was created again,
 * or belongs to another controller. `workedOn` is the uid of the run that is being reconciled, if there is one. Returns
 * the errors.
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

/** Only the API server can confirm that a run is gone, because the copy may have a child before it has the run. */
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
  return children.filter((child) => uidOf(child) !== live?.metadata.uid || uidOf(child) === known);
}
