import type { StoredObject } from '../objects/object.ts';
import { type WriteOutcome, wordsOf } from '../objects/outcomes.ts';
import { isEqual } from '../orchestration/equality.ts';
import type { RunStatus } from '../orchestration/run-status.ts';
import { API_VERSION } from '../orchestration/schema.ts';
import { buildChild, buildPlace, buildSnapshot } from './child-object.ts';
import { type Creating, createChildren } from './create-children.ts';
import { isEnding } from './ending.ts';
import { finalizersOf } from './finalizer.ts';
import { type Memory, note } from './memory.ts';
import { nameSnapshot } from './names.ts';
import type { Action, ObservedRun } from './observation.ts';
import { namePlace } from './places.ts';
import type { Cluster } from './ports.ts';
import { readRun } from './read-run.ts';
import { joinRequeues, type Requeue } from './requeue.ts';
import type { Slots } from './slots.ts';

type EmitEvent = Extract<Action, { type: 'EmitEvent' }>;
type CreateChild = Extract<Action, { type: 'CreateChild' }>;
/** An action that is one call to the API server. */
type Write = Exclude<Action, { type: 'RequeueAt' | 'EmitEvent' }>;

/** What `act` needs to carry out the plan of one run. */
export interface Acting {
  readonly cluster: Cluster;
  readonly key: string;
  readonly run: ObservedRun;
  readonly memory: Memory;
  /** The slots for creates, which all runs of the engine share. */
  readonly slots: Slots;
  /** Milliseconds on a monotonic clock. */
  readonly elapsed: () => number;
}

/**
 * Carries out a plan, one call for each action. The status comes first. If it cannot be written, `act` tries nothing
 * else, because all other actions rely on what the status says. The other actions are independent: if one fails, the
 * others still run. Throws if the API server refuses the status or cannot be reached to write it.
 */
export async function act(acting: Acting, actions: readonly Action[]): Promise<Requeue> {
  const status = actions.find((action) => action.type === 'PatchStatus');
  if (status !== undefined) {
    const written = await write(acting, status);
    if (written.outcome === 'Outdated') return { isOutdated: true };
    if (written.outcome === 'Refused') throw refusalOf(status, acting.run, written.message);
  }
  const requeues: Requeue[] = [];
  for (const action of actions) {
    if (action.type === 'RequeueAt') requeues.push({ atMs: Date.parse(action.time) });
    else if (action !== status && action.type !== 'CreateChild') requeues.push(await carryOut(acting, action));
  }
  const creating: Creating = {
    slots: acting.slots,
    isWanted: watchRun(acting, status?.status ?? acting.run.status),
    waiting: acting.memory.waits.get(acting.run.uid)?.keys() ?? [],
    create: (create) => carryOut(acting, create),
    elapsed: acting.elapsed,
  };
  const creates = actions.filter((action) => action.type === 'CreateChild');
  return joinRequeues([...requeues, ...(await createChildren(creating, creates))]);
}

/**
 * Returns a function that checks in the copy whether the run is still as it was written: it is not deleted, cancelled
 * or suspended, and no other engine has continued it. The function examines each version of the run once.
 */
function watchRun({ cluster, key, run }: Acting, { stepStatuses }: RunStatus): () => boolean {
  let seen: StoredObject | undefined;
  return () => {
    const object = cluster.getRun(key);
    if (object === undefined || object.metadata.uid !== run.uid) return false;
    if (object === seen || object.metadata.resourceVersion === run.resourceVersion) return true;
    seen = object;
    const now = readRun(object, false);
    const isEnded = now.isBeingDeleted || (now.isCancelled && !run.isCancelled) || now.isCancelledNow;
    const isHeld = now.isSuspended && !run.isSuspended && !isEnding(run);
    return !isEnded && !isHeld && isEqual(now.stored['stepStatuses'] ?? [], stepStatuses);
  };
}

/**
 * Actions after which the run is reconciled again at once. The copy does not follow the objects that they write, so no
 * event announces the change.
 */
const FOLLOWED_AT_ONCE: ReadonlySet<string> = new Set<Action['type']>(['CreateSnapshot', 'CreatePlace', 'DeletePlace']);

/** Makes one call. Returns the error if it throws, and remembers why an object could not be created. */
async function carryOut(acting: Acting, action: Write | EmitEvent): Promise<Requeue> {
  try {
    if (action.type === 'EmitEvent') {
      await acting.cluster.emitEvent(acting.run, action.eventType, action.reason, action.message);
      return {};
    }
    const written = await write(acting, action);
    if (written.outcome === 'Outdated') return { isOutdated: true };
    if (written.outcome === 'Refused') return handleRefusal(acting, action, written.message);
    return FOLLOWED_AT_ONCE.has(action.type) ? { isNow: true } : {};
  } catch (error) {
    const name = createdBy(acting.run, action);
    if (name !== undefined) wait(acting, name, wordsOf(error));
    return { errors: [error] };
  }
}

async function write(acting: Acting, action: Write): Promise<WriteOutcome> {
  const { cluster, key, run } = acting;
  switch (action.type) {
    case 'CreateSnapshot':
      return remember(acting, cluster.create(buildSnapshot(run, action), key), nameSnapshot(run.uid));
    case 'LabelRun':
      return cluster.labelRun(run, action.bucket);
    case 'PatchStatus':
      return cluster.patchRunStatus(run, action.status);
    case 'CreateChild':
      return meet(
        acting,
        await remember(acting, cluster.create(buildChild(run, action), key), action.ref.name),
        action,
      );
    case 'CreatePlace':
      acting.memory.takers.add(run.uid);
      return remember(acting, cluster.create(buildPlace(run, action), key), namePlace(action.group, action.index));
    case 'DeletePlace':
      return cluster.deletePlace(run.namespace, action.place.name, action.place.uid);
    case 'ReleaseChild':
      return cluster.setFinalizers(action.child, finalizersOf(action.child, 'Released'), key);
    case 'HoldChild':
      return holdAgain(acting, action.child);
    case 'DeleteChild': {
      const { apiVersion, kind, namespace, name, uid } = action.ref;
      return cluster.delete(apiVersion, kind, namespace, name, uid);
    }
    case 'CancelChild': {
      const { apiVersion, kind, namespace, name, uid } = action.ref;
      return cluster.cancelChild(apiVersion, kind, namespace, name, uid);
    }
    case 'SetChildTtl': {
      const { apiVersion, kind, namespace, name, uid } = action.ref;
      return cluster.setChildTtl(apiVersion, kind, namespace, name, uid, action.seconds);
    }
    case 'DeleteRun':
      return cluster.delete(API_VERSION, 'OrchestrationRun', run.namespace, run.name, run.uid);
  }
}

/** How many times our finalizer is put back on a child. After that, the client that removes it wins. */
const MOST_HOLDS = 3;

async function holdAgain({ cluster, key, run, memory }: Acting, child: StoredObject): Promise<WriteOutcome> {
  const { name } = child.metadata;
  const times = memory.holds.get(run.uid)?.get(name) ?? 0;
  if (times === MOST_HOLDS) return { outcome: 'Done' };
  const written = await cluster.setFinalizers(child, finalizersOf(child, 'Held'), key);
  if (written.outcome === 'Done') note(memory.holds, run, name, times + 1);
  return written;
}

/** Remembers that this process created an object, and the uid of the object. */
async function remember({ run, memory }: Acting, creating: Promise<WriteOutcome>, name: string): Promise<WriteOutcome> {
  const written = await creating;
  memory.waits.get(run.uid)?.delete(name);
  if (written.outcome === 'Done' && written.uid !== undefined) note(memory.created, run, name, written.uid);
  return written;
}

/** Remembers that an object has the name of a child. */
function meet({ memory, run }: Acting, written: WriteOutcome, { ref }: CreateChild): WriteOutcome {
  if (written.outcome === 'Outdated') note(memory.met, run, ref.name, true);
  return written;
}

/**
 * Handles a call that the API server refused. A refused child fails its attempt. A refused lifetime is ignored. Any
 * other call is retried.
 */
function handleRefusal(acting: Acting, action: Write, message: string): Requeue {
  const { run, memory } = acting;
  if (action.type === 'CreateChild') {
    note(memory.refusals, run, action.ref.name, message);
    return { isNow: true };
  }
  const name = createdBy(run, action);
  if (name !== undefined) wait(acting, name, message);
  return action.type === 'SetChildTtl' ? {} : { errors: [refusalOf(action, run, message)] };
}

/**
 * The API server may give another message for each attempt to create an object. The run shows a new message at most
 * once in this time.
 */
const MESSAGE_HOLD_MS = 60_000;

function wait({ run, memory, elapsed }: Acting, name: string, words: string): void {
  const nowMs = elapsed();
  const known = memory.waits.get(run.uid)?.get(name);
  const isHeld = known !== undefined && nowMs < known.sinceMs + MESSAGE_HOLD_MS;
  memory.waits.get(run.uid)?.delete(name); // so that `note` adds it at the end
  note(memory.waits, run, name, isHeld ? known : { words, sinceMs: nowMs });
}

/** The name of the object that an action creates. */
function createdBy({ uid }: ObservedRun, action: Action): string | undefined {
  if (action.type === 'CreateSnapshot') return nameSnapshot(uid);
  if (action.type === 'CreatePlace') return namePlace(action.group, action.index);
  return action.type === 'CreateChild' ? action.ref.name : undefined;
}

function refusalOf({ type }: Action, { namespace, name }: ObservedRun, message: string): Error {
  return new Error(`${type} for ${namespace}/${name} was refused: ${message}`);
}
