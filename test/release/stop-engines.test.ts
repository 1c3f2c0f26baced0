import { expect, test } from 'vitest';
import { createMemberLease } from '../../src/division/member-lease.ts';
import { LEASES } from '../../src/kube/lease.ts';
import { FieldManager } from '../../src/orchestration/vocabulary/metadata.ts';
import { stopEngines } from '../../src/release/stop-engines.ts';
import { connectModel } from '../support/model/client.ts';
import { createModel } from '../support/model/model.ts';

const lease = { namespace: 'agents', name: FieldManager.Reconciler };
const now = new Date('2026-01-01T00:00:00Z');
const member = createMemberLease('agents', { identity: 'replica-1', buckets: new Set([1]) }, 15_000, now, undefined);
const elected = {
  ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: lease },
  spec: { holderIdentity: 'engine of 0.2', leaseTransitions: 3 },
};
const free = { ...elected, spec: {} };

test.each([
  ['an engine of 0.2 holds it', [elected], true],
  ['replicas share the runs', [free, member], true],
  ['replicas share the runs, and it does not exist', [member], true],
  ['nobody works', [free], false],
  ['there was never an engine', [], false],
])('the Lease of the engine is taken, and it is said whether one must see that: %s', async (_, stored, areThere) => {
  const model = createModel(() => now.getTime());
  for (const object of stored) model.create(LEASES, object);
  const options = { client: connectModel(model), lease, identity: 'release', now, seconds: 600 };
  expect(await stopEngines(options)).toBe(areThere);
  expect(model.get(LEASES, lease)['spec']).toMatchObject({ holderIdentity: 'release', leaseDurationSeconds: 600 });
});
