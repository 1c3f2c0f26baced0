import { nameFrom } from '../objects/names.ts';
import { controllerOf, type OwnerReference, type StoredObject } from '../objects/object.ts';
import { type Condition, findCondition, keepTransition, listConditions } from '../orchestration/conditions.ts';
import type { RunStatus } from '../orchestration/run-status.ts';
import { ConditionType } from '../orchestration/vocabulary/conditions.ts';
import { PlaceReason } from '../orchestration/vocabulary/run-reasons.ts';

/** The group of a run: the text that its expression gives, and the name of its places without their index. */
export interface Group {
  readonly text: string;
  readonly name: string;
}

/** A place in a group. It is a Lease, so only one run can hold it. */
export interface Place {
  readonly name: string;
  readonly uid: string;
  /** Undefined if no run owns the Lease. Then another client created it, and it counts as held. */
  readonly holder?: OwnerReference;
}

/** Names a group. Only the same text gives the same name, which is a valid label value. */
export function nameGroup(text: string): Group {
  return { text, name: nameFrom(`run-${text}`, ['concurrency', text]) };
}

/** The name of a place. `index` is below `policies.concurrency.max`. */
export function namePlace({ name }: Pick<Group, 'name'>, index: number): string {
  return `${name}-${index}`;
}

export function readPlace(lease: StoredObject): Place {
  const holder = controllerOf(lease, 'OrchestrationRun');
  return { name: lease.metadata.name, uid: lease.metadata.uid, ...(holder !== undefined && { holder }) };
}

/** Returns the status with the condition that says which places the run waits for. */
export function awaitPlace(status: RunStatus, group: Group, max: number, now: string): RunStatus {
  const [first, last] = [namePlace(group, 0), namePlace(group, max - 1)];
  const message = max === 1 ? `waits for the Lease ${first}` : `waits for one of the Leases ${first} to ${last}`;
  return withPlace(status, { status: 'False', reason: PlaceReason.PlaceAwaited, message }, now);
}

/** Returns the status with the condition that says which place the run holds. */
export function takePlace(status: RunStatus, { name }: Pick<Place, 'name'>, now: string): RunStatus {
  return withPlace(status, { status: 'True', reason: PlaceReason.PlaceTaken, message: `holds the Lease ${name}` }, now);
}

/** Returns the status with the condition that says that the run holds no place any more. */
export function releasePlace(status: RunStatus, now: string): RunStatus {
  const message = 'the run has ended and holds no place';
  return withPlace(status, { status: 'False', reason: PlaceReason.PlaceReleased, message }, now);
}

function withPlace(
  status: RunStatus,
  condition: Pick<Condition, 'status' | 'reason' | 'message'>,
  now: string,
): RunStatus {
  const type = ConditionType.HoldsPlace;
  const others = status.conditions.filter((stored) => stored.type !== type);
  return { ...status, conditions: [...others, keepTransition(status, { type, ...condition }, now)] };
}

/** Whether a run has recorded that it holds a place. It must release that place after its end. */
export function holdsPlace(status: unknown): boolean {
  return findPlace(status)?.['status'] === 'True';
}

/**
 * Whether a run has recorded that it waits for a place. Before that, it has verified its snapshot: see
 * `observeOrchestration`.
 */
export function awaitsPlace(status: unknown): boolean {
  return findPlace(status)?.['reason'] === PlaceReason.PlaceAwaited;
}

/** The name of the group in which a run has recorded that it waits for a place or holds one. */
export function groupNameOf(status: unknown): string | undefined {
  const condition = findPlace(status);
  return condition && / Leases? (\S+)-\d+/.exec(String(condition['message']))?.[1];
}

function findPlace(status: unknown) {
  return findCondition(listConditions(status), ConditionType.HoldsPlace);
}
