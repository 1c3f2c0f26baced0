import { findCondition } from '../orchestration/conditions.ts';
import type { RunStatus } from '../orchestration/run-status.ts';
import { ConditionType } from '../orchestration/vocabulary/conditions.ts';
import { RunReason } from '../orchestration/vocabulary/run-reasons.ts';
import { hasEnded } from './attempts.ts';
import { findUnwanted } from './children.ts';
import type { Action, Observation } from './observation.ts';
import { READ_AGAIN_MS } from './observe-group.ts';
import { awaitPlace, awaitsPlace, holdsPlace, releasePlace, takePlace } from './places.ts';
import { patchIfChanged } from './status-patch.ts';
import { writeStatus } from './summary.ts';
import { boundTime, stampNow } from './times.ts';
import { decideTurn, deletePlace } from './turn.ts';

/**
 * How long a waiting run keeps its message although the queue has moved, in milliseconds for each run that waits before
 * it. So a queue that moves costs few writes, however long it is.
 */
const MESSAGE_AGE_MS = 5_000;

/**
 * How soon the children of a run that is over are checked again, in milliseconds. Usually, a watch event comes earlier.
 */
const CHECK_AGAIN_MS = 5_000;

/** What keeps a run that has its snapshot from starting. */
type Delay =
  | { readonly fails: RunReason; readonly message: string }
  | { readonly patches: readonly Action[]; readonly actions: readonly Action[]; readonly dueMs: readonly number[] };

/** Decides whether the group of a run lets it start. Undefined if it does, or if the run has no group. Pure. */
export function waitForTurn(observation: Observation, nowMs: number): Delay | undefined {
  const { group, run, waits } = observation;
  if (group === undefined) return undefined;
  if ('failure' in group)
    return { fails: RunReason.ConcurrencyGroupFailed, message: `policies.concurrency.group: ${group.failure}` };
  const turn = decideTurn(run, group, waits);
  if (turn.type === 'Start') return undefined;
  if (turn.type === 'Fail') return { fails: RunReason.ConcurrencyLimitReached, message: turn.message };
  const { actions, message } = turn;
  if (message === undefined) return { patches: [], actions, dueMs: [] };
  const holdMs = turn.type === 'Wait' ? turn.position * MESSAGE_AGE_MS : 0;
  return {
    patches: writeQueued(observation, message, holdMs, nowMs),
    actions,
    dueMs: [nowMs + Math.max(READ_AGAIN_MS, holdMs)],
  };
}

/**
 * Writes that the run waits. The write is not urgent: if the run starts within a second, it is not made. The stored
 * message stays for `holdMs` after the last write.
 */
function writeQueued(observation: Observation, message: string, holdMs: number, nowMs: number): readonly Action[] {
  const { run, group } = observation;
  if (group === undefined || 'failure' in group) return [];
  const now = stampNow(observation, nowMs);
  const said = findCondition(run.status.conditions, ConditionType.Progressing);
  const writtenMs = boundTime(run.status.updatedAt, run.creationTimestamp, nowMs);
  const isHeld = said?.reason === RunReason.Queued && nowMs < writtenMs + holdMs;
  const standing = { phase: 'Pending', reason: RunReason.Queued, message: isHeld ? said.message : message } as const;
  const status = awaitPlace(run.status, group.group, group.policy.max, now);
  return patchIfChanged(run, writeStatus(status, standing, { observedGeneration: run.generation }, now)).map(
    (action) => (action.type === 'PatchStatus' ? { ...action, isUrgent: false } : action),
  );
}

/**
 * A run that has a place records it with its next status, whatever that status says, for example its start or its end.
 * So it releases the place after its end, even if it never starts.
 */
export function noteOwnPlace(observation: Observation, nowMs: number): Observation {
  const { group, run } = observation;
  const own = group !== undefined && 'places' in group ? group.places?.own : undefined;
  if (own === undefined) return observation;
  return { ...observation, run: { ...run, status: takePlace(run.status, own, stampNow(observation, nowMs)) } };
}

/** The status of a run that ends before it starts: it waits for no place any more. */
export function withoutQueue(status: RunStatus, now: string): RunStatus {
  return awaitsPlace(status) ? releasePlace(status, now) : status;
}

/** A run that is over releases its places once its children are gone, and records that it has none. */
export function releasePlaces(observation: Observation, nowMs: number): readonly Action[] {
  const { run, places, owned, kinds } = observation;
  if (places === undefined) return [];
  const isAtWork =
    run.status.stepStatuses.some((step) => findUnwanted(observation, step) !== undefined) ||
    owned.some((child) => !hasEnded(child, kinds));
  if (isAtWork) return [{ type: 'RequeueAt', time: new Date(nowMs + CHECK_AGAIN_MS).toISOString() }];
  if (places.length > 0) return places.map(deletePlace);
  return holdsPlace(run.status) ? patchIfChanged(run, releasePlace(run.status, stampNow(observation, nowMs))) : [];
}
