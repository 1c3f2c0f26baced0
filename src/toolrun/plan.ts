import { asRecord } from '../orchestration/decode.ts';
import { isEqual } from '../orchestration/equality.ts';
import { buildConfigMap, buildJob, checkTool, type JobOptions, nameJob, nameTool } from './job.ts';
import { fail, findJob, isConfigMapOurs, nextLookMs, readOutcome, type Standing } from './outcome.ts';
import type { Action, KubeObject, RuntimeRef, Snapshot, ToolRunStatus } from './snapshot.ts';
import { cutMessage, isFinal, writeStatus } from './status.ts';

export interface PlanOptions extends JobOptions {
  /** How long a ToolRun waits for its Tool: GitOps applies in any order. */
  readonly missingToolSeconds: number;
}

/**
 * Everything one ToolRun needs done now. Pure and total: the same snapshot at the same time gives the same actions, and a
 * crash between any two of them is repaired by planning again. The intent to have a Job is recorded before the Job is
 * created, its uid as soon as it is seen; from then on its absence is the end, so there is never a second one.
 */
export function planToolRun(snapshot: Snapshot, nowMs: number, options: PlanOptions): readonly Action[] {
  const { object, status, isContested } = snapshot.toolRun;
  if (object.metadata.deletionTimestamp !== undefined) return [];
  if (isFinal(status)) return letJobExpire(snapshot);
  if (isContested) return [contested(object)];
  if (status.runtimeRef !== undefined && (status.runtimeRef.type !== 'job' || status.runtimeRef.name === '')) return [];
  const runtimeRef: RuntimeRef = status.runtimeRef ?? {
    type: 'job',
    name: nameJob(snapshot.toolRun, options.nameChild),
    namespace: object.metadata.namespace,
  };
  const job = findJob(snapshot);
  if (job !== undefined) return followJob(snapshot, job, runtimeRef, nowMs);
  const failure = explainAbsence(snapshot, runtimeRef);
  if (failure !== undefined) return stand(snapshot, failure, status.runtimeRef, nowMs);
  return planCreation(snapshot, runtimeRef, nowMs, options);
}

function followJob(snapshot: Snapshot, job: KubeObject, runtimeRef: RuntimeRef, nowMs: number): readonly Action[] {
  const standing = readOutcome(job, snapshot.podRefusal);
  const lookMs = nextLookMs(job, nowMs);
  return [
    ...stand(snapshot, standing, { ...runtimeRef, uid: job.metadata.uid }, nowMs),
    ...(lookMs === undefined ? [] : [{ type: 'RequeueAt' as const, time: new Date(lookMs).toISOString() }]),
  ];
}

/** Why a Job that is not there will never be. */
function explainAbsence({ job, refusals }: Snapshot, { name, uid }: RuntimeRef): Standing | undefined {
  if (uid !== undefined) return fail('JobDeleted', `Job ${name} was deleted before it ended`);
  if (job !== undefined) return fail('ChildNameTaken', `Job ${name} exists and is not this ToolRun's`);
  const refusal = refusals.get(name);
  return refusal === undefined ? undefined : fail('ChildRefused', refusal);
}

function planCreation(
  snapshot: Snapshot,
  runtimeRef: RuntimeRef,
  nowMs: number,
  options: PlanOptions,
): readonly Action[] {
  const { toolRun, tool, configMap: stored, refusals } = snapshot;
  const { object, status } = toolRun;
  const end = (reason: string, message: string) => stand(snapshot, fail(reason, message), status.runtimeRef, nowMs);
  const toolName = nameTool(object);
  if (toolName === undefined) return end('MissingTool', 'spec.toolRef.name is empty: name the Tool to run');
  if (tool === undefined) return waitForTool(snapshot, toolName, nowMs, options);
  const mistakes = checkTool(tool, object.metadata.namespace, options);
  if (mistakes.length > 0) return end('InvalidTool', `Tool ${toolName}: ${mistakes.join('; ')}`);
  const configMap = buildConfigMap(object, tool, options.nameChild);
  if (configMap === undefined) return end('InvalidToolRun', 'spec.runtime is nested too deeply');
  const { name } = configMap.metadata;
  const job = buildJob(object, tool, { job: runtimeRef.name, configMap: name }, options);
  if (job === undefined) return end('InvalidToolRun', 'command, args and env are over 1 MiB with their parameters');
  if (stored !== undefined && !isConfigMapOurs(stored, configMap, object))
    return end('ChildNameTaken', `ConfigMap ${name} exists and is not this ToolRun's`);
  const refusal = refusals.get(name);
  if (refusal !== undefined) return end('ChildRefused', refusal);
  const running: Standing = { phase: 'Running', reason: 'Running', message: `Job ${runtimeRef.name} is created` };
  return [
    { type: 'PatchStatus', status: nextStatus(snapshot, running, runtimeRef, nowMs), isUrgent: true },
    ...(stored === undefined ? [{ type: 'CreateConfigMap' as const, manifest: configMap }] : []),
    { type: 'CreateJob', manifest: job },
  ];
}

/** Also after the intent is recorded: a Job that was created then, and not seen yet, must not be given up at once. */
function waitForTool(
  snapshot: Snapshot,
  toolName: string,
  nowMs: number,
  { missingToolSeconds }: PlanOptions,
): readonly Action[] {
  const { startedAt, runtimeRef, conditions } = snapshot.toolRun.status;
  const waiting = conditions.find(({ type, status }) => type === 'Progressing' && status === 'True');
  const sinceMs = Date.parse(startedAt ?? waiting?.lastTransitionTime ?? '');
  const deadlineMs = (Number.isNaN(sinceMs) ? nowMs : sinceMs) + missingToolSeconds * 1000;
  const name = JSON.stringify(toolName);
  const reason = 'MissingTool';
  if (nowMs >= deadlineMs) {
    const message = `there was no Tool ${name} for ${missingToolSeconds} s`;
    return stand(snapshot, fail(reason, message), runtimeRef, nowMs);
  }
  const phase = runtimeRef === undefined ? 'Pending' : 'Running';
  const message = `waits for the Tool ${name} to appear`;
  return [
    ...stand(snapshot, { phase, reason, message }, runtimeRef, nowMs),
    { type: 'RequeueAt', time: new Date(deadlineMs).toISOString() },
  ];
}

/** A finished Job may go as soon as its result is recorded, never before. */
function letJobExpire(snapshot: Snapshot): readonly Action[] {
  const job = findJob(snapshot);
  const seconds = asRecord(snapshot.tool?.['spec'])['ttlSecondsAfterFinished'];
  if (job === undefined || !Number.isInteger(seconds) || Number(seconds) < 0) return [];
  const { name, namespace, uid } = job.metadata;
  if (asRecord(job['spec'])['ttlSecondsAfterFinished'] !== undefined) return [];
  return [{ type: 'SetTtl', job: { type: 'job', name, namespace, uid }, seconds: Number(seconds) }];
}

/** Nothing is written that says what is stored already. */
function stand(
  snapshot: Snapshot,
  standing: Standing,
  runtimeRef: RuntimeRef | undefined,
  nowMs: number,
): readonly Action[] {
  const before = snapshot.toolRun.status;
  const status = nextStatus(snapshot, standing, runtimeRef, nowMs);
  if (isEqual({ ...before, updatedAt: '' }, { ...status, updatedAt: '' })) return [];
  const patch: Action = { type: 'PatchStatus', status, isUrgent: before.phase !== status.phase };
  if (standing.phase !== 'Failed') return [patch];
  const { reason, message } = standing;
  return [patch, { type: 'EmitEvent', eventType: 'Warning', reason, message: cutMessage(message) }];
}

function nextStatus(
  { toolRun: { object, status } }: Snapshot,
  standing: Standing,
  runtimeRef: RuntimeRef | undefined,
  nowMs: number,
): ToolRunStatus {
  const now = new Date(nowMs).toISOString();
  const { generation: observedGeneration } = object.metadata;
  const fields = {
    ...(observedGeneration !== undefined && { observedGeneration }),
    ...(runtimeRef !== undefined && { runtimeRef, startedAt: status.startedAt ?? now }),
  };
  return writeStatus(status, standing, fields, now);
}

function contested({ metadata: { name } }: KubeObject): Action {
  const message = `another controller writes the status of ${name}: switch one of the two off`;
  return { type: 'EmitEvent', eventType: 'Warning', reason: 'StatusContested', message };
}
