import { decodeOrchestration, type Orchestration } from '../../orchestration/decode.ts';
import { KubeErrorReason } from '../../orchestration/vocabulary/kube-error-reasons.ts';
import { type Changes, compareOrchestrations } from './changes.ts';
import { type Cluster, isApiFailure } from './port.ts';
import { hasEnded, readRun } from './run.ts';

/** What storing an Orchestration would change in a cluster. */
export interface Impact {
  readonly namespace: string;
  /** Undefined if no Orchestration of its name is stored yet. */
  readonly changes?: Changes;
  /** Live runs that have taken their snapshot. Nothing changes for them. */
  readonly runsThatKeep: readonly string[];
  /** Live runs that have not taken their snapshot. They will follow what is stored when they start. */
  readonly runsThatFollow: readonly string[];
}

/**
 * Compares an Orchestration with the stored one of its name, and looks for its live runs. Makes two reads. Throws
 * ApiFailure.
 */
export async function findImpact(cluster: Cluster, orchestration: Orchestration): Promise<Impact> {
  const { name, namespace: own } = orchestration;
  const namespace = own === '' ? cluster.namespace : own;
  const [stored, runs] = await Promise.all([
    readStored(cluster, name, namespace),
    cluster.list('OrchestrationRun', namespace),
  ]);
  const live = runs.map(readRun).filter((run) => run.spec.orchestrationRef.name === name && !hasEnded(run));
  const namesOf = (hasStarted: boolean) =>
    live.filter(({ status }) => (status.runId !== undefined) === hasStarted).map((run) => run.name);
  return {
    namespace,
    ...(stored && { changes: compareOrchestrations(stored, orchestration) }),
    runsThatKeep: namesOf(true),
    runsThatFollow: namesOf(false),
  };
}

async function readStored(cluster: Cluster, name: string, namespace: string): Promise<Orchestration | undefined> {
  try {
    return decodeOrchestration(await cluster.get('Orchestration', name, namespace)).orchestration;
  } catch (error) {
    if (isApiFailure(error) && error.reason === KubeErrorReason.NotFound) return undefined;
    throw error;
  }
}
