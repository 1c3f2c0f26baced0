import { expect, test } from 'vitest';
import type { StoredObject } from '../../src/objects/object.ts';
import type { Cluster } from '../../src/reconciler/ports.ts';
import { connectModel } from '../support/model/cluster.ts';
import { createWorld, NAMESPACE, RUN, storedStatus } from '../support/model/engine.ts';
import { startEngine } from '../support/model/stage.ts';

const policyOf = (phase: string): StoredObject => ({
  apiVersion: 'approvals.proompteng.ai/v1alpha1',
  kind: 'ApprovalPolicy',
  metadata: { name: 'board', namespace: NAMESPACE, uid: 'policy' },
  spec: {},
  status: { phase },
});

/** Reconciles a run of two gates. In the copy, their policy has the phase `copy`. `read` returns the real policy. */
async function reconcileGates(read: () => Promise<StoredObject | undefined>, copy = 'Approved') {
  const steps = [
    { name: 'approve', kind: 'ApprovalGate', policyRef: 'board' },
    { name: 'again', kind: 'ApprovalGate', policyRef: 'board' },
  ];
  const world = createWorld({ steps, policies: {} }, { ancestry: [], tell: () => {} });
  let reads = 0;
  const model = connectModel(world.api);
  const cluster: Cluster = {
    ...model,
    listOffers: () => [policyOf(copy)],
    readObject: (apiVersion, kind, ...name) => {
      if (kind !== 'ApprovalPolicy') return model.readObject(apiVersion, kind, ...name);
      reads += 1;
      return read();
    },
  };
  const engine = startEngine(cluster, world);
  let outcome: unknown;
  for (let round = 0; round < 3; round++) outcome = await engine.reconcile(`${NAMESPACE}/${RUN}`);
  const { stepStatuses } = storedStatus(world);
  return { phases: stepStatuses.map(({ phase }) => phase), reads, outcome, first: stepStatuses[0] };
}

test.each(['Approved', 'Denied'])(
  'a policy that is still %s decides, at the cost of one read for each gate',
  async (phase) => {
    const { phases, reads } = await reconcileGates(() => Promise.resolve(policyOf(phase)), phase);
    expect([phases, reads]).toEqual(
      phase === 'Approved' ? [['Succeeded', 'Succeeded'], 2] : [['Failed', 'Skipped'], 1],
    );
  },
);

test.each<[string, string, StoredObject | undefined, string]>([
  ['Approved', 'is Ready again', policyOf('Ready'), 'Running'],
  ['Approved', 'is denied now', policyOf('Denied'), 'Failed'],
  ['Approved', 'is deleted', undefined, 'Running'],
  ['Denied', 'is Ready again', policyOf('Ready'), 'Running'],
  ['Denied', 'is approved now', policyOf('Approved'), 'Succeeded'],
])('a policy that was %s in the copy and is %s now decides as it is now', async (copy, _, live, phase) => {
  const { phases, first } = await reconcileGates(() => Promise.resolve(live), copy);
  expect(phases[0]).toBe(phase);
  expect(first?.message).toContain(
    live === undefined ? 'does not exist' : String(Object(live['status']).phase).toLowerCase().slice(1),
  );
});

test('a gate that becomes ready through a live read makes its own read', async () => {
  let reads = 0;
  const { phases } = await reconcileGates(
    () => Promise.resolve(policyOf(reads++ === 0 ? 'Approved' : 'Ready')),
    'Denied',
  );
  expect(phases).toEqual(['Succeeded', 'Running']);
});

test.each(['Approved', 'Denied'])(
  'a policy that was %s and cannot be read decides nothing, and is read again later',
  async (copy) => {
    const { phases, outcome, first } = await reconcileGates(() => Promise.reject(new Error('unavailable')), copy);
    expect(phases).toEqual(['Running', 'Pending']);
    expect(first).toMatchObject({
      reason: 'KindUnreadable',
      message: 'cannot check what the step waits for: unavailable',
    });
    expect(outcome).toEqual({ afterMs: 5_000 });
  },
);
