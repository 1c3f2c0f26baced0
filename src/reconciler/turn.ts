import { listNames, quoteName } from '../dag/display.ts';
import type { StoredObject } from '../objects/object.ts';
import { asRecord } from '../orchestration/decode.ts';
import { isRunFinal } from '../orchestration/run-status.ts';
import { Annotation } from '../orchestration/vocabulary/metadata.ts';
import type { Action, ObservedGroup, ObservedPlaces, ObservedRun } from './observation.ts';
import { namePlace, type Place } from './places.ts';

/** What happens to a run that only its group can still keep from starting. */
export type Turn =
  /** It starts: it holds a place, or shares that of a run that owns it. */
  | { readonly type: 'Start' }
  /** A place is free, and no older run waits. `message` says why the place could not be taken yet. */
  | { readonly type: 'Take'; readonly actions: readonly Action[]; readonly message?: string }
  /** `position` counts the runs that start before it. `actions` cancel the runs that it replaces. */
  | { readonly type: 'Wait'; readonly actions: readonly Action[]; readonly message: string; readonly position: number }
  | { readonly type: 'Fail'; readonly message: string };

/** The most names that a message lists of the holders, and of the runs that wait. */
const MOST_NAMED = 3;

/**
 * Decides whether a run takes a place, waits, fails, or replaces other runs. `waits` has the API server's words for
 * places that could not be created, by name. Pure.
 */
export function decideTurn(
  run: Pick<ObservedRun, 'name' | 'creationTimestamp'>,
  observed: ObservedGroup,
  waits: ReadonlyMap<string, string>,
): Turn {
  const { group, policy, ahead, places } = observed;
  if (places?.own !== undefined || places?.isShared) return { type: 'Start' };
  const position = ahead.length;
  const open = places === undefined ? [] : listOpen(observed, places);
  const [index] = open;
  if (position === 0 && index !== undefined) {
    const words = waits.get(namePlace(group, index));
    return {
      type: 'Take',
      actions: [...(places?.abandoned ?? []).map(deletePlace), { type: 'CreatePlace', group, index }],
      ...(words !== undefined && { message: `${describeGroup(observed)}: cannot take a free one yet: ${words}` }),
    };
  }
  const message = describeWait(observed);
  const isFull = places !== undefined && open.length <= position;
  if (policy.whenFull === 'Fail' && isFull)
    return { type: 'Fail', message: `no place is free in ${displayGroup(observed)}${listAhead(observed)}` };
  const replaced = policy.whenFull === 'Replace' && places !== undefined ? listReplaced(run, observed, places) : [];
  return { type: 'Wait', message, position, actions: replaced.map(cancelRun) };
}

export function deletePlace(place: Place): Action {
  return { type: 'DeletePlace', place };
}

/**
 * The indexes of free places. Held places above the maximum count too, because the maximum may have been lowered, or
 * another Orchestration of the group may have a higher one.
 */
function listOpen({ group, policy: { max } }: ObservedGroup, { held }: ObservedPlaces): readonly number[] {
  const taken = new Set(held.map(({ name }) => name));
  const open = Array.from({ length: max }, (_, index) => index).filter((index) => !taken.has(namePlace(group, index)));
  return open.slice(0, Math.max(0, max - held.length));
}

/**
 * The runs that a run replaces: the older ones that wait, and, if no place is free, the oldest of those that hold one.
 * While one of the older holders is ending already, no other holder is cancelled. A run never replaces a younger one.
 */
function listReplaced(
  run: Pick<ObservedRun, 'name' | 'creationTimestamp'>,
  observed: ObservedGroup,
  places: ObservedPlaces,
): readonly StoredObject[] {
  const older = places.held.flatMap(({ run: holder }) =>
    holder !== undefined && precedes(holder.metadata, run) ? holder : [],
  );
  const isNeeded = listOpen(observed, places).length === 0 && !older.some(isEnding);
  const oldest = older.toSorted((one, other) => (precedes(one.metadata, other.metadata) ? -1 : 1)).slice(0, 1);
  return [...observed.ahead, ...(isNeeded ? oldest : [])];
}

/** A run that is cancelled, is being deleted, or is over, whatever its children do. */
function isEnding(run: StoredObject): boolean {
  return isCancelled(run) || run.metadata.deletionTimestamp !== undefined || isRunFinal(asRecord(run['status']));
}

export function isCancelled({ metadata: { annotations = {} } }: StoredObject): boolean {
  const wish = annotations[Annotation.Cancel];
  return wish === 'true' || wish === 'now';
}

/** Whether a run is older than another. The API server sets the time of creation; in the same second, names decide. */
export function precedes(one: Aged, other: Aged): boolean {
  const [left = '', right = ''] = [one.creationTimestamp, other.creationTimestamp];
  return left === right ? one.name < other.name : left < right;
}

type Aged = Pick<StoredObject['metadata'], 'name' | 'creationTimestamp'>;

function cancelRun({ apiVersion, kind, metadata: { namespace, name, uid } }: StoredObject): Action {
  return { type: 'CancelChild', ref: { apiVersion, kind, namespace, name, uid } };
}

function describeWait(observed: ObservedGroup): string {
  const { words } = observed;
  if (words !== undefined) return `${describeGroup(observed)}: cannot list its places: ${words}`;
  return `${describeGroup(observed)}${listAhead(observed)}`;
}

function describeGroup(observed: ObservedGroup): string {
  return `waits for a place in ${displayGroup(observed)}`;
}

function displayGroup({ group }: ObservedGroup): string {
  return `the group ${quoteName(group.text)}`;
}

/** `: held by "a"; ahead of it in the queue: "b", "c"`. */
function listAhead({ places, holders, ahead }: ObservedGroup): string {
  const names = places?.held.map(({ name, holder }) => holder?.name ?? name) ?? holders;
  const waiting = ahead.toSorted((one, other) => (precedes(one.metadata, other.metadata) ? -1 : 1));
  const parts = [
    ...(names.length > 0 ? [`held by ${listNames(names, MOST_NAMED)}`] : []),
    ...(waiting.length > 0
      ? [
          `ahead of it in the queue: ${listNames(
            waiting.map(({ metadata }) => metadata.name),
            MOST_NAMED,
          )}`,
        ]
      : []),
  ];
  return parts.length === 0 ? '' : `: ${parts.join('; ')}`;
}
