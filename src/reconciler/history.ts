import type { StoredObject } from '../objects/object.ts';
import { asRecord } from '../orchestration/decode.ts';
import { isRunFinal } from '../orchestration/run-status.ts';
import { API_VERSION } from '../orchestration/schema.ts';

/**
 * The Orchestration, as `namespace/name`, in whose history a run is: a finished one that belongs to nobody else. Undefined for
 * all others.
 */
export function historyOf({ apiVersion, kind, metadata, ...run }: StoredObject): string | undefined {
  const isRun = apiVersion === API_VERSION && kind === 'OrchestrationRun';
  if (!isRun || metadata.deletionTimestamp !== undefined || !isRunFinal(asRecord(run['status']))) return undefined;
  if (metadata.ownerReferences?.some(({ controller }) => controller === true)) return undefined;
  return `${metadata.namespace}/${String(asRecord(asRecord(run['spec'])['orchestrationRef'])['name'])}`;
}

/** Of the runs in one history, those beyond the limit, the oldest first. */
export function findExcess(runs: readonly StoredObject[], limit: number): readonly StoredObject[] {
  const endOf = (run: StoredObject) => Date.parse(String(asRecord(run['status'])['finishedAt'])) || 0;
  return runs.toSorted((one, other) => endOf(one) - endOf(other)).slice(0, Math.max(0, runs.length - limit));
}
