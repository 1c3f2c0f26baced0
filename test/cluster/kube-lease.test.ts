import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { LEASES, startElection } from '../../src/kube/lease.ts';
import { sharedCluster, useNamespace } from '../support/controlplane/suite.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { connectKube, type ObservedClient } from '../support/kube.ts';
import { silentLog, systemTiming } from '../support/timing.ts';

describe('an election', () => {
  const cluster = sharedCluster();
  const namespace = useNamespace();
  let proxy: FaultProxy;
  /** Past the proxy. */
  let direct: ObservedClient;
  let client: ObservedClient;

  beforeAll(async () => {
    proxy = await startFaultProxy(cluster);
    direct = connectKube(cluster.kubeconfig);
    client = connectKube(await proxy.kubeconfig(), { deadlineMs: 1_000 });
  });
  afterAll(async () => {
    await client?.close();
    await direct?.close();
    await proxy?.stop();
  });

  function stand(name: string, identity: string, through: ObservedClient) {
    const told: string[] = [];
    const election = startElection({
      client: through,
      namespace,
      name,
      identity,
      timing: systemTiming,
      now: () => new Date(),
      log: silentLog,
      onElected: (epoch) => told.push(`elected ${epoch}`),
      onLost: () => told.push('lost'),
      settings: { leaseDurationMs: 3_000, renewDeadlineMs: 2_000, retryPeriodMs: 500 },
    });
    onTestFinished(() => election.stop());
    return { ...election, told };
  }

  it('is acquired on a Lease that is rendered empty, and released by a holder that stops', async () => {
    const metadata = { name: 'rendered', namespace, labels: { kept: 'yes' } };
    await direct.create(LEASES, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata });
    const one = stand('rendered', 'one', client);
    await expect.poll(() => one.told).toEqual(['elected 1']);
    const two = stand('rendered', 'two', direct);
    await one.stop();
    await expect.poll(() => two.told).toEqual(['elected 2']);
    expect(await direct.get(LEASES, metadata)).toMatchObject({
      metadata: { labels: metadata.labels },
      spec: { holderIdentity: 'two', leaseDurationSeconds: 3, leaseTransitions: 2 },
    });
  });

  it('is lost by a holder that cannot reach the Lease, before another acquires it', async () => {
    const one = stand('made', 'one', client);
    await expect.poll(() => one.told).toEqual(['elected 1']);
    const two = stand('made', 'two', direct);
    proxy.follow(() => ({ isRefused: true }));
    onTestFinished(() => proxy.follow(undefined));
    await expect.poll(() => two.told.length + Number(one.isLeader()), { timeout: 60_000 }).toBe(0);
    expect(one.told).toEqual(['elected 1', 'lost']);
    await expect.poll(() => two.told, { timeout: 60_000 }).toEqual(['elected 2']);
  });
});
