import type { StoredObject } from '../objects/object.ts';
import { readDuration } from '../orchestration/durations.ts';
import type { Wait } from '../orchestration/kinds/kind.ts';
import type { StepKinds } from '../orchestration/kinds/step-kinds.ts';
import type { StepStatus } from '../orchestration/run-status.ts';
import type { Step } from '../orchestration/schema.ts';
import { StepReason } from '../orchestration/vocabulary/step-reasons.ts';
import { findChild } from './attempts.ts';
import { findUnseen } from './children.ts';
import type { Observation } from './observation.ts';
import { boundTime } from './times.ts';

/** When an attempt must end, in milliseconds since 1970, and the message that it then gets. */
export interface Deadline {
  readonly dueMs: number;
  readonly message: string;
}

/** A controller that is running starts its children much sooner than this. */
const LATE_START_MS = 60_000;

/**
 * The deadline of the attempt of a running step: `pendingTimeoutSeconds` applies until its child starts, then
 * `timeoutSeconds`. Undefined if the step sets none, or if its child has not been seen.
 */
export function attemptDeadline(
  observation: Observation,
  step: Step,
  status: StepStatus,
  nowMs: number,
): Deadline | undefined {
  const beganMs = attemptBeganMs(observation, status, nowMs);
  if (beganMs === undefined) return undefined;
  const child = findChild(observation, status);
  if (child !== undefined && isUnstarted(observation.kinds, step, child)) {
    const why = status.message ? `: ${status.message}` : '';
    return bound(beganMs, step.pendingTimeoutSeconds, (seconds) => `did not start within ${seconds} s${why}`);
  }
  const startMs = child === undefined ? beganMs : childStartMs(observation.kinds, step, child, nowMs);
  return bound(
    Math.max(beganMs, startMs || beganMs),
    step.timeoutSeconds,
    (seconds) => `took longer than ${seconds} s`,
  );
}

/**
 * Describes a child that has not started long after its creation. Before that, returns when it will be late, in
 * milliseconds since 1970.
 */
export function describeLateStart(
  observation: Observation,
  step: Step,
  status: StepStatus,
  nowMs: number,
): { readonly wait?: Wait; readonly dueMs?: number } {
  const child = findChild(observation, status);
  if (child === undefined || !isUnstarted(observation.kinds, step, child)) return {};
  const { kind, metadata } = child;
  const { name, creationTimestamp = '' } = metadata;
  const dueMs = Date.parse(creationTimestamp) + LATE_START_MS;
  if (!(nowMs >= dueMs)) return { dueMs };
  const message = `${kind} ${name} was created at ${creationTimestamp} and has not started: is its controller running?`;
  return { wait: { reason: StepReason.ChildNotStarted, message } };
}

/**
 * When an attempt began, in milliseconds since 1970. It begins with its child, so a crash that delays the child costs
 * the attempt no time. Undefined if the child has not been seen: it may exist, and if its attempt ended, the next
 * attempt could run at the same time.
 */
function attemptBeganMs(observation: Observation, status: StepStatus, nowMs: number): number | undefined {
  const intendedMs = boundTime(status.startedAt, observation.run.creationTimestamp, nowMs);
  if (status.resourceRef === undefined) return intendedMs;
  const child = findChild(observation, status);
  if (child === undefined && findUnseen(observation, status) === undefined) return undefined;
  const createdMs = Date.parse(child?.metadata.creationTimestamp ?? '') || intendedMs;
  // creationTimestamp has no fractions of a second.
  return Math.max(Math.min(intendedMs, createdMs + 1000), createdMs);
}

function isUnstarted(kinds: StepKinds, step: Step, child: StoredObject): boolean {
  const kind = kinds.get(step.kind);
  return kind?.type === 'Child' && kind.readStart !== undefined && kind.readStart(child) === undefined;
}

/**
 * The start that a child reports, limited to what the API server's own times allow. NaN if it reports no valid time.
 */
function childStartMs(kinds: StepKinds, step: Step, child: StoredObject, nowMs: number): number {
  const kind = kinds.get(step.kind);
  const start = kind?.type === 'Child' ? kind.readStart?.(child) : undefined;
  return boundTime(start, child.metadata.creationTimestamp ?? '', nowMs);
}

function bound(fromMs: number, duration: unknown, say: (seconds: number) => string): Deadline | undefined {
  const seconds = readDuration(duration);
  return seconds === 0 ? undefined : { dueMs: fromMs + seconds * 1000, message: `attempt ${say(seconds)}` };
}
