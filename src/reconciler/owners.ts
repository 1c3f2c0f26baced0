import type { StoredObject } from '../objects/object.ts';
import { follows } from '../orchestration/buckets.ts';
import { API_VERSION } from '../orchestration/schema.ts';
import type { Cluster } from './ports.ts';
import { ownerRunOf } from './topics.ts';

/** The runs that own this run, nearest first. The chain ends at an owner that is gone, or at a loop. */
export async function listOwners(cluster: Cluster, object: StoredObject): Promise<readonly StoredObject[]> {
  const owners: StoredObject[] = [];
  const seen = new Set([object.metadata.uid]);
  for (
    let owner = await ownerRun(cluster, object);
    owner && !seen.has(owner.metadata.uid);
    owner = await ownerRun(cluster, owner)
  ) {
    seen.add(owner.metadata.uid);
    owners.push(owner);
  }
  return owners;
}

/** The run that owns an object, if it exists. With `forRun`, that run is subscribed to it. */
export async function ownerRun(
  cluster: Cluster,
  object: StoredObject,
  forRun?: string,
): Promise<StoredObject | undefined> {
  const owner = ownerRunOf(object);
  const found = owner && (await findRun(cluster, `${object.metadata.namespace}/${owner.name}`, forRun));
  return found?.metadata.uid === owner?.uid ? found : undefined;
}

/**
 * The run of this key, which may be in any bucket. If the copy may lack it, it is read from the API server. With `forRun`,
 * that run is subscribed to it, or polls it.
 */
export async function findRun(cluster: Cluster, key: string, forRun?: string): Promise<StoredObject | undefined> {
  const kept = cluster.getRun(key, forRun);
  if (kept !== undefined || cluster.division.isWhole()) return kept;
  const [namespace = '', name = ''] = key.split('/');
  const live = await cluster.readObject(API_VERSION, 'OrchestrationRun', namespace, name);
  if (live !== undefined && forRun !== undefined && !follows(cluster.division, live)) cluster.poll(forRun);
  return live;
}
