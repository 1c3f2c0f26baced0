import { isControlledBy, type StoredObject } from '../objects/object.ts';
import { listConditions } from '../orchestration/conditions.ts';
import { asRecord } from '../orchestration/decode.ts';
import { isEqual } from '../orchestration/equality.ts';
import type { ToolRunOutcome } from '../orchestration/tool-run-state.ts';
import { ForeignConditionType, ForeignReason } from '../orchestration/vocabulary/conditions.ts';
import type { Stored } from '../orchestration/vocabulary/meaning.ts';
import { Label } from '../orchestration/vocabulary/metadata.ts';
import { ToolRunReason } from '../orchestration/vocabulary/tool-run-reasons.ts';
import type { JobRef } from './job-ref.ts';
import type { Manifest, Observation } from './observation.ts';

/** What the status of a ToolRun shows. */
export interface Shown {
  readonly phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed';
  readonly reason: Stored<ToolRunReason>;
  readonly message: string;
}

/** The state of a ToolRun: phase and reason for programs, a message for people. */
export interface Standing extends Shown {
  readonly reason: ToolRunReason;
  /** When the Job ended, according to the Job. */
  readonly finishedAt?: string | undefined;
}

/**
 * Whether a stored ConfigMap is what we would write, and cannot change. The check is needed because a name can be
 * guessed, anyone can write an owner reference, and a ConfigMap that can change may change before a pod mounts it.
 */
export function isConfigMapOurs(stored: StoredObject, wanted: Manifest, toolRun: StoredObject): boolean {
  const { data, binaryData = {}, immutable } = stored;
  return (
    isControlledBy(stored, toolRun.metadata.uid) &&
    immutable === true &&
    isEqual({ data, binaryData }, { data: wanted['data'], binaryData: {} })
  );
}

/**
 * Returns the Job of a ToolRun. If a uid was recorded, only the Job of that uid counts. Neither a name nor a uid alone
 * proves anything.
 */
export function findJob(
  { toolRun: { object }, job }: Pick<Observation, 'toolRun' | 'job'>,
  ref: JobRef,
): StoredObject | undefined {
  if (job === undefined) return undefined;
  if (ref.isOurs && ref.uid === undefined) return isControlledBy(job, object.metadata.uid) ? job : undefined;
  return (ref.uid ?? job.metadata.uid) === job.metadata.uid && namesToolRun(job, object) ? job : undefined;
}

/**
 * Whether a Job belongs to the ToolRun. The agents chart's own executor sets no owner on its Jobs. If it did, the owner
 * would not be the controller.
 */
function namesToolRun(
  { metadata: { ownerReferences = [], labels } }: StoredObject,
  { metadata }: StoredObject,
): boolean {
  const isLabelled = ownerReferences.length === 0 && asRecord(labels)[Label.ToolRun] === metadata.name;
  return isLabelled || ownerReferences.some(({ uid }) => uid === metadata.uid);
}

/** The Job controller needs less than this to create a pod, or an event that says why it cannot. */
const POD_SECONDS = 5;
/** The Job controller retries with a back-off of up to ten minutes. Each check costs one read of events. */
const REFUSED_CHECK_SECONDS = 60;

/**
 * When to ask why a Job has no pod, in milliseconds since 1970; undefined if there is nothing to ask. The Job itself
 * does not say: a refused pod (Pod Security, a quota, a service account that does not exist) shows only in the events
 * of the Job.
 */
export function podsAreDueMs({ metadata, status }: StoredObject): number | undefined {
  const { active, succeeded, failed, conditions } = asRecord(status);
  const hadPods = [active, succeeded, failed].some((count) => Number(count) > 0);
  return hadPods || conditions !== undefined
    ? undefined
    : Date.parse(String(metadata['creationTimestamp'])) + POD_SECONDS * 1000;
}

/** When to check a Job that has no pod yet again, in milliseconds since 1970. */
export function nextCheckMs(job: StoredObject, nowMs: number): number | undefined {
  const dueMs = podsAreDueMs(job);
  return dueMs === undefined || nowMs < dueMs ? dueMs : nowMs + REFUSED_CHECK_SECONDS * 1000;
}

/** Returns the state of a Job. A Job gets its condition when none of its pods is running any more. */
export function readOutcome(job: StoredObject, podRefusal?: string): Standing {
  const { name } = job.metadata;
  const ended = listConditions(job['status']).find(
    ({ type, status }) =>
      (type === ForeignConditionType.Complete || type === ForeignConditionType.Failed) && status === 'True',
  );
  if (ended === undefined && podRefusal !== undefined)
    return { phase: 'Running', reason: ToolRunReason.PodRefused, message: `Job ${name}: ${podRefusal}` };
  if (ended === undefined)
    return { phase: 'Running', reason: ToolRunReason.Running, message: `Job ${name} is running` };
  const { type, reason, message, lastTransitionTime } = ended;
  const finishedAt = typeof lastTransitionTime === 'string' ? lastTransitionTime : undefined;
  if (type === ForeignConditionType.Complete)
    return { phase: 'Succeeded', reason: ToolRunReason.Completed, message: `Job ${name} completed`, finishedAt };
  if (reason === ForeignReason.DeadlineExceeded) {
    const seconds = String(asRecord(job['spec'])['activeDeadlineSeconds']);
    return { ...fail(ToolRunReason.DeadlineExceeded, `took longer than ${seconds} s`), finishedAt };
  }
  const detail = typeof message === 'string' && message !== '' ? message : `Job ${name} failed`;
  const code = reason === ForeignReason.PodFailurePolicy ? /exit code (\d+)/.exec(detail)?.[1] : undefined;
  return { ...fail(ToolRunReason.JobFailed, code === undefined ? detail : `exit ${code}`), finishedAt };
}

/**
 * Whether the recorded end is the one that the Job shows. The outputs of a completed Job can fail the ToolRun; then its
 * message is not read again.
 */
export function isSameEnd({ phase, reason }: ToolRunOutcome, shown: Standing): boolean {
  return phase === shown.phase || (reason === ToolRunReason.OutputFailed && shown.phase === 'Succeeded');
}

/** A state that ends a ToolRun as failed. */
export function fail(reason: ToolRunReason, message: string): Standing & { readonly phase: 'Failed' } {
  return { phase: 'Failed', reason, message };
}
