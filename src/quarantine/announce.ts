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

/**
 * Writes the EngineFault condition and an Event on a quarantined object. An object that has the condition is not
 * changed, so several engines write it once. Throws if the caller must try again.
 */
export async function announceQuarantine(
  { followed, record }: AnnouncementOptions,
  resource: Resource,
  kept: StoredObject,
  now: string,
): Promise<void> {
  // The cache does not keep all conditions, and a write replaces all of them.
  const object = await followed.read(resource, kept.metadata.namespace, kept.metadata.name);
  const conditions = object && withEngineFault(object, now);
  if (object === undefined || conditions === undefined) return;
  const { namespace, name, uid, resourceVersion = '' } = object.metadata;
  // If another controller owns the status, only the Event is written.
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
      throw new Error(`${resource.kind} ${key} has changed: the quarantine condition is not written yet`);
  }
  await record(resource, object.metadata, 'Warning', EventReason.EngineFault, ENGINE_FAULT_MESSAGE);
}
