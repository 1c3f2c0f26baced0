import { stepKinds } from './kinds/table.ts';
import { type PlanOptions, planRun } from './plan.ts';
import type { Cluster } from './ports.ts';
import type { Action, KubeObject, Snapshot } from './snapshot.ts';

/** When an approval that could not be read past the copy is asked for again. */
const ASK_AGAIN_MS = 5_000;

/**
 * What is to be done, where a gate opens only on the present word of what it waits for: an approval that was taken back while
 * the watch was silent opens nothing. Costs one read for each gate that opens.
 */
export async function planWithOpenings(
  cluster: Cluster,
  snapshot: Snapshot,
  nowMs: number,
  options: PlanOptions,
): Promise<readonly Action[]> {
  const actions = planRun(snapshot, nowMs, options);
  const opened = findOpened(snapshot, actions);
  if (opened.length === 0) return actions;
  const watched = new Map(snapshot.watched);
  let isUnread = false;
  for (const name of opened) {
    const live = await Promise.all((watched.get(name) ?? []).map((one) => readAgain(cluster, one))).catch(() => {
      isUnread = true;
      return [];
    });
    watched.set(
      name,
      live.flatMap((one) => one ?? []),
    );
  }
  const planned = planRun({ ...snapshot, watched }, nowMs, options);
  const time = new Date(nowMs + ASK_AGAIN_MS).toISOString();
  return isUnread ? [...planned, { type: 'RequeueAt', time }] : planned;
}

function readAgain(cluster: Cluster, { apiVersion, kind, metadata }: KubeObject): Promise<KubeObject | undefined> {
  return cluster.readObject(apiVersion, kind, metadata.namespace, metadata.name);
}

/** The steps that this plan records as opened by somebody's word. */
function findOpened({ orchestration, run, watched }: Snapshot, actions: readonly Action[]): readonly string[] {
  const patch = actions.find((action) => action.type === 'PatchStatus');
  if (patch === undefined || orchestration.state !== 'Snapshotted') return [];
  const { steps } = orchestration.orchestration;
  const isOver = new Set(run.status.stepStatuses.filter(({ phase }) => phase === 'Succeeded').map(({ name }) => name));
  const isOpened = new Set(
    patch.status.stepStatuses
      .filter(({ phase }) => phase === 'Succeeded')
      .map(({ name, index }) => (index === undefined ? name : steps[index]?.name)),
  );
  return steps.flatMap(({ name, kind: word }) => {
    const kind = stepKinds.get(word);
    const mayClose = kind?.type === 'Gate' && kind.isRevocable === true && watched.has(name);
    return mayClose && isOpened.has(name) && !isOver.has(name) ? [name] : [];
  });
}
