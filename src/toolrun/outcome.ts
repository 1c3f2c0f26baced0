import { asRecord } from '../orchestration/decode.ts';
import { isEqual } from '../orchestration/equality.ts';
import type { KubeObject, Manifest, Snapshot } from './snapshot.ts';

/** Where a ToolRun stands, in a word for programs and a sentence for people. */
export interface Standing {
  readonly phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed';
  readonly reason: string;
  readonly message: string;
  /** When the Job ended, by its own account. */
  readonly finishedAt?: string | undefined;
}

/** Whether a ToolRun is the controller of an object; labels say nothing. */
function isOwned(child: KubeObject, { metadata: { uid } }: KubeObject): boolean {
  return child.metadata.ownerReferences?.some((owner) => owner.uid === uid && owner.controller === true) === true;
}

/** Whether a stored ConfigMap is what we would write: a name can be guessed, and an owner written by anybody. */
export function isConfigMapOurs(stored: KubeObject, wanted: Manifest, toolRun: KubeObject): boolean {
  return isOwned(stored, toolRun) && isEqual(stored['data'], wanted['data']);
}

/** The Job of a ToolRun: the very one that was recorded, if one was, else one of its name that the ToolRun owns. */
export function findJob({ toolRun: { object, status }, job }: Snapshot): KubeObject | undefined {
  if (job === undefined) return undefined;
  const uid = status.runtimeRef?.uid;
  return (uid === undefined ? isOwned(job, object) : job.metadata.uid === uid) ? job : undefined;
}

/** How a Job stands. Its condition comes when no pod of it runs any more. */
export function readOutcome(job: KubeObject): Standing {
  const { name } = job.metadata;
  const { conditions } = asRecord(job['status']);
  const ended = (Array.isArray(conditions) ? conditions : [])
    .map(asRecord)
    .find(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True');
  if (ended === undefined) return { phase: 'Running', reason: 'Running', message: `Job ${name} runs` };
  const { type, reason, message, lastTransitionTime } = ended;
  const finishedAt = typeof lastTransitionTime === 'string' ? lastTransitionTime : undefined;
  if (type === 'Complete')
    return { phase: 'Succeeded', reason: 'Completed', message: `Job ${name} completed`, finishedAt };
  if (reason === 'DeadlineExceeded') {
    const seconds = String(asRecord(job['spec'])['activeDeadlineSeconds']);
    return { ...fail('DeadlineExceeded', `took longer than ${seconds} s`), finishedAt };
  }
  const told = typeof message === 'string' && message !== '' ? message : `Job ${name} failed`;
  const code = reason === 'PodFailurePolicy' ? /exit code (\d+)/.exec(told)?.[1] : undefined;
  return { ...fail('JobFailed', code === undefined ? told : `exit ${code}`), finishedAt };
}

export function fail(reason: string, message: string): Standing & { readonly phase: 'Failed' } {
  return { phase: 'Failed', reason, message };
}
