import type { StoredObject } from '../objects/object.ts';
import { wordsOf } from '../objects/outcomes.ts';
import type { Action, Observation } from './observation.ts';
import { type PlanOptions, planRun } from './plan.ts';
import type { Cluster } from './ports.ts';

/** How long to wait after a decision could not be read from the API server. */
const ASK_AGAIN_MS = 5_000;

/**
 * Plans a run. Before a gate succeeds or fails, what it waits for is read again from the API server, so that a decision
 * that was revoked while the watch was silent does not count. Costs one read for each object that such a gate waits
 * for.
 */
export async function planWithOpenings(
  cluster: Cluster,
  observation: Observation,
  nowMs: number,
  options: PlanOptions,
): Promise<readonly Action[]> {
  const watched = new Map(observation.watched);
  const unreadable = new Map(observation.unreadable);
  const asked = new Set<string>();
  const time = new Date(nowMs + ASK_AGAIN_MS).toISOString();
  for (;;) {
    const actions = planRun({ ...observation, watched, unreadable }, nowMs, options);
    // A gate that succeeds now may let another gate begin.
    const decided = findDecided(observation, actions).filter((name) => !asked.has(name));
    const isUnread = unreadable.size > observation.unreadable.size;
    if (decided.length === 0) return isUnread ? [...actions, { type: 'RequeueAt', time }] : actions;
    for (const name of decided) {
      asked.add(name);
      await readAgain(cluster, watched.get(name) ?? []).then(
        (live) => watched.set(name, live),
        (error: unknown) => unreadable.set(name, `cannot check what the step waits for: ${wordsOf(error)}`),
      );
    }
  }
}

async function readAgain(cluster: Cluster, known: readonly StoredObject[]): Promise<readonly StoredObject[]> {
  const live = await Promise.all(
    known.map(({ apiVersion, kind, metadata }) =>
      cluster.readObject(apiVersion, kind, metadata.namespace, metadata.name),
    ),
  );
  return live.flatMap((one) => one ?? []);
}

/** The gate steps that this plan records as succeeded or failed because of an object that can be revoked. */
function findDecided(
  { orchestration, run, watched, kinds }: Observation,
  actions: readonly Action[],
): readonly string[] {
  const patch = actions.find((action) => action.type === 'PatchStatus');
  if (patch === undefined || orchestration.state !== 'Snapshotted') return [];
  const { steps } = orchestration.orchestration;
  const wasOver = new Set(run.status.stepStatuses.filter(isDecided).map(({ name }) => name));
  const isOver = new Set(
    patch.status.stepStatuses
      .filter(isDecided)
      .map(({ name, index }) => (index === undefined ? name : steps[index]?.name)),
  );
  return steps.flatMap(({ name, kind: word }) => {
    const kind = kinds.get(word);
    const mayChange = kind?.type === 'Gate' && kind.isRevocable === true && (watched.get(name) ?? []).length > 0;
    return mayChange && isOver.has(name) && !wasOver.has(name) ? [name] : [];
  });
}

function isDecided({ phase }: { readonly phase: string }): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}
