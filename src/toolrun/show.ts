import { isEqual } from '../orchestration/equality.ts';
import { EventReason } from '../orchestration/vocabulary/event-reasons.ts';
import { findRival } from './job-ref.ts';
import type { Action, ObservedToolRun } from './observation.ts';
import type { Shown } from './outcome.ts';
import { findStrays, isFinal, writeStatus } from './status.ts';

/**
 * The supporting controller of the agents chart writes the status of a new ToolRun from events that may be old, at once or a
 * moment later. What it may still put back is not worth writing yet.
 */
const QUIET_MS = 1_000;

/**
 * Has the status say where the ToolRun stands; nothing is written that it says already. What makes others write it for ever
 * goes first, since no version of it lasts until then.
 */
export function show(toolRun: ObservedToolRun, standing: Shown, nowMs: number): readonly Action[] {
  const { object, status } = toolRun;
  const fields = findStrays(object['status']);
  if (fields.length > 0) return [{ type: 'ClearStatus', fields }, ...blameRival(toolRun)];
  const next = writeStatus(status, standing, object.metadata.generation, new Date(nowMs).toISOString());
  if (isEqual({ ...status, updatedAt: '' }, { ...next, updatedAt: '' })) return [];
  const quietMs = untilQuietMs(toolRun, standing, nowMs);
  if (quietMs > 0) return [{ type: 'RequeueAt', time: new Date(nowMs + quietMs).toISOString() }];
  return [{ type: 'PatchStatus', status: next }];
}

/** How long to wait until nobody has written the status for a while, or, unless this is the end, since the start. */
function untilQuietMs({ status, state, isShared }: ObservedToolRun, shown: Shown, nowMs: number): number {
  const times = [...(isShared ? [status.updatedAt] : []), ...(isFinal(shown) ? [] : [state?.startedAt])];
  const agesMs = times.map((time) => nowMs - Date.parse(String(time)));
  // A time that is further off than that was read from a clock that is wrong.
  return Math.max(0, ...agesMs.filter((ageMs) => Math.abs(ageMs) < QUIET_MS).map((ageMs) => QUIET_MS - ageMs));
}

/** Two executors for one ToolRun do its work twice. */
function blameRival(toolRun: ObservedToolRun): readonly Action[] {
  const rival = findRival(toolRun);
  if (rival === undefined) return [];
  const message = `the agents chart's controller runs this ToolRun too, as Job ${rival}: set orchestrationController.enabled to false in that chart`;
  return [{ type: 'EmitEvent', eventType: 'Warning', reason: EventReason.StatusContested, message }];
}
