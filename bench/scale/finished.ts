import type { ObservedClient } from '../../test/support/kube.ts';
import { ours } from '../engines/ours.ts';
import { stamp } from './load.ts';

const STEPS = 10;
const WRITERS = 16;
const at = '2026-01-01T00:00:00.000Z';

/** Stores runs that have ended, with 10 steps that each had a child. Reports its progress to `log`. */
export async function storeFinished(
  client: ObservedClient,
  namespace: string,
  count: number,
  log: (line: string) => void,
): Promise<void> {
  const status = {
    ...{ phase: 'Succeeded', startedAt: at, finishedAt: at, updatedAt: at },
    stepStatuses: Array.from({ length: STEPS }, (_, index) => ({
      ...{
        name: `process-step-${index}`,
        kind: 'AgentRun',
        phase: 'Succeeded',
        attempt: 1,
        startedAt: at,
        finishedAt: at,
      },
      resourceRef: {
        apiVersion: 'agents.proompteng.ai/v1alpha1',
        kind: 'AgentRun',
        name: `finished-${index}`,
        namespace,
      },
    })),
  };
  let next = 0;
  const take = async () => {
    for (let index = next++; index < count; index = next++) {
      const name = `finished-${index}`;
      await client.create(ours.runs, stamp(ours.run(name, namespace)));
      await client.patch(
        ours.runs,
        { namespace, name },
        { type: 'merge', body: { status } },
        { subresource: 'status' },
      );
    }
  };
  const progress = setInterval(() => log(`${Math.min(next, count)} of ${count} finished runs stored`), 10_000);
  try {
    await Promise.all(Array.from({ length: WRITERS }, take));
  } finally {
    clearInterval(progress);
  }
}
