import { asRecord } from '../orchestration/decode.ts';
import { decodeRunStatus } from '../orchestration/decode-status.ts';
import { isRunFinal } from '../orchestration/run-status.ts';
import { API_VERSION } from '../orchestration/schema.ts';
import { stepKinds } from './kinds/table.ts';
import type { KubeObject } from './snapshot.ts';

/**
 * The keys of the runs that a changed object may move: itself, the run that owns it, the runs that wait for it to exist,
 * and those with a step that waits for its kind. `runs` are all there are; they are only gone through for kinds that change
 * seldom.
 */
export function affectedRuns(changed: KubeObject, runs: () => Iterable<KubeObject>): readonly string[] {
  const { kind, apiVersion, metadata } = changed;
  const { namespace, name, ownerReferences = [] } = metadata;
  const owner = ownerReferences.find(
    (reference) => reference.controller === true && reference.kind === 'OrchestrationRun',
  );
  const keys = owner ? [`${namespace}/${owner.name}`] : [];
  if (apiVersion === API_VERSION && kind === 'OrchestrationRun') return [`${namespace}/${name}`, ...keys];
  const isOrchestration = apiVersion === API_VERSION && kind === 'Orchestration';
  const gates = [...stepKinds]
    .filter(([, gate]) => gate.type === 'Gate' && gate.kind === kind)
    .map(([stepKind]) => stepKind);
  if (!isOrchestration && gates.length === 0) return keys;
  for (const run of runs()) {
    const status = decodeRunStatus(run['status']);
    if (run.metadata.namespace !== namespace || isRunFinal(status)) continue;
    const isWaiting = isOrchestration
      ? status.runId === undefined && asRecord(asRecord(run['spec'])['orchestrationRef'])['name'] === name
      : status.stepStatuses.some((step) => step.phase === 'Running' && gates.includes(step.kind));
    if (isWaiting) keys.push(`${namespace}/${run.metadata.name}`);
  }
  return keys;
}
