import type { KubeClient } from '../../../src/kube/client.ts';
import { endOf } from './agent-jobs.ts';
import { ignoreAbsence } from './follow.ts';
import { CONFIG_MAPS, CREATOR, isFinal, JOBS, type Stored, TOOL_RUN_LABEL, TOOL_RUNS, TOOLS } from './kinds.ts';
import { failedRun, toolRunStatus } from './orchestration-status.ts';
import type { WriteStatus } from './status-writer.ts';

/**
 * Carries out a ToolRun of an event: without a `runtimeRef` it is started, but only if it has no phase, or Pending; with
 * one, its Job is followed.
 */
export async function advanceToolRun(client: KubeClient, writeStatus: WriteStatus, toolRun: Stored): Promise<void> {
  const { metadata, status = {} } = toolRun;
  if (isFinal(status.phase) || metadata.deletionTimestamp !== undefined) return;
  if (status.runtimeRef !== undefined) return followJob(client, writeStatus, toolRun);
  if (status.phase !== undefined && status.phase !== 'Pending') return;
  const name = toolRun['spec'].toolRef.name;
  const tool = (await client.get(TOOLS, { namespace: metadata.namespace, name }).catch(ignoreAbsence)) as
    | Stored
    | undefined;
  if (tool === undefined) {
    const cause = { reason: 'MissingTool', message: `tool ${name} not found` };
    await writeStatus(TOOL_RUNS, toolRun, failedRun(toolRun, cause));
    return;
  }
  const runtimeRef = await createJob(client, toolRun, tool);
  await writeStatus(TOOL_RUNS, toolRun, toolRunStatus(toolRun, 'Running', runtimeRef));
}

async function followJob(client: KubeClient, writeStatus: WriteStatus, toolRun: Stored): Promise<void> {
  const { runtimeRef } = toolRun['status'];
  const { namespace } = toolRun.metadata;
  const job = await client.get(JOBS, { namespace, name: runtimeRef.name }).catch(ignoreAbsence);
  const end = job === undefined ? undefined : endOf(job as Stored);
  if (end === undefined) return;
  await writeStatus(TOOL_RUNS, toolRun, toolRunStatus(toolRun, end === null ? 'Succeeded' : 'Failed', runtimeRef));
}

/** Fails as AlreadyExists if a Job or a ConfigMap of that name exists, no matter who created it. */
async function createJob(client: KubeClient, { metadata, spec }: Stored, { spec: tool }: Stored): Promise<object> {
  const { namespace, name } = metadata;
  const labels = { [TOOL_RUN_LABEL]: name };
  const configMap = { name: `${name}-spec`, namespace, labels };
  const data = { 'run.json': JSON.stringify({ toolRun: { metadata: { name }, spec }, tool }) };
  await client.create(
    CONFIG_MAPS,
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: configMap, data },
    { fieldManager: CREATOR },
  );
  const { image, command, args } = tool;
  const pod = {
    restartPolicy: 'Never',
    containers: [
      { name: 'tool-runner', image, command, args, volumeMounts: [{ name: 'spec', mountPath: '/workspace' }] },
    ],
    volumes: [{ name: 'spec', configMap: { name: configMap.name } }],
  };
  const job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: `${name}-job`, namespace, labels },
    spec: { backoffLimit: 0, template: { spec: pod } },
  };
  const { uid } = (await client.create(JOBS, job, { fieldManager: CREATOR })).metadata;
  return { type: 'job', name: job.metadata.name, namespace, uid };
}
