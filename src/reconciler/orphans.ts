import type { StoredObject } from '../objects/object.ts';
import { API_VERSION } from '../orchestration/schema.ts';
import { finalizersOf } from './finalizer.ts';
import type { Cluster } from './ports.ts';
import { ownerRunOf } from './topics.ts';

/**
 * Takes our finalizer from children of this key whose end nobody will record: their run is gone, was made anew, or belongs to
 * another controller. `workedOn` is the uid of the run that we work on, if there is one. Returns what failed.
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

/** That a run is gone is believed of the API server alone: a child may be heard of before its run. */
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
