import type { NameChild } from './job.ts';
import type { ObservedToolRun } from './observation.ts';

/** The Job of a ToolRun, whether or not it exists. */
export interface JobRef {
  readonly name: string;
  readonly uid?: string | undefined;
  /** Whether it has the name that we give. If not, the agents chart's own executor created it. */
  readonly isOurs: boolean;
  /** Whether it was created before. If so and it is missing, it is gone, and no second Job is created. */
  readonly isRecorded: boolean;
}

/**
 * Returns the Job that a ToolRun has or will have: the one in its state, or else the one that its status names, where
 * 0.2 and the agents chart's own executor recorded it. An intent has the name that we give, and no uid.
 */
export function findJobRef(
  { object, status, state }: Pick<ObservedToolRun, 'object' | 'status' | 'state'>,
  nameChild: NameChild,
): JobRef {
  const ourName = nameChild(object.metadata, 'job');
  const { name, uid } = (state === undefined ? status.runtimeRef : state.job) ?? { name: ourName };
  const isOurs = name === ourName;
  return { name, uid, isOurs, isRecorded: uid !== undefined || !isOurs };
}

/** Whether something other than a Job executes the ToolRun. Such a ToolRun is not touched. */
export function isCarriedOutElsewhere({ status: { runtimeRef }, state }: ObservedToolRun): boolean {
  return state === undefined && runtimeRef !== undefined && (runtimeRef.type !== 'job' || runtimeRef.name === '');
}

/** Names the Job and, if we did not create it, its creator. */
export function describeOrigin({ name, isOurs }: JobRef): string {
  return isOurs ? `Job ${name}` : `Job ${name}, which the agents chart's controller created,`;
}

/** The name of the Job that another executor runs for a ToolRun that has a Job of ours. */
export function findRival({ status: { runtimeRef }, state }: ObservedToolRun): string | undefined {
  const isSame = runtimeRef === undefined || state?.job === undefined || runtimeRef.name === state.job.name;
  return isSame ? undefined : runtimeRef.name;
}
