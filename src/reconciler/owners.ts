import type { StoredObject } from '../objects/object.ts';
import type { Cluster } from './ports.ts';
import { ownerRunOf } from './topics.ts';

/** The runs that own this run, nearest first. The chain ends at an owner that is gone, or at a loop. */
export function listOwners(cluster: Cluster, object: StoredObject): readonly StoredObject[] {
  const owners: StoredObject[] = [];
  const seen = new Set([object.metadata.uid]);
  for (
    let owner = ownerRun(cluster, object);
    owner && !seen.has(owner.metadata.uid);
    owner = ownerRun(cluster, owner)
  ) {
    seen.add(owner.metadata.uid);
    owners.push(owner);
  }
  return owners;
}

/** The run that owns an object, if the copy has it. With `forRun`, that run is subscribed to it. */
export function ownerRun(cluster: Cluster, object: StoredObject, forRun?: string): StoredObject | undefined {
  const owner = ownerRunOf(object);
  const found = owner && cluster.getRun(`${object.metadata.namespace}/${owner.name}`, forRun);
  return found?.metadata.uid === owner?.uid ? found : undefined;
}
