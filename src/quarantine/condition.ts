import type { StoredObject } from '../objects/object.ts';
import { asRecord } from '../orchestration/decode.ts';
import { GROUP } from '../orchestration/schema.ts';

/** The condition, and the reason of the event, of an object that engines died of. */
export const ENGINE_FAULT = 'EngineFault';
export const ENGINE_FAULT_MESSAGE =
  'the process that works on it died of it repeatedly and leaves it alone now: the log has the cause; edit the object, set ' +
  'or change its suspend or cancel annotation, or restart the reconciler to have it tried again';

/** What the quarantine of an object holds for: it ends when somebody replaces, edits, cancels, suspends or resumes it. */
export function versionOf(object: StoredObject | undefined): string {
  if (object === undefined) return '';
  const { uid, generation = 0, annotations = {} } = object.metadata;
  return JSON.stringify([uid, generation, ...['cancel', 'suspend'].map((word) => annotations[`${GROUP}/${word}`])]);
}

/**
 * The conditions of an object with the fault among them, or undefined where they say so already. The others are kept as they
 * are stored, unread: whatever engines die of may be in there. The next status that is planned for the object drops it.
 */
export function withEngineFault(object: StoredObject, now: string): readonly object[] | undefined {
  const { conditions } = asRecord(object['status']);
  const stored: readonly unknown[] = Array.isArray(conditions) ? conditions : [];
  if (stored.some((condition) => asRecord(condition)['type'] === ENGINE_FAULT)) return undefined;
  const fault = {
    type: ENGINE_FAULT,
    status: 'True',
    reason: ENGINE_FAULT,
    message: ENGINE_FAULT_MESSAGE,
    lastTransitionTime: now,
  };
  return [...(stored as readonly object[]), fault];
}
