import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Member } from '../../src/division/decide.ts';
import { MEMBER_SELECTOR, readMember } from '../../src/division/member-lease.ts';
import { LEASES } from '../../src/kube/lease.ts';
import { BUCKETS, bucketOfName, readBucket } from '../../src/orchestration/buckets.ts';
import { Label } from '../../src/orchestration/vocabulary/metadata.ts';
import { sharedCluster, useNamespace } from '../support/controlplane/suite.ts';
import { installCrds } from '../support/gate.ts';
import { connectKube, type ObservedClient } from '../support/kube.ts';
import { connectNamespace, waitUntil } from '../support/namespaced-api.ts';
import { connectReconciled, letAgentRunsGo, type Reconciler, startReconciler } from '../support/reconciler.ts';
import { agent, tool } from '../support/run-steps.ts';
import { hasEnded, isStep } from '../support/statuses.ts';

const PATIENT_SECONDS = 180;
const environment = { AGENTS_TOOL_RUN_CONTROLLER_ENABLED: 'true', POD_SERVICE_ACCOUNT: 'orchestration-gate' };

describe('two replicas that share runs', { timeout: PATIENT_SECONDS * 2_000 }, () => {
  const cluster = sharedCluster();
  const namespace = useNamespace();
  const api = connectNamespace(cluster, namespace);
  const replicas: Reconciler[] = [];
  let client: ObservedClient;
  let members: readonly Member[] = [];

  beforeAll(async () => {
    await installCrds(cluster, 'agents');
    client = connectKube(cluster.kubeconfig);
    for (let index = 0; index < 2; index++)
      replicas.push(await startReconciler(cluster, { ownNamespace: namespace, environment, electsLeader: true }));
    const areShared = async () => {
      const { items } = await client.list(LEASES, { namespace, labelSelector: MEMBER_SELECTOR });
      members = items.flatMap((lease) => readMember(lease) ?? []);
      return members.length === 2 && members.every(({ buckets }) => buckets.size === BUCKETS / 2);
    };
    await waitUntil('two replicas to share', areShared, () => JSON.stringify(members), PATIENT_SECONDS);
  }, PATIENT_SECONDS * 1_000);
  afterAll(async () => {
    for (const replica of replicas) await replica.stop();
    await client?.close();
    await letAgentRunsGo(api);
  });

  const reconciled = () => {
    const [first] = replicas;
    if (first === undefined) throw new Error('no replica has started');
    return connectReconciled(cluster, namespace, first.process);
  };
  /** A bucket of the first or the second replica. */
  const bucketOf = (index: number) => [...(members[index]?.buckets ?? [])][0] ?? 0;
  const startIn = (bucket: number, name: string, orchestration: string) => {
    const metadata = { labels: { [Label.Bucket]: String(bucket) } };
    return api.create('OrchestrationRun', name, { metadata, spec: { orchestrationRef: { name: orchestration } } });
  };
  const labelOf = ({ metadata }: { readonly metadata: { readonly labels?: unknown } }) => readBucket(metadata.labels);

  it('label a run that was created without the gate before it starts, and all that belongs to it', async () => {
    await api.create('Tool', 'echo', { spec: { image: 'alpine' } });
    await api.create('Orchestration', 'inner', { spec: { steps: [tool('work')] } });
    const steps = [{ name: 'sub', kind: 'SubOrchestration', orchestrationRef: { name: 'inner' } }];
    const { childOf, run } = reconciled();
    await run('unlabelled', { steps });
    const nested = await childOf('unlabelled', 'sub');
    const toolRun = await childOf(nested.metadata.name, 'work');
    await waitUntil('a Job', async () => (await api.list('Job')).length === 1, undefined, PATIENT_SECONDS);
    const own = bucketOfName(namespace, 'unlabelled');
    const stored = await api.waitFor('OrchestrationRun', 'unlabelled');
    expect([stored, nested, toolRun, ...(await api.list('Job'))].map(labelOf)).toEqual([own, own, own, own]);
  });

  it('continue a run whose label is changed, and release its children that are in the old bucket', async () => {
    const { childOf, endChild, statusOf } = reconciled();
    await api.create('Orchestration', 'agents', { spec: { steps: [agent('a'), agent('b', { dependsOn: ['a'] })] } });
    await startIn(bucketOf(0), 'moved', 'agents');
    const { metadata } = await childOf('moved', 'a');
    await api.edit('OrchestrationRun', 'moved', { metadata: { labels: { [Label.Bucket]: String(bucketOf(1)) } } });
    await endChild('moved', 'a', 'Succeeded');
    await statusOf('moved', isStep('a', 'Succeeded'));
    const next = await childOf('moved', 'b');
    expect([labelOf({ metadata }), labelOf(next)]).toEqual([bucketOf(0), bucketOf(1)]);
    await endChild('moved', 'b', 'Succeeded');
    await statusOf('moved', ({ phase }) => phase === 'Succeeded');
    const isReleased = ({ metadata: child }: object & { metadata: object }) =>
      !('finalizers' in child) || (child.finalizers as readonly string[]).length === 0;
    await api.waitFor('AgentRun', metadata.name, isReleased, PATIENT_SECONDS);
  });

  it('keep as many finished runs of an Orchestration as its history allows, wherever these are', async () => {
    const { statusOf } = reconciled();
    const spec = { steps: [{ name: 'mark', kind: 'Checkpoint' }] };
    await api.create('Orchestration', 'limited', { spec });
    const names = Array.from({ length: 6 }, (_, index) => `limited-${index}`);
    for (const [index, name] of names.entries()) {
      await startIn(bucketOf(index % 2), name, 'limited');
      await statusOf(name, hasEnded);
    }
    await api.edit('Orchestration', 'limited', { spec: { policies: { history: { limit: 2 } } } });
    const isLimited = async () => {
      const runs = await api.list('OrchestrationRun');
      return runs.filter(({ metadata }) => metadata.name.startsWith('limited-')).length === 2;
    };
    await waitUntil('the history to be limited', isLimited, undefined, PATIENT_SECONDS);
  });
});
