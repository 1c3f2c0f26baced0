import { evaluate } from '../expressions/expression.ts';
import { describeAt } from '../expressions/mistake.ts';
import { renderValue } from '../expressions/render.ts';
import type { StoredObject } from '../objects/object.ts';
import { wordsOf } from '../objects/outcomes.ts';
import { type Concurrency, compileGroup, readConcurrency } from '../orchestration/concurrency.ts';
import { findCondition, listConditions } from '../orchestration/conditions.ts';
import { type DeclaredParameters, readDeclared, withDefaults } from '../orchestration/declared-parameters.ts';
import { asRecord, decodeOrchestrationRun, type Orchestration } from '../orchestration/decode.ts';
import type { RunInput } from '../orchestration/kinds/kind.ts';
import { isRunFinal } from '../orchestration/run-status.ts';
import { API_VERSION } from '../orchestration/schema.ts';
import { ConditionType } from '../orchestration/vocabulary/conditions.ts';
import { Annotation, Label } from '../orchestration/vocabulary/metadata.ts';
import { RunReason } from '../orchestration/vocabulary/run-reasons.ts';
import { valuesOf } from './inputs.ts';
import type { Memory } from './memory.ts';
import type { Observation, ObservedGroup, ObservedOrchestration, ObservedPlaces, ObservedRun } from './observation.ts';
import { type Group, holdsPlace, nameGroup, readPlace } from './places.ts';
import type { Cluster } from './ports.ts';
import { isCancelled, precedes } from './turn.ts';

/** A run that no engine has reconciled within this time after its creation does not hold up younger runs. */
const UNTRIED_MS = 60_000;

/** If all places were held, they are read again after this time, even if no holder has ended according to the copy. */
export const READ_AGAIN_MS = 30_000;

/** What the observation of a group reads. */
interface GroupOptions {
  readonly cluster: Cluster;
  readonly memory: Memory;
  readonly nowMs: number;
}

type Seen = Pick<Observation, 'group'> & { readonly error?: unknown };

/**
 * Reads what a run needs to know of its group: before it starts, and after its end. `owners` are the runs that own it,
 * nearest first. `isLeft`: the run is left to another controller. A run without a group costs nothing.
 */
export async function observePlaces(
  cluster: Cluster,
  owners: readonly StoredObject[],
  run: ObservedRun,
  orchestration: ObservedOrchestration,
  { memory, isLeft, nowMs }: { readonly memory: Memory; readonly isLeft: boolean; readonly nowMs: number },
): Promise<{ readonly seen: Pick<Observation, 'group' | 'places'>; readonly error?: unknown }> {
  const { status, isTemplate, isBeingDeleted, isCancelled } = run;
  if (isRunFinal(status)) {
    const { error, ...seen } = await observeRelease(cluster, memory, run);
    return { seen, error };
  }
  const isDue = status.runId === undefined && !isTemplate && !isBeingDeleted && (!isLeft || isCancelled);
  if (!isDue || orchestration.state !== 'Snapshotted') return { seen: {} };
  const { error, ...seen } = await observeGroup({ cluster, memory, nowMs }, run, orchestration.orchestration, owners);
  return { seen, error };
}

/**
 * Observes the group of a run that has its snapshot and has not started. A run that can only wait for older runs does
 * not read the places, unless it may hold one. `owners` are the runs that own this run, nearest first. The run is
 * subscribed to what it waits for.
 */
async function observeGroup(
  options: GroupOptions,
  run: ObservedRun,
  orchestration: Orchestration,
  owners: readonly StoredObject[],
): Promise<Seen> {
  const policy = readConcurrency(orchestration);
  if (policy === undefined) return {};
  const { cluster, memory } = options;
  const group = recallGroup(memory, run.uid, [orchestration, run.resourceVersion], () => evaluateGroup(policy, run));
  if ('failure' in group) return { group };
  const key = `${run.namespace}/${run.name}`;
  const known = cluster.listGroup(run.namespace, group.name);
  const ahead = [...known.filter(isQueued), ...listUntried(options, run.namespace, group)].filter(
    (other) => other.metadata.uid !== run.uid && precedes(other.metadata, run) && isFree(cluster, other),
  );
  const holders = known.filter(({ status }) => holdsPlace(status)).map(({ metadata }) => metadata.name);
  const seen = { group, policy, ahead, holders };
  const last = ahead.reduce<StoredObject | undefined>(
    (latest, other) => (latest && precedes(other.metadata, latest.metadata) ? latest : other),
    undefined,
  );
  if (last !== undefined) cluster.getRun(`${run.namespace}/${last.metadata.name}`, key);
  const isInTurn =
    last === undefined ||
    policy.whenFull !== 'Queue' ||
    owners.length > 0 ||
    run.isCancelled ||
    mayHoldPlace(memory, run, ahead);
  if (!isInTurn) return { group: seen };
  try {
    return { group: { ...seen, places: await readPlaces(options, run, { group, policy }, owners) } };
  } catch (error) {
    memory.places.delete(run.uid);
    return { group: { ...seen, words: wordsOf(error) }, error };
  }
}

/**
 * Whether a run that waits for others may have a place already: its status says so, this process took it, or one of the
 * others has read it. A run can be suspended, or its engine can end, after it has taken a place and before it starts. If
 * older runs wait by then, they wait for this run.
 */
function mayHoldPlace(memory: Memory, run: ObservedRun, ahead: readonly StoredObject[]): boolean {
  const isOwn = (lease: StoredObject) => readPlace(lease).holder?.uid === run.uid;
  return owesPlace(memory, run) || ahead.some(({ metadata }) => memory.places.get(metadata.uid)?.leases.some(isOwn));
}

/** The text of a group, or why there is none. */
function evaluateGroup({ group }: Concurrency, run: RunInput): Group | { readonly failure: string } {
  if (group === undefined) return nameGroup(run.orchestration);
  const compiled = compileGroup(group);
  if ('mistakes' in compiled) {
    const [mistake] = compiled.mistakes;
    return { failure: mistake === undefined ? '' : describeAt(mistake.span, mistake.message) };
  }
  const evaluated = evaluate(
    compiled.expression,
    valuesOf(run, () => undefined),
  );
  return evaluated.type === 'Value' ? nameGroup(renderValue(evaluated.value)) : { failure: evaluated.message };
}

function recallGroup(
  { groups }: Memory,
  uid: string,
  from: readonly unknown[],
  evaluateNow: () => Group | { readonly failure: string },
): Group | { readonly failure: string } {
  const known = groups.get(uid);
  if (known !== undefined && from.every((object, index) => object === known.from[index])) return known.group;
  const group = evaluateNow();
  groups.set(uid, { from, group });
  return group;
}

/**
 * The runs of the group that no engine has reconciled yet. When an engine does, each of them records that it waits, or
 * starts.
 */
function listUntried({ cluster, memory, nowMs }: GroupOptions, namespace: string, { name }: Group): StoredObject[] {
  return cluster.listUntried(namespace).filter((object) => {
    const { uid, creationTimestamp = '' } = object.metadata;
    if (!(nowMs < Date.parse(creationTimestamp) + UNTRIED_MS)) return false;
    const current = findOrchestration(cluster, object);
    if (current === undefined) return false;
    const group = recallGroup(memory, uid, [object, current], () => {
      const policies = asRecord(asRecord(current['spec'])['policies']);
      const policy = readConcurrency({ policies });
      if (policy === undefined) return { failure: 'it has no group' };
      return evaluateGroup(policy, readInput(object, readDeclared({ policies })));
    });
    return 'name' in group && group.name === name;
  });
}

/** What expressions read of a run that has not started. */
function readInput(object: StoredObject, declared: DeclaredParameters): RunInput {
  const { namespace, name, uid, creationTimestamp = '' } = object.metadata;
  const { orchestrationRef, parameters = {}, deliveryId } = decodeOrchestrationRun(object).run.spec;
  return {
    ...{ namespace, name, uid, creationTimestamp, orchestration: orchestrationRef.name },
    parameters: withDefaults(declared, parameters),
    ...(deliveryId !== undefined && { deliveryId }),
  };
}

/** The Orchestration that a run names. Undefined if it does not exist, and also if Orchestrations cannot be listed. */
function findOrchestration(cluster: Cluster, { metadata, spec }: StoredObject): StoredObject | undefined {
  const name = asRecord(asRecord(spec)['orchestrationRef'])['name'];
  try {
    return cluster.getObject(API_VERSION, 'Orchestration', `${metadata.namespace}/${String(name)}`);
  } catch {
    return undefined;
  }
}

/** Whether a run has recorded that only its group keeps it from starting. */
function isQueued({ status }: StoredObject): boolean {
  if (holdsPlace(status)) return false;
  return findCondition(listConditions(status), ConditionType.Progressing)?.['reason'] === RunReason.Queued;
}

/** Whether only its group keeps a run from starting. If anything else does, the run holds up no other run. */
function isFree(cluster: Cluster, object: StoredObject): boolean {
  const { annotations = {}, deletionTimestamp } = object.metadata;
  const isHeldBack = annotations[Annotation.Suspend] === 'true' || annotations[Annotation.Template] === 'true';
  return (
    !isHeldBack && !isCancelled(object) && deletionTimestamp === undefined && !cluster.statusWriters(object).isForeign
  );
}

/**
 * Reads the places of a group. If all were held at the last read, and no holder has ended since, they are not read
 * again for a while. Every status write of a holder triggers a reconcile, but only its end frees a place.
 */
async function readPlaces(
  options: GroupOptions,
  run: ObservedRun,
  { group, policy }: Pick<ObservedGroup, 'group' | 'policy'>,
  owners: readonly StoredObject[],
): Promise<ObservedPlaces> {
  const { cluster, memory, nowMs } = options;
  const known = memory.places.get(run.uid);
  if (known !== undefined && nowMs < known.readMs + READ_AGAIN_MS) {
    const places = await judgePlaces(options, run, known.leases, owners);
    if (places.abandoned.length === 0 && places.held.length >= policy.max) return places;
  }
  const leases = await cluster.listPlaces(run.namespace, Label.Group, group.name);
  memory.places.set(run.uid, { leases, readMs: nowMs });
  return judgePlaces(options, run, leases, owners);
}

async function judgePlaces(
  { cluster }: GroupOptions,
  run: ObservedRun,
  leases: readonly StoredObject[],
  owners: readonly StoredObject[],
): Promise<ObservedPlaces> {
  const places = leases.map(readPlace);
  const own = places.find(({ holder }) => holder?.uid === run.uid);
  const held: ObservedPlaces['held'][number][] = [];
  const abandoned: ObservedPlaces['abandoned'][number][] = [];
  for (const place of places.filter(({ holder }) => holder?.uid !== run.uid)) {
    const holder = place.holder && (await findHolder(cluster, run, place.holder));
    if (place.holder !== undefined && !isHolding(cluster, holder)) abandoned.push(place);
    else held.push({ ...place, ...(holder && { run: holder }) });
  }
  const isShared = held.some(({ holder }) => owners.some(({ metadata }) => metadata.uid === holder?.uid));
  return { ...(own && { own }), isShared, held, abandoned };
}

/** The run that owns a place. The copy may not have it yet, so only the API server can confirm that it is gone. */
async function findHolder(
  cluster: Cluster,
  { namespace, name: forRun }: ObservedRun,
  { name, uid }: { readonly name: string; readonly uid: string },
): Promise<StoredObject | undefined> {
  const known = cluster.getRun(`${namespace}/${name}`, `${namespace}/${forRun}`);
  if (known?.metadata.uid === uid) return known;
  const live = await cluster.readObject(API_VERSION, 'OrchestrationRun', namespace, name);
  return live?.metadata.uid === uid ? live : undefined;
}

/**
 * A run keeps its place until it releases it, which it does after its end, when its children are gone. If another
 * controller writes the status of the run, no one releases the place, so the place counts as free when the run has
 * ended.
 */
function isHolding(cluster: Cluster, holder: StoredObject | undefined): boolean {
  if (holder === undefined) return false;
  const { status } = holder;
  return !isRunFinal(asRecord(status)) || (holdsPlace(status) && !cluster.statusWriters(holder).isForeign);
}

/** Whether a run may have a place, as far as its status and this process know. */
export function owesPlace({ takers }: Memory, { uid, status }: Pick<ObservedRun, 'uid' | 'status'>): boolean {
  return holdsPlace(status) || takers.has(uid);
}

/** Reads the places that a run that is over still has, whatever its group is now. */
async function observeRelease(
  cluster: Cluster,
  memory: Memory,
  run: ObservedRun,
): Promise<Pick<Observation, 'places'> & { readonly error?: unknown }> {
  const { namespace, uid } = run;
  if (!owesPlace(memory, run)) return {};
  try {
    const places = (await cluster.listPlaces(namespace, Label.Holder, uid)).map(readPlace);
    if (places.length === 0) memory.takers.delete(uid);
    return { places };
  } catch (error) {
    return { error };
  }
}
