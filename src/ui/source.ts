import { quoteName } from '../dag/display.ts';
import type { KubeObject } from '../objects/object.ts';
import { asRecord, decodeOrchestrationRun } from '../orchestration/decode.ts';
import { decodeRunStatus } from '../orchestration/decode-status.ts';
import type { RunStatus } from '../orchestration/run-status.ts';
import type { Cluster } from './cluster.ts';

/** The graph of a run and its source. The same key means the same graph. */
export interface Source {
  readonly key: string;
  readonly object: unknown;
  readonly note?: string;
  /** Only the steps are known, so the results of the rules would be meaningless. */
  readonly isPartial?: boolean;
}

/** Creates a function that finds the graph of a run. It reads the snapshot of the same run only once. Throws KubeError. */
export function createSourceReader(
  cluster: Pick<Cluster, 'read' | 'readSnapshot'>,
): (run: KubeObject) => Promise<Source> {
  /** The result of reading the snapshot of the run with this uid. A snapshot never changes. */
  let kept: { readonly uid: string; readonly found: unknown } | undefined;

  return async (run) => {
    const status = decodeRunStatus(run['status']);
    const { uid = '' } = run.metadata;
    if (status.runId !== undefined && kept?.uid !== uid) kept = { uid, found: await cluster.readSnapshot(uid) };
    const found = kept?.uid === uid ? kept.found : undefined;
    if (found !== undefined && typeof found !== 'string')
      return { key: `snapshot ${uid}`, object: openSnapshot(run, found) };
    const { name } = decodeOrchestrationRun(run).run.spec.orchestrationRef;
    const current = await cluster.read({ kind: 'Orchestration', name });
    if (current === undefined) return listSteps(run, status, `There is no Orchestration ${quoteName(name)}`);
    const key = `current ${uid} ${current.metadata.uid} ${current.metadata.generation} ${found ?? ''}`;
    const note = found ?? (status.runId === undefined ? undefined : 'The run has no snapshot');
    const suffix = 'this is the current Orchestration, which can differ from the one that runs.';
    return { key, object: current, ...(note !== undefined && { note: `${note}: ${suffix}` }) };
  };
}

/**
 * Makes an Orchestration from a snapshot, which holds a decoded one. A snapshot can be edited, so it is decoded again.
 */
function openSnapshot({ metadata }: KubeObject, found: unknown): unknown {
  const { name, entrypoint, policies, steps } = asRecord(found);
  return { metadata: { ...metadata, name }, spec: { entrypoint, policies, steps } };
}

/** Shows a run without a graph: its steps, side by side. */
function listSteps({ metadata }: KubeObject, { stepStatuses }: RunStatus, note: string): Source {
  const steps = stepStatuses.map(({ name, kind }) => ({ name, kind, dependsOn: [] }));
  return {
    key: `steps ${metadata.uid} ${JSON.stringify(stepStatuses.map(({ name }) => name))}`,
    object: { metadata, spec: { steps } },
    isPartial: true,
    note: stepStatuses.length > 0 ? `${note}: these are the steps in the status of the run.` : `${note}.`,
  };
}
