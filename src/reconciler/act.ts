import { API_VERSION } from '../orchestration/schema.ts';
import { buildChild, buildSnapshot } from './child-object.ts';
import type { Hash } from './names.ts';
import type { Memory } from './observe.ts';
import type { Cluster, WriteOutcome } from './ports.ts';
import type { Action, ObservedRun } from './snapshot.ts';

/** When to look again without being told: at once, or at a time (milliseconds since 1970). */
export interface NextLook {
  readonly atMs?: number;
  readonly isNow?: boolean;
  /** Something was no longer as observed: look again, and later each time that happens. */
  readonly isOutdated?: boolean;
}

/**
 * Carries out what was planned, in order, one call each. The first write that meets a changed object ends it: everything
 * behind was decided on what is no longer so. A refused child is remembered for the next look, and the others go on.
 */
export async function act(
  cluster: Cluster,
  key: string,
  run: ObservedRun,
  actions: readonly Action[],
  memory: Memory,
  hash: Hash,
): Promise<NextLook> {
  let next: NextLook = {};
  for (const action of actions) {
    if (action.type === 'RequeueAt') next = { ...next, atMs: Date.parse(action.time) };
    else if (action.type === 'EmitEvent') await cluster.emitEvent(run, action.eventType, action.reason, action.message);
    else {
      const written = await write(cluster, key, run, action, memory, hash);
      if (written.outcome === 'Outdated') return { isOutdated: true };
      if (written.outcome === 'Refused') next = refuse(run, action, written.message, memory);
      else if (action.type === 'CreateSnapshot') next = { isNow: true };
    }
  }
  return next;
}

function write(
  cluster: Cluster,
  key: string,
  run: ObservedRun,
  action: Exclude<Action, { type: 'RequeueAt' | 'EmitEvent' }>,
  memory: Memory,
  hash: Hash,
): Promise<WriteOutcome> {
  switch (action.type) {
    case 'CreateSnapshot':
      return cluster.create(buildSnapshot(run, action), key);
    case 'PatchStatus':
      return cluster.patchRunStatus(run, action.status);
    case 'CreateChild':
      return remember(cluster.create(buildChild(run, action, hash), key), run, action.ref.name, memory);
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

/** Remembers that we created a child, and which. */
async function remember(
  creating: Promise<WriteOutcome>,
  { uid: runUid }: ObservedRun,
  name: string,
  { created }: Memory,
): Promise<WriteOutcome> {
  const written = await creating;
  if (written.outcome !== 'Done' || written.uid === undefined) return written;
  const known = created.get(runUid) ?? new Map<string, string>();
  created.set(runUid, known.set(name, written.uid));
  return written;
}

/** Only a child can be refused for what it is; anything else that is refused is ours to mend, and is tried again. */
function refuse(run: ObservedRun, action: Action, message: string, { refusals }: Memory): NextLook {
  if (action.type !== 'CreateChild')
    throw new Error(`${action.type} for ${run.namespace}/${run.name} was refused: ${message}`);
  const known = refusals.get(run.uid) ?? new Map<string, string>();
  refusals.set(run.uid, known.set(action.ref.name, message));
  return { isNow: true };
}
