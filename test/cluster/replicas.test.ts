import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LEASES } from '../../src/kube/lease.ts';
import { BUCKETS } from '../../src/orchestration/buckets.ts';
import { FieldManager, Label } from '../../src/orchestration/vocabulary/metadata.ts';
import { sharedCluster, useNamespace } from '../support/controlplane/suite.ts';
import { installCrds } from '../support/gate.ts';
import { connectKube, type ObservedClient } from '../support/kube.ts';
import { connectNamespace, waitUntil } from '../support/namespaced-api.ts';
import { connectReconciled, letAgentRunsGo, type Reconciler, startReconciler } from '../support/reconciler.ts';
import { tool } from '../support/run-steps.ts';
import { hasEnded } from '../support/statuses.ts';

/** Enough for processes to start on a busy machine, and for the 15 s of a Lease. */
const PATIENT_SECONDS = 180;

/** Spread over all buckets. */
const RUNS = Array.from({ length: 16 }, (_, index) => ({ name: `run-${index}`, bucket: (index * BUCKETS) / 16 }));

describe('several replicas', { timeout: PATIENT_SECONDS * 2_000 }, () => {
  const cluster = sharedCluster();
  const namespace = useNamespace();
  const api = connectNamespace(cluster, namespace);
  const replicas: Reconciler[] = [];
  let client: ObservedClient;

  beforeAll(async () => {
    await installCrds(cluster, 'agents');
    client = connectKube(cluster.kubeconfig);
  });
  afterAll(async () => {
    for (const replica of replicas) await replica.stop();
    await client?.close();
    await letAgentRunsGo(api);
  });

  const join = async () => {
    const replica = await startReconciler(cluster, { ownNamespace: namespace, electsLeader: true });
    replicas.push(replica);
    return replica;
  };
  const heldBy = (replica: Reconciler) => replica.readMetric('orchestration_gate_buckets').catch(() => undefined);

  /** Waits until these replicas hold all buckets together, and each about as many as any other. */
  async function share(sharing: readonly Reconciler[]): Promise<void> {
    let held: readonly (number | undefined)[] = [];
    const isShared = async () => {
      held = await Promise.all(sharing.map(heldBy));
      const counts = held.map((count) => count ?? 0);
      return (
        counts.reduce((sum, count) => sum + count, 0) === BUCKETS &&
        Math.max(...counts) <= Math.ceil(BUCKETS / sharing.length)
      );
    };
    await waitUntil(`${sharing.length} replicas to share`, isShared, () => held.join(), PATIENT_SECONDS);
  }

  const reconciled = () => {
    const [first] = replicas;
    if (first === undefined) throw new Error('no replica has started');
    return connectReconciled(cluster, namespace, first.process);
  };

  it('share the runs, and each run makes each child once', async () => {
    await api.create('Orchestration', 'two', { spec: { steps: [tool('a'), tool('b', { dependsOn: ['a'] })] } });
    for (const { name, bucket } of RUNS) {
      const spec = { orchestrationRef: { name: 'two' } };
      await api.create('OrchestrationRun', name, { spec, metadata: { labels: { [Label.Bucket]: String(bucket) } } });
    }
    await Promise.all([join(), join(), join()]);
    await share(replicas);
    const { childOf } = reconciled();
    for (const { name } of RUNS) await childOf(name, 'a');
  });

  it('take over the runs of one that is killed, and lose no end that comes meanwhile', async () => {
    const { endChild, statusOf, childrenOf } = reconciled();
    const killed = replicas.pop() as Reconciler;
    await killed.stop();
    for (const { name } of RUNS) await endChild(name, 'a', 'Succeeded');
    await share(replicas);
    for (const { name } of RUNS) await endChild(name, 'b', 'Succeeded');
    for (const { name } of RUNS) {
      expect((await statusOf(name, hasEnded)).phase).toBe('Succeeded');
      expect(await childrenOf(name)).toHaveLength(2);
    }
  });

  it('give a new one its share, and its runs move there', async () => {
    const joined = await join();
    await share(replicas);
    for (const { name, bucket } of RUNS) {
      const spec = { orchestrationRef: { name: 'two' } };
      await api.create('OrchestrationRun', `again-${name}`, {
        spec,
        metadata: { labels: { [Label.Bucket]: String(bucket) } },
      });
    }
    const { endChild, statusOf } = reconciled();
    for (const { name } of RUNS) {
      await endChild(`again-${name}`, 'a', 'Succeeded');
      await endChild(`again-${name}`, 'b', 'Succeeded');
      expect((await statusOf(`again-${name}`, hasEnded)).phase).toBe('Succeeded');
    }
    const ended = await joined.readMetric('orchestration_gate_runs_ended_total{phase="Succeeded"}');
    expect(ended).toBeGreaterThan(0);
    expect(ended).toBeLessThan(RUNS.length);
  });

  it('hold nothing while an engine of version 0.2 holds its Lease, and go on when it gives the Lease back', async () => {
    const metadata = { namespace, name: FieldManager.Reconciler };
    const spec = { holderIdentity: 'an engine of 0.2', leaseDurationSeconds: 600 };
    await client.create(LEASES, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec });
    const isIdle = async () => (await Promise.all(replicas.map(heldBy))).every((held) => held === 0);
    await waitUntil('all replicas to hold nothing', isIdle, undefined, PATIENT_SECONDS);
    await api.create('OrchestrationRun', 'later', { spec: { orchestrationRef: { name: 'two' } } });
    const { childOf, childrenOf } = reconciled();
    expect(await childrenOf('later')).toEqual([]);
    const late = await join();
    expect(await heldBy(late)).toBe(0);
    expect(await childrenOf('later')).toEqual([]);
    await client.patch(LEASES, metadata, { type: 'merge', body: { spec: { holderIdentity: null } } });
    await share(replicas);
    await childOf('later', 'a');
  });

  it('log no failure of the time when they list the runs of buckets that they gain', async () => {
    for (const { process } of replicas)
      expect(await readFile(process.logPath, 'utf8')).not.toContain('has not been listed yet');
  });

  it('give their buckets back when they end, and leave no Lease', async () => {
    for (const replica of replicas) await replica.process.kill('SIGTERM');
    const { items } = await client.list(LEASES, { namespace, labelSelector: Label.Member });
    expect(items).toEqual([]);
  });
});
