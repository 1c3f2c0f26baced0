import { expect, test } from 'vitest';
import type { Cluster } from '../../src/reconciler/ports.ts';
import type { KubeObject } from '../../src/reconciler/snapshot.ts';
import { connectModel } from '../support/model/cluster.ts';
import { createWorld, NAMESPACE, RUN, storedStatus } from '../support/model/engine.ts';
import { startEngine } from '../support/model/stage.ts';

const policyOf = (phase: string): KubeObject => ({
  apiVersion: 'approvals.proompteng.ai/v1alpha1',
  kind: 'ApprovalPolicy',
  metadata: { name: 'board', namespace: NAMESPACE, uid: 'policy' },
  spec: {},
  status: { phase },
});

/** A run whose first step waits for an approval that the copy holds for given; `read` is what there is. */
async function look(read: () => Promise<KubeObject | undefined>) {
  const steps = [
    { name: 'approve', kind: 'ApprovalGate', policyRef: 'board' },
    { name: 'deploy', kind: 'Checkpoint' },
  ];
  const world = createWorld({ steps, policies: {} }, { ancestry: [], tell: () => {} });
  let reads = 0;
  const model = connectModel(world.api);
  const cluster: Cluster = {
    ...model,
    listOffers: () => [policyOf('Approved')],
    readObject: (apiVersion, kind, ...name) => {
      if (kind !== 'ApprovalPolicy') return model.readObject(apiVersion, kind, ...name);
      reads += 1;
      return read();
    },
  };
  const engine = startEngine(cluster, world);
  let outcome: unknown;
  for (let round = 0; round < 3; round++) outcome = await engine.reconcile(`${NAMESPACE}/${RUN}`);
  const phases = storedStatus(world).stepStatuses.map(({ phase }) => phase);
  return { phases, reads, outcome };
}

test('an approval that still stands opens the gate, for one read', async () => {
  const { phases, reads } = await look(() => Promise.resolve(policyOf('Approved')));
  expect([phases, reads]).toEqual([['Succeeded', 'Succeeded'], 1]);
});

test.each<[string, KubeObject | undefined, string]>([
  ['taken back', policyOf('Pending'), 'Running'],
  ['turned into a denial', policyOf('Denied'), 'Failed'],
  ['deleted', undefined, 'Running'],
])('an approval that was %s while the watch was silent opens nothing', async (_, live, phase) => {
  const { phases } = await look(() => Promise.resolve(live));
  expect(phases[0]).toBe(phase);
  expect(phases[1]).not.toBe('Succeeded');
});

test('an approval that cannot be read opens nothing, and is asked for again', async () => {
  const { phases, outcome } = await look(() => Promise.reject(new Error('unavailable')));
  expect(phases).toEqual(['Running', 'Pending']);
  expect(outcome).toEqual({ afterMs: 5_000 });
});
