import type { StoredObject } from '../objects/object.ts';
import { wordsOf } from '../objects/outcomes.ts';
import { asRecord } from '../orchestration/decode.ts';
import type { StepKinds } from '../orchestration/kinds/step-kinds.ts';
import { isRunFinal } from '../orchestration/run-status.ts';
import { API_VERSION } from '../orchestration/schema.ts';
import { readSnapshot } from './child-object.ts';
import type { Source } from './inherit.ts';
import { type NameChild, nameSnapshot } from './names.ts';
import type { ObservedRun, ObservedSource } from './observation.ts';
import { findRun } from './owners.ts';
import type { Cluster } from './ports.ts';
import { readRun, trustRun } from './read-run.ts';
import { judgeSource } from './source.ts';
import { ownerRunOf } from './topics.ts';

/**
 * Reads the run that this run continues. The read goes to the API server, and is made only until this run has started,
 * because nothing depends on it afterwards. A nested run whose source is gone does not fail: the decision to continue
 * that source was made when it existed.
 */
export async function observeSource(
  cluster: Cluster,
  object: StoredObject,
  { namespace, orchestration: wanted, resumption, ...run }: ObservedRun,
  nameChild: NameChild,
  kinds: StepKinds,
): Promise<ObservedSource | undefined> {
  const isDue = run.status.runId === undefined && !isRunFinal(run.status) && !run.isTemplate && !run.isCancelled;
  if (resumption === undefined || !isDue) return undefined;
  try {
    const isNamed = resumption.mistakes.length === 0;
    const stored = isNamed
      ? await cluster.readObject(API_VERSION, 'OrchestrationRun', namespace, resumption.run)
      : undefined;
    const snapshot = stored && (await cluster.readSnapshot(namespace, nameSnapshot(stored.metadata.uid)));
    const found = stored && readRun(stored, cluster.statusWriters(stored).isForeign);
    const orchestration = snapshot && found && readSnapshot(snapshot, found.uid);
    const followed = orchestration
      ? ({ state: 'Snapshotted', orchestration } as const)
      : ({ state: 'Unread' } as const);
    const source = found && trustRun(found, followed, nameChild, kinds);
    const judged = judgeSource({ run: source, orchestration }, resumption, wanted);
    if ('source' in judged) return { state: 'Found', ...judged, nested: await listNested(cluster, judged.source) };
    const isNested = ownerRunOf(object) !== undefined;
    return judged.isGone && isNested ? { state: 'Gone' } : { state: 'Refused', message: judged.refusal };
  } catch (error) {
    return { state: 'Unreadable', words: wordsOf(error), error };
  }
}

/**
 * The nested runs of the last attempts that can be continued, with their Orchestrations, by name. The copy is enough
 * for those that it has, because a finished run never changes.
 */
async function listNested(cluster: Cluster, { run }: Source): Promise<ReadonlyMap<string, string>> {
  const names = run.status.stepStatuses.flatMap(({ resourceRef: ref }) =>
    ref?.kind === 'OrchestrationRun' ? ref.name : [],
  );
  const found: StoredObject[] = [];
  for (const name of names) {
    const nested = await findRun(cluster, `${run.namespace}/${name}`);
    if (nested !== undefined) found.push(nested);
  }
  const over = found.filter((one) => isRunFinal(asRecord(one['status'])) && !cluster.statusWriters(one).isForeign);
  return new Map(over.map((nested) => [nested.metadata.name, readRun(nested, false).orchestration]));
}
