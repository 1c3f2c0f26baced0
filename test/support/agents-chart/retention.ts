import type { KubeClient } from '../../../src/kube/client.ts';
import { ignoreAbsence } from './follow.ts';
import { AGENT_RUNS, isFinal, nameOf, type Stored } from './kinds.ts';

/** How long finished AgentRuns are kept, and how often the controller looks for older ones. */
export interface Retention {
  readonly retentionMs?: number;
  readonly sweepMs?: number;
}

const RETENTION_MS = 30 * 24 * 60 * 60_000;
const SWEEP_MS = 60_000;

/** Deletes, at each sweep, what finished longer ago than the retention; returns what ends it. */
export function startSweeping(
  client: Pick<KubeClient, 'list' | 'delete'>,
  namespaces: readonly string[],
  { retentionMs = RETENTION_MS, sweepMs = SWEEP_MS }: Retention,
): () => void {
  async function sweep(namespace: string): Promise<void> {
    for (const agentRun of (await client.list(AGENT_RUNS, { namespace })).items as readonly Stored[]) {
      const { phase, finishedAt, updatedAt } = agentRun['status'] ?? {};
      // An AgentRun that was refused has no end time.
      const isOld = isFinal(phase) && Date.now() - Date.parse(finishedAt ?? updatedAt) > retentionMs;
      if (isOld) await client.delete(AGENT_RUNS, nameOf(agentRun)).catch(ignoreAbsence);
    }
  }

  const sweeping = setInterval(() => {
    for (const namespace of namespaces) void sweep(namespace).catch(() => {});
  }, sweepMs);
  return () => clearInterval(sweeping);
}
