import type { StoredObject } from '../objects/object.ts';
import { type WriteOutcome, wordsOf } from '../objects/outcomes.ts';
import { isEqual } from '../orchestration/equality.ts';
import type { RunStatus } from '../orchestration/run-status.ts';
import { API_VERSION } from '../orchestration/schema.ts';
import { buildChild, buildSnapshot } from './child-object.ts';
import { finalizersOf } from './finalizer.ts';
import { type Memory, note } from './memory.ts';
import { nameSnapshot } from './names.ts';
import type { Action, ObservedRun } from './observation.ts';
import { readRun } from './observe.ts';
import type { Cluster } from './ports.ts';

type EmitEvent = Extract<Action, { type: 'EmitEvent' }>;
type CreateChild = Extract<Action, { type: 'CreateChild' }>;
/** What is one call to the API server. */
type Write = Exclude<Action, { type: 'RequeueAt' | 'EmitEvent' }>;

/** When to look again without being told: at once, or at a time (milliseconds since 1970). */
export interface NextLook {
  readonly atMs?: number;
  readonly isNow?: boolean;
  /** Something was no longer as observed: look again, and later each time that happens. */
  readonly isOutdated?: boolean;
  /** What failed, each for itself: look again, and later each time that happens. */
  readonly errors?: readonly unknown[];
}

/** What acting on one run goes by. */
export interface Acting {
  readonly cluster: Cluster;
  readonly key: string;
  readonly run: ObservedRun;
  readonly memory: Memory;
  /** Milliseconds on a clock that never jumps. */
  readonly elapsed: () => number;
}

/** Creates that fail and take long, such as those that a webhook does not answer, may hold up a look for so long. */
const LONGEST_CREATES_MS = 10_000;

/**
 * Carries out what was planned, one call each. The status comes first: if it cannot be written, nothing else is tried, since
 * all of it rests on what the status says. Of the rest each stands for itself, and what fails does not stop the others.
 */
export async function act(acting: Acting, actions: readonly Action[]): Promise<NextLook> {
  const status = actions.find((action) => action.type === 'PatchStatus');
  if (status !== undefined) {
    const written = await write(acting, status);
    if (written.outcome === 'Outdated') return { isOutdated: true };
    if (written.outcome === 'Refused') throw refusalOf(status, acting.run, written.message);
  }
  const errors: unknown[] = [];
  let next: NextLook = { errors };
  for (const action of actions) {
    if (action.type === 'RequeueAt') next = { ...next, atMs: Math.min(next.atMs ?? Infinity, Date.parse(action.time)) };
    else if (action !== status && action.type !== 'CreateChild')
      next = { ...next, ...(await carryOut(acting, action, errors)) };
  }
  const creates = actions.filter((action) => action.type === 'CreateChild');
  return { ...next, ...(await createChildren(acting, creates, status?.status ?? acting.run.status, errors)) };
}

/**
 * In declaration order, and then those that could not be created before, the one tried longest ago first. Of these the first
 * that fails again speaks for its kind: a quota is as full for the others.
 */
async function createChildren(
  acting: Acting,
  creates: readonly CreateChild[],
  status: RunStatus,
  errors: unknown[],
): Promise<NextLook> {
  const { elapsed, memory, run } = acting;
  const startedMs = elapsed();
  const isWanted = watchRun(acting, status);
  const turns = new Map([...(memory.waits.get(run.uid)?.keys() ?? [])].map((name, turn) => [name, turn + 1]));
  const turnOf = ({ ref }: CreateChild) => turns.get(ref.name) ?? 0;
  const failedKinds = new Set<string>();
  let next: NextLook = {};
  for (const create of creates.toSorted((one, other) => turnOf(one) - turnOf(other))) {
    if (!isWanted()) return { ...next, isOutdated: true };
    if (failedKinds.size > 0 && elapsed() > startedMs + LONGEST_CREATES_MS) break;
    if (turnOf(create) > 0 && failedKinds.has(create.ref.kind)) continue;
    const failures = errors.length;
    next = { ...next, ...(await carryOut(acting, create, errors)) };
    if (errors.length > failures) failedKinds.add(create.ref.kind);
  }
  return next;
}

/**
 * Whether the run is still as it was written, as far as the copy knows: nobody wants it ended or held, and no other engine
 * has gone on with it. Each state of the run is looked at once.
 */
function watchRun({ cluster, key, run }: Acting, { stepStatuses }: RunStatus): () => boolean {
  let seen: StoredObject | undefined;
  return () => {
    const object = cluster.getRun(key);
    if (object === undefined || object.metadata.uid !== run.uid) return false;
    if (object === seen || object.metadata.resourceVersion === run.resourceVersion) return true;
    seen = object;
    const { isBeingDeleted, isCancelled, isSuspended, stored } = readRun(object, false);
    return !isBeingDeleted && !isCancelled && !isSuspended && isEqual(stored['stepStatuses'] ?? [], stepStatuses);
  };
}

/** One call. What it throws is kept, and what can be said of it is remembered for the next look. */
async function carryOut(acting: Acting, action: Write | EmitEvent, errors: unknown[]): Promise<NextLook> {
  try {
    if (action.type === 'EmitEvent') {
      await acting.cluster.emitEvent(acting.run, action.eventType, action.reason, action.message);
      return {};
    }
    const written = await write(acting, action);
    if (written.outcome === 'Outdated') return { isOutdated: true };
    if (written.outcome === 'Refused') return refuse(acting, action, written.message, errors);
    return action.type === 'CreateSnapshot' ? { isNow: true } : {};
  } catch (error) {
    errors.push(error);
    const name = createdBy(acting.run, action);
    if (name !== undefined) wait(acting, name, wordsOf(error));
    return {};
  }
}

function write(acting: Acting, action: Write): Promise<WriteOutcome> {
  const { cluster, key, run } = acting;
  switch (action.type) {
    case 'CreateSnapshot':
      return remember(acting, cluster.create(buildSnapshot(run, action), key), nameSnapshot(run.uid));
    case 'PatchStatus':
      return cluster.patchRunStatus(run, action.status);
    case 'CreateChild':
      return remember(acting, cluster.create(buildChild(run, action), key), action.ref.name);
    case 'ReleaseChild':
      return cluster.setFinalizers(action.child, finalizersOf(action.child, 'Released'), key);
    case 'HoldChild':
      return holdAgain(acting, action.child);
    case 'DeleteChild': {
      const { apiVersion, kind, namespace, name, uid } = action.ref;
      return cluster.delete(apiVersion, kind, namespace, name, uid);
    }
    case 'SetChildTtl': {
      const { apiVersion, kind, namespace, name, uid } = action.ref;
      return cluster.setChildTtl(apiVersion, kind, namespace, name, uid, action.seconds);
    }
    case 'DeleteRun':
      return cluster.delete(API_VERSION, 'OrchestrationRun', run.namespace, run.name, run.uid);
  }
}

/** So often is our finalizer put back on a child: whoever takes it away each time wins. */
const MOST_HOLDS = 3;

async function holdAgain({ cluster, key, run, memory }: Acting, child: StoredObject): Promise<WriteOutcome> {
  const { name } = child.metadata;
  const times = memory.holds.get(run.uid)?.get(name) ?? 0;
  if (times === MOST_HOLDS) return { outcome: 'Done' };
  const written = await cluster.setFinalizers(child, finalizersOf(child, 'Held'), key);
  if (written.outcome === 'Done') note(memory.holds, run, name, times + 1);
  return written;
}

/** Remembers that we created a child, and which. */
async function remember({ run, memory }: Acting, creating: Promise<WriteOutcome>, name: string): Promise<WriteOutcome> {
  const written = await creating;
  memory.waits.get(run.uid)?.delete(name);
  if (written.outcome === 'Done' && written.uid !== undefined) note(memory.created, run, name, written.uid);
  return written;
}

/** Only a child can be refused for what it is, and a lifetime that is refused is none; anything else is tried again. */
function refuse(acting: Acting, action: Write, message: string, errors: unknown[]): NextLook {
  const { run, memory } = acting;
  if (action.type === 'CreateChild') {
    note(memory.refusals, run, action.ref.name, message);
    return { isNow: true };
  }
  if (action.type === 'CreateSnapshot') wait(acting, nameSnapshot(run.uid), message);
  if (action.type !== 'SetChildTtl') errors.push(refusalOf(action, run, message));
  return {};
}

/** What is said of it may change with each attempt: the run says the new words at most so often. */
const WORDS_HOLD_MS = 60_000;

function wait({ run, memory, elapsed }: Acting, name: string, words: string): void {
  const nowMs = elapsed();
  const known = memory.waits.get(run.uid)?.get(name);
  const isHeld = known !== undefined && nowMs < known.sinceMs + WORDS_HOLD_MS;
  memory.waits.get(run.uid)?.delete(name); // the last in turn, now
  note(memory.waits, run, name, isHeld ? known : { words, sinceMs: nowMs });
}

/** The name of what an action creates. */
function createdBy({ uid }: ObservedRun, action: Action): string | undefined {
  if (action.type === 'CreateSnapshot') return nameSnapshot(uid);
  return action.type === 'CreateChild' ? action.ref.name : undefined;
}

function refusalOf({ type }: Action, { namespace, name }: ObservedRun, message: string): Error {
  return new Error(`${type} for ${namespace}/${name} was refused: ${message}`);
}
