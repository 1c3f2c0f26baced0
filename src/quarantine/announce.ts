import type { FollowedCluster } from '../kube/cluster.ts';
import type { RecordEvent } from '../kube/events.ts';
import type { Resource } from '../kube/resources.ts';
import type { StoredObject } from '../objects/object.ts';
import { ConditionType } from '../orchestration/vocabulary/conditions.ts';
import { EventReason } from '../orchestration/vocabulary/event-reasons.ts';
import { ENGINE_FAULT_MESSAGE, withEngineFault } from './condition.ts';

export interface AnnouncementOptions {
  readonly followed: Pick<FollowedCluster, 'statusWriters' | 'patchStatus' | 'read'>;
  readonly record: RecordEvent;
}

/** Says on an object that it is quarantined: once, even if many engines come upon it. Throws where it is to be tried again. */
export async function announceQuarantine(
  { followed, record }: AnnouncementOptions,
  resource: Resource,
  kept: StoredObject,
  now: string,
): Promise<void> {
  // The copy does not keep all conditions, and they are written as a whole.
  const object = await followed.read(resource, kept.metadata.namespace, kept.metadata.name);
  const conditions = object && withEngineFault(object, now);
  if (object === undefined || conditions === undefined) return;
  const { namespace, name, uid, resourceVersion = '' } = object.metadata;
  // Another controller's status is not ours to write; on its own the event has to do.
  if (!followed.statusWriters(kept).isForeign) {
    const version = { namespace, name, uid, resourceVersion };
    const key = `${namespace}/${name}`;
    const { outcome } = await followed.patchStatus(
      resource,
      version,
      { conditions },
      `${key}#${ConditionType.EngineFault}`,
    );
    if (outcome === 'Outdated')
      throw new Error(`${resource.kind} ${key} has just been changed: its quarantine is yet to be said`);
  }
  await record(resource, object.metadata, 'Warning', EventReason.EngineFault, ENGINE_FAULT_MESSAGE);
}
