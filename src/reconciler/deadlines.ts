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

/** When an attempt is to end at the latest, in milliseconds since 1970, and what is said then. */
export interface Deadline {
  readonly dueMs: number;
  readonly message: string;
}

/** A controller that is there begins much sooner. */
const LATE_START_MS = 60_000;

/**
 * What bounds the attempt of a running step now: before its child's work begins `pendingTimeoutSeconds`, then
 * `timeoutSeconds`. Undefined where nothing does.
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

/** What is said of a child whose work nobody has begun for long; else when that is to be said. */
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
  const message = `${kind} ${name} was created at ${creationTimestamp} and has not started: does its controller run?`;
  return { wait: { reason: StepReason.ChildNotStarted, message } };
}

/**
 * An attempt begins with its child: one that was delayed by a crash has lost no time. And a child that nobody has seen yet
 * may exist all the same, so that ending its attempt could let the next one run beside it: undefined.
 */
function attemptBeganMs(observation: Observation, status: StepStatus, nowMs: number): number | undefined {
  const intendedMs = boundTime(status.startedAt, observation.run.creationTimestamp, nowMs);
  if (status.resourceRef === undefined) return intendedMs;
  const child = findChild(observation, status);
  if (child === undefined && findUnseen(observation, status) === undefined) return undefined;
  const createdMs = Date.parse(child?.metadata.creationTimestamp ?? '') || intendedMs;
  // The child's time has no fractions of a second.
  return Math.max(Math.min(intendedMs, createdMs + 1000), createdMs);
}

function isUnstarted(kinds: StepKinds, step: Step, child: StoredObject): boolean {
  const kind = kinds.get(step.kind);
  return kind?.type === 'Child' && kind.readStart !== undefined && kind.readStart(child) === undefined;
}

/** The start that a child tells, within what the API server's own times allow; NaN where that is no time. */
function childStartMs(kinds: StepKinds, step: Step, child: StoredObject, nowMs: number): number {
  const kind = kinds.get(step.kind);
  const start = kind?.type === 'Child' ? kind.readStart?.(child) : undefined;
  return boundTime(start, child.metadata.creationTimestamp ?? '', nowMs);
}

function bound(fromMs: number, duration: unknown, say: (seconds: number) => string): Deadline | undefined {
  const seconds = readDuration(duration);
  return seconds === 0 ? undefined : { dueMs: fromMs + seconds * 1000, message: `attempt ${say(seconds)}` };
}
