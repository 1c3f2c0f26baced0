import type { StoredObject } from '../objects/object.ts';
import { asRecord } from '../orchestration/decode.ts';
import { ConditionType } from '../orchestration/vocabulary/conditions.ts';
import { Annotation } from '../orchestration/vocabulary/metadata.ts';

export const ENGINE_FAULT_MESSAGE =
  'processing this object has crashed the engine repeatedly, so the engine ignores it: the log has the cause; to have ' +
  'it processed again, edit the object, set or change its suspend or cancel annotation, or restart the reconciler';

/** The message of the Event. There is no condition, because an audit writes no status. */
export const AUDIT_FAULT_MESSAGE =
  'judging this object has crashed the engine repeatedly, so the audit ignores it: the log has the cause; to have it ' +
  'judged again, edit the object, or restart the reconciler';

/**
 * Returns the version of an object that a quarantine applies to. The version changes, and the quarantine ends, if the
 * object is replaced, edited, cancelled, suspended or resumed. '' if there is no object.
 */
export function versionOf(object: StoredObject | undefined): string {
  if (object === undefined) return '';
  const { uid, generation = 0, annotations = {} } = object.metadata;
  return JSON.stringify([uid, generation, annotations[Annotation.Cancel], annotations[Annotation.Suspend]]);
}

/**
 * Returns the conditions of an object plus the EngineFault condition, or undefined if they already have it. The others
 * are kept as stored and are not decoded, because they can contain the cause of the crash. The next planned status of
 * the object drops the condition.
 */
export function withEngineFault(object: StoredObject, now: string): readonly object[] | undefined {
  const { conditions } = asRecord(object['status']);
  const stored: readonly unknown[] = Array.isArray(conditions) ? conditions : [];
  if (stored.some((condition) => asRecord(condition)['type'] === ConditionType.EngineFault)) return undefined;
  const fault = {
    type: ConditionType.EngineFault,
    status: 'True',
    reason: ConditionType.EngineFault,
    message: ENGINE_FAULT_MESSAGE,
    lastTransitionTime: now,
  };
  return [...(stored as readonly object[]), fault];
}
