import type { StoredObject } from '../objects/object.ts';
import { asRecord } from '../orchestration/decode.ts';
import { isEqual } from '../orchestration/equality.ts';
import { cutMessage } from '../orchestration/messages.ts';
import { type ToolRunState, UNKNOWN } from '../orchestration/tool-run-state.ts';
import { EventReason } from '../orchestration/vocabulary/event-reasons.ts';
import { ToolRunReason } from '../orchestration/vocabulary/tool-run-reasons.ts';
import { buildConfigMap, buildJob, checkTool, type JobOptions, nameTool } from './job.ts';
import { describeOrigin, findJobRef, isCarriedOutElsewhere, type JobRef } from './job-ref.ts';
import type { Action, Observation } from './observation.ts';
import { fail, findJob, isConfigMapOurs, isSameEnd, nextCheckMs, readOutcome, type Standing } from './outcome.ts';
import { readOutputs } from './outputs.ts';
import { show } from './show.ts';
import { findStrays, isFinal, LONGEST_MESSAGE } from './status.ts';

export interface PlanOptions extends JobOptions {
  /** How long a ToolRun waits for its Tool, because GitOps tools apply objects in any order. */
  readonly missingToolSeconds: number;
}

/**
 * Returns everything that one ToolRun needs now. Pure and total: the same observation at the same time gives the same
 * actions. After a crash between two actions, the next plan repairs the ToolRun. The intent to have a Job is recorded
 * before the Job is created, and the uid of the Job as soon as the Job is seen. From then on, a missing Job ends the
 * ToolRun, so there is never a second Job. All of this is in the annotation. The status only shows it.
 */
export function planToolRun(observation: Observation, nowMs: number, options: PlanOptions): readonly Action[] {
  const { toolRun, refusals } = observation;
  const { object, status, state } = toolRun;
  if (object.metadata.deletionTimestamp !== undefined || isCarriedOutElsewhere(toolRun)) return [];
  const ref = findJobRef(toolRun, options.nameChild);
  const job = findJob(observation, ref);
  if (state === undefined && isFinal(status)) return [...letJobExpire(observation, job), ...clearFinal(observation)];
  if (job !== undefined) return followJob(observation, job, nowMs);
  if (state?.outcome !== undefined) return show(toolRun, state.outcome, nowMs);
  if (ref.isRecorded)
    return end(
      observation,
      ToolRunReason.JobDeleted,
      `${describeOrigin(ref)} was deleted before its end was observed`,
      nowMs,
    );
  if (observation.job !== undefined)
    return end(
      observation,
      ToolRunReason.ChildNameTaken,
      `Job ${ref.name} exists but does not belong to this ToolRun`,
      nowMs,
    );
  const refusal = refusals.get(ref.name);
  if (refusal !== undefined) return end(observation, ToolRunReason.ChildRefused, refusal, nowMs);
  return planCreation(observation, ref, nowMs, options);
}

/** The Job takes precedence over the annotation, which is used only when the Job is gone. */
function followJob(observation: Observation, job: StoredObject, nowMs: number): readonly Action[] {
  const { toolRun, podRefusal } = observation;
  const { name, uid } = job.metadata;
  const standing = readOutcome(job, podRefusal);
  const startedAt = toolRun.state?.startedAt ?? toolRun.status.startedAt ?? new Date(nowMs).toISOString();
  const state: ToolRunState = { job: { name, uid }, startedAt };
  if (isEnd(standing))
    return [...endWithJob(observation, job, state, standing, nowMs), ...letJobExpire(observation, job)];
  if (!isEqual(state, toolRun.state)) return [{ type: 'WriteState', state }];
  const checkMs = nextCheckMs(job, nowMs);
  return [...show(toolRun, standing, nowMs), ...(checkMs === undefined ? [] : [requeueAt(checkMs)])];
}

function planCreation(observation: Observation, ref: JobRef, nowMs: number, options: PlanOptions): readonly Action[] {
  const { toolRun, tool, configMap: stored, refusals, rivalUntilMs } = observation;
  if (rivalUntilMs !== undefined) return [requeueAt(rivalUntilMs)];
  const { object, state } = toolRun;
  const failed = (reason: ToolRunReason, message: string) => end(observation, reason, message, nowMs);
  const toolName = nameTool(object);
  if (toolName === undefined)
    return failed(ToolRunReason.MissingTool, 'spec.toolRef.name is empty: name the Tool to run');
  if (tool === undefined) return waitForTool(observation, toolName, nowMs, options);
  const mistakes = checkTool(tool, object.metadata.namespace, options);
  if (mistakes.length > 0) return failed(ToolRunReason.InvalidTool, `Tool ${toolName}: ${mistakes.join('; ')}`);
  const configMap = buildConfigMap(object, tool, options.nameChild);
  if (configMap === undefined) return failed(ToolRunReason.InvalidToolRun, 'spec.runtime is nested too deeply');
  const { name } = configMap.metadata;
  const job = buildJob(object, tool, { job: ref.name, configMap: name }, options);
  if (job === undefined)
    return failed(ToolRunReason.InvalidToolRun, 'command, args and env with their parameters exceed 1 MiB');
  if (stored !== undefined && !isConfigMapOurs(stored, configMap, object))
    return failed(ToolRunReason.ChildNameTaken, `ConfigMap ${name} exists but is not what this ToolRun would create`);
  const refusal = refusals.get(name);
  if (refusal !== undefined) return failed(ToolRunReason.ChildRefused, refusal);
  return [
    { type: 'WriteState', state: state ?? { job: { name: ref.name }, startedAt: new Date(nowMs).toISOString() } },
    ...(stored === undefined ? [{ type: 'CreateConfigMap' as const, manifest: configMap }] : []),
    { type: 'CreateJob', manifest: job },
  ];
}

/**
 * Also waits after the intent is recorded: a Job that was created then, and has not been seen yet, must not be
 * abandoned at once.
 */
function waitForTool(
  observation: Observation,
  toolName: string,
  nowMs: number,
  { missingToolSeconds }: PlanOptions,
): readonly Action[] {
  const { object, state } = observation.toolRun;
  const sinceMs = Date.parse(state?.startedAt ?? String(object.metadata['creationTimestamp']));
  const deadlineMs = (Number.isNaN(sinceMs) ? nowMs : sinceMs) + missingToolSeconds * 1000;
  const name = JSON.stringify(toolName);
  const reason = ToolRunReason.MissingTool;
  if (nowMs >= deadlineMs)
    return end(observation, reason, `Tool ${name} did not appear within ${missingToolSeconds} s`, nowMs);
  const phase = state === undefined ? 'Pending' : 'Running';
  const message = `waits for Tool ${name} to appear`;
  return [...show(observation.toolRun, { phase, reason, message }, nowMs), requeueAt(deadlineMs)];
}

/** Ends a ToolRun as its Job ended. The outputs of a completed Job are recorded with its end, never later. */
function endWithJob(
  observation: Observation,
  job: StoredObject,
  state: ToolRunState,
  standing: Standing & End,
  nowMs: number,
): readonly Action[] {
  const { toolRun, pods } = observation;
  const recorded = toolRun.state?.outcome;
  if (recorded !== undefined && isSameEnd(recorded, standing)) return show(toolRun, recorded, nowMs);
  if (standing.phase === 'Failed') return conclude(observation, state, standing, nowMs);
  const reading = readOutputs(job, pods);
  const { finishedAt } = standing;
  switch (reading.type) {
    case 'Cut':
      return conclude(observation, state, { ...fail(ToolRunReason.OutputFailed, reading.message), finishedAt }, nowMs);
    case 'Outputs': {
      const hasOutputs = Object.keys(reading.outputs).length > 0;
      return conclude(observation, { ...state, ...(hasOutputs && { outputs: reading.outputs }) }, standing, nowMs);
    }
    case 'Unreadable':
      return [...conclude(observation, state, standing, nowMs), warnOfOutputs(reading.message)];
    case 'Unknown':
      return [
        ...conclude(observation, { ...state, outputs: UNKNOWN }, standing, nowMs),
        warnOfOutputs(reading.message),
      ];
  }
}

function warnOfOutputs(message: string): Action {
  return { type: 'EmitEvent', eventType: 'Warning', reason: EventReason.OutputsUnreadable, message };
}

/** Ends a ToolRun as failed, for a reason that no Job reports. */
function end(observation: Observation, reason: ToolRunReason, message: string, nowMs: number): readonly Action[] {
  const { state, status } = observation.toolRun;
  const startedAt = status.startedAt ?? new Date(nowMs).toISOString();
  return conclude(observation, state ?? { startedAt }, fail(reason, message), nowMs);
}

/**
 * Records an end. The status shows it in the next reconcile, because the new annotation changes the resourceVersion of
 * the ToolRun.
 */
function conclude(
  { toolRun }: Observation,
  state: ToolRunState,
  { phase, reason, message, finishedAt }: Standing & End,
  nowMs: number,
): readonly Action[] {
  if (toolRun.state?.outcome?.phase === phase) return show(toolRun, toolRun.state.outcome, nowMs);
  const now = new Date(nowMs).toISOString();
  const outcome = {
    phase,
    reason,
    message: cutMessage(message, { longest: LONGEST_MESSAGE }),
    finishedAt: finishedAt ?? now,
  };
  const write: Action = { type: 'WriteState', state: { ...state, outcome } };
  if (phase === 'Succeeded') return [write];
  return [write, { type: 'EmitEvent', eventType: 'Warning', reason, message: outcome.message }];
}

type End = { readonly phase: 'Succeeded' | 'Failed' };

function isEnd(standing: Standing): standing is Standing & End {
  return isFinal(standing);
}

/** Lets a finished Job expire as soon as its result is recorded, never before. */
function letJobExpire(
  { toolRun: { state, status }, tool }: Observation,
  job: StoredObject | undefined,
): readonly Action[] {
  const isRecorded = state === undefined ? isFinal(status) : state.outcome !== undefined;
  const seconds = asRecord(tool?.['spec'])['ttlSecondsAfterFinished'];
  if (job === undefined || !isRecorded || !Number.isInteger(seconds) || Number(seconds) < 0) return [];
  if (asRecord(job['spec'])['ttlSecondsAfterFinished'] !== undefined) return [];
  return [{ type: 'SetTtl', job: job.metadata, seconds: Number(seconds) }];
}

/**
 * A ToolRun that 0.2 or the agents chart's own executor ended stays as it is. Only status fields that make another
 * controller rewrite the status for ever are removed.
 */
function clearFinal({ toolRun: { object, isShared } }: Observation): readonly Action[] {
  const fields = findStrays(object['status']);
  return isShared && fields.length > 0 ? [{ type: 'ClearStatus', fields }] : [];
}

function requeueAt(timeMs: number): Action {
  return { type: 'RequeueAt', time: new Date(timeMs).toISOString() };
}
