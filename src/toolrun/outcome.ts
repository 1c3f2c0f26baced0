import { isControlledBy, type StoredObject } from '../objects/object.ts';
import { listConditions } from '../orchestration/conditions.ts';
import { asRecord } from '../orchestration/decode.ts';
import { isEqual } from '../orchestration/equality.ts';
import { ForeignConditionType, ForeignReason } from '../orchestration/vocabulary/conditions.ts';
import type { Stored } from '../orchestration/vocabulary/meaning.ts';
import { Label } from '../orchestration/vocabulary/metadata.ts';
import { ToolRunReason } from '../orchestration/vocabulary/tool-run-reasons.ts';
import type { JobRef } from './job-ref.ts';
import type { Manifest, Observation } from './observation.ts';

/** What the status of a ToolRun is to show. */
export interface Shown {
  readonly phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed';
  readonly reason: Stored<ToolRunReason>;
  readonly message: string;
}

/** Where a ToolRun stands, in a word for programs and a sentence for people. */
export interface Standing extends Shown {
  readonly reason: ToolRunReason;
  /** When the Job ended, by its own account. */
  readonly finishedAt?: string | undefined;
}

/**
 * Whether a stored ConfigMap is what we would write, and stays so: a name can be guessed, an owner written by anybody, and
 * what can be changed may be before a pod mounts it.
 */
export function isConfigMapOurs(stored: StoredObject, wanted: Manifest, toolRun: StoredObject): boolean {
  const { data, binaryData = {}, immutable } = stored;
  return (
    isControlledBy(stored, toolRun.metadata.uid) &&
    immutable === true &&
    isEqual({ data, binaryData }, { data: wanted['data'], binaryData: {} })
  );
}

/** The Job of a ToolRun: the very one that was recorded, if one was. A name or a uid proves nothing alone. */
export function findJob(
  { toolRun: { object }, job }: Pick<Observation, 'toolRun' | 'job'>,
  ref: JobRef,
): StoredObject | undefined {
  if (job === undefined) return undefined;
  if (ref.isOurs && ref.uid === undefined) return isControlledBy(job, object.metadata.uid) ? job : undefined;
  return (ref.uid ?? job.metadata.uid) === job.metadata.uid && namesToolRun(job, object) ? job : undefined;
}

/** The agents chart's own executor gives its Jobs no owner, and one that it did give would not be the controller. */
function namesToolRun(
  { metadata: { ownerReferences = [], labels } }: StoredObject,
  { metadata }: StoredObject,
): boolean {
  const isLabelled = ownerReferences.length === 0 && asRecord(labels)[Label.ToolRun] === metadata.name;
  return isLabelled || ownerReferences.some(({ uid }) => uid === metadata.uid);
}

/** A Job's controller takes less than this to have a pod, or an event that says why not. */
const POD_SECONDS = 5;
/** It tries again ever later, up to ten minutes; a look costs one read of events. */
const REFUSED_LOOK_SECONDS = 60;

/**
 * When to ask why a Job has no pod, in milliseconds since 1970; undefined while there is nothing to ask. A Job says nothing
 * itself: a refused pod (Pod Security, a quota, an account that does not exist) shows in its events alone.
 */
export function podsAreDueMs({ metadata, status }: StoredObject): number | undefined {
  const { active, succeeded, failed, conditions } = asRecord(status);
  const hadPods = [active, succeeded, failed].some((count) => Number(count) > 0);
  return hadPods || conditions !== undefined
    ? undefined
    : Date.parse(String(metadata['creationTimestamp'])) + POD_SECONDS * 1000;
}

/** When to look again at a Job that has no pod yet, in milliseconds since 1970. */
export function nextLookMs(job: StoredObject, nowMs: number): number | undefined {
  const dueMs = podsAreDueMs(job);
  return dueMs === undefined || nowMs < dueMs ? dueMs : nowMs + REFUSED_LOOK_SECONDS * 1000;
}

/** How a Job stands. Its condition comes when no pod of it runs any more. */
export function readOutcome(job: StoredObject, podRefusal?: string): Standing {
  const { name } = job.metadata;
  const ended = listConditions(job['status']).find(
    ({ type, status }) =>
      (type === ForeignConditionType.Complete || type === ForeignConditionType.Failed) && status === 'True',
  );
  if (ended === undefined && podRefusal !== undefined)
    return { phase: 'Running', reason: ToolRunReason.PodRefused, message: `Job ${name}: ${podRefusal}` };
  if (ended === undefined) return { phase: 'Running', reason: ToolRunReason.Running, message: `Job ${name} runs` };
  const { type, reason, message, lastTransitionTime } = ended;
  const finishedAt = typeof lastTransitionTime === 'string' ? lastTransitionTime : undefined;
  if (type === ForeignConditionType.Complete)
    return { phase: 'Succeeded', reason: ToolRunReason.Completed, message: `Job ${name} completed`, finishedAt };
  if (reason === ForeignReason.DeadlineExceeded) {
    const seconds = String(asRecord(job['spec'])['activeDeadlineSeconds']);
    return { ...fail(ToolRunReason.DeadlineExceeded, `took longer than ${seconds} s`), finishedAt };
  }
  const told = typeof message === 'string' && message !== '' ? message : `Job ${name} failed`;
  const code = reason === ForeignReason.PodFailurePolicy ? /exit code (\d+)/.exec(told)?.[1] : undefined;
  return { ...fail(ToolRunReason.JobFailed, code === undefined ? told : `exit ${code}`), finishedAt };
}

/** A standing that ends a ToolRun. */
export function fail(reason: ToolRunReason, message: string): Standing & { readonly phase: 'Failed' } {
  return { phase: 'Failed', reason, message };
}
