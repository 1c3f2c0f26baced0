import { isEqual } from '../orchestration/equality.ts';
import { EventReason } from '../orchestration/vocabulary/event-reasons.ts';
import { findRival } from './job-ref.ts';
import type { Action, ObservedToolRun } from './observation.ts';
import type { Shown } from './outcome.ts';
import { findStrays, isFinal, writeStatus } from './status.ts';

/**
 * The supporting controller of the agents chart writes the status of a new ToolRun from events that may be old, at once
 * or a moment later. A status that it may still overwrite is not written yet.
 */
const QUIET_MS = 1_000;

/**
 * Returns the actions that make the status show the state of the ToolRun; none if it does. Fields that make other
 * controllers write the status for ever are removed first, because until then no version of the ToolRun lasts long
 * enough for a patch.
 */
export function show(toolRun: ObservedToolRun, standing: Shown, nowMs: number): readonly Action[] {
  const { object, status } = toolRun;
  const fields = findStrays(object['status']);
  if (fields.length > 0) return [{ type: 'ClearStatus', fields }, ...reportRival(toolRun)];
  const next = writeStatus(status, standing, object.metadata.generation, new Date(nowMs).toISOString());
  if (isEqual({ ...status, updatedAt: '' }, { ...next, updatedAt: '' })) return [];
  const quietMs = untilQuietMs(toolRun, standing, nowMs);
  if (quietMs > 0) return [{ type: 'RequeueAt', time: new Date(nowMs + quietMs).toISOString() }];
  return [{ type: 'PatchStatus', status: next }];
}

/**
 * How long to wait, in milliseconds, until QUIET_MS have passed since another controller wrote the status and, unless
 * this is the end, since the start.
 */
function untilQuietMs({ status, state, isShared }: ObservedToolRun, shown: Shown, nowMs: number): number {
  const times = [...(isShared ? [status.updatedAt] : []), ...(isFinal(shown) ? [] : [state?.startedAt])];
  const agesMs = times.map((time) => nowMs - Date.parse(String(time)));
  // A time that is further in the future comes from a wrong clock.
  return Math.max(0, ...agesMs.filter((ageMs) => Math.abs(ageMs) < QUIET_MS).map((ageMs) => QUIET_MS - ageMs));
}

/** Reports that another executor runs the ToolRun, because then its work is done twice. */
function reportRival(toolRun: ObservedToolRun): readonly Action[] {
  const rival = findRival(toolRun);
  if (rival === undefined) return [];
  const message = `the agents chart's controller also runs this ToolRun, as Job ${rival}: set orchestrationController.enabled to false in that chart`;
  return [{ type: 'EmitEvent', eventType: 'Warning', reason: EventReason.StatusContested, message }];
}
