import type { StoredObject } from '../objects/object.ts';
import { asRecord } from '../orchestration/decode.ts';
import { ConditionType } from '../orchestration/vocabulary/conditions.ts';
import { Annotation } from '../orchestration/vocabulary/metadata.ts';

export const ENGINE_FAULT_MESSAGE =
  'the process that works on it died of it repeatedly and leaves it alone now: the log has the cause; edit the object, set ' +
  'or change its suspend or cancel annotation, or restart the reconciler to have it tried again';

/** What the quarantine of an object holds for: it ends when somebody replaces, edits, cancels, suspends or resumes it. */
export function versionOf(object: StoredObject | undefined): string {
  if (object === undefined) return '';
  const { uid, generation = 0, annotations = {} } = object.metadata;
  return JSON.stringify([uid, generation, annotations[Annotation.Cancel], annotations[Annotation.Suspend]]);
}

/**
 * The conditions of an object with the fault among them, or undefined where they say so already. The others are kept as they
 * are stored, unread: whatever engines die of may be in there. The next status that is planned for the object drops it.
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
