import { setTimeout as delay } from 'node:timers/promises';
import type { KubeClient } from '../../../src/kube/client.ts';
import { KubeError } from '../../../src/kube/errors.ts';
import type { ObjectName } from '../../../src/kube/resources.ts';
import type { Refusal, RuntimeRef } from './agent-run-status.ts';
import { AGENT_RUNS, CREATOR, JOBS, keyOf, nameOf, PODS, type Stored } from './kinds.ts';

const ttlSeconds = 600;
const pollMilliseconds = 50;

/** The container of a Job; it matters only where a kubelet runs it. */
export interface Container {
  readonly image: string;
  readonly command?: readonly string[];
}

/** Creates the Job of an AgentRun, or finds it if it already exists. */
export async function createAgentJob(
  client: KubeClient,
  agentRun: Stored,
  { image, command = ['/bin/true'] }: Container,
): Promise<RuntimeRef> {
  const { namespace, name: owner, uid: ownerUid } = agentRun.metadata;
  const name = `${owner}-job`;
  const { apiVersion, kind } = agentRun;
  const pod = { restartPolicy: 'Never', containers: [{ name: 'agent-runner', image, command }] };
  const job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace,
      ownerReferences: [{ apiVersion, kind, name: owner, uid: ownerUid, controller: true }],
    },
    spec: { backoffLimit: 0, ttlSecondsAfterFinished: ttlSeconds, template: { spec: pod } },
  };
  const created = await client.create(JOBS, job, { fieldManager: CREATOR }).catch((error: unknown) => {
    if (error instanceof KubeError && error.reason === 'AlreadyExists') return client.get(JOBS, { namespace, name });
    throw error;
  });
  return { type: 'job', name, namespace, uid: (created as Stored).metadata.uid };
}

/** The AgentRun that a Job carries out, as its key; undefined for other Jobs. */
export function agentRunOf(job: Stored): string | undefined {
  const owner = job.metadata.ownerReferences?.find(({ kind }) => kind === AGENT_RUNS.kind);
  return owner && keyOf({ ...job, kind: owner.kind, metadata: { ...job.metadata, name: owner.name } });
}

/** How a Job ended: null for success, a cause for failure, undefined while it runs. */
export function endOf({ status = {} }: Stored): Refusal | null | undefined {
  const conditions = (status.conditions ?? []) as readonly { type: string; status: string; message?: string }[];
  const end = conditions.find(({ type, status: is }) => (type === 'Complete' || type === 'Failed') && is === 'True');
  if (end === undefined) return undefined;
  return end.type === 'Complete' ? null : { reason: 'JobFailed', message: end.message ?? 'job failed' };
}

/** Plays scheduler and kubelet for the pod of a Job, as soon as there is one: runs it, and ends it. */
export async function endPodOf(
  client: KubeClient,
  { namespace = '', name }: ObjectName,
  exitCode: number,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = new Date().toISOString().replace(/\.\d+/, '');
  const status = (phase: string, state: object) => ({
    phase,
    containerStatuses: [{ name: 'agent-runner', image: 'x', imageID: 'x', ready: false, restartCount: 0, state }],
  });
  for (;;) {
    signal.throwIfAborted();
    const [pod] = (await client.list(PODS, { namespace, labelSelector: `job-name=${name}` })).items;
    if (pod === undefined) {
      await delay(pollMilliseconds);
      continue;
    }
    const write = (body: object) =>
      client.patch(PODS, nameOf(pod as Stored), { type: 'merge', body: { status: body } }, { subresource: 'status' });
    await write(status('Running', { running: { startedAt } }));
    const terminated = { exitCode, startedAt, finishedAt: startedAt };
    await write(status(exitCode === 0 ? 'Succeeded' : 'Failed', { terminated }));
    return;
  }
}
