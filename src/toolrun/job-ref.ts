import type { NameChild } from './job.ts';
import type { ObservedToolRun } from './observation.ts';

/** The Job of a ToolRun, there or not. */
export interface JobRef {
  readonly name: string;
  readonly uid?: string | undefined;
  /** We name it so. If not, the agents chart's own executor has created it. */
  readonly isOurs: boolean;
  /** Created before: if it is not there it is gone, and there is never a second one. */
  readonly isRecorded: boolean;
}

/**
 * Which Job a ToolRun has, or is to have: that of its state, else the one that its status names, as 0.2 and the agents chart's
 * own executor recorded it there. An intent has a name that we give, and no uid.
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

/** Whether something other than a Job carries the ToolRun out: that is left alone. */
export function isCarriedOutElsewhere({ status: { runtimeRef }, state }: ObservedToolRun): boolean {
  return state === undefined && runtimeRef !== undefined && (runtimeRef.type !== 'job' || runtimeRef.name === '');
}

/** What executed it before we did, in words. */
export function describeOrigin({ name, isOurs }: JobRef): string {
  return isOurs ? `Job ${name}` : `Job ${name}, which the agents chart's controller created,`;
}

/** The Job that another executor runs for a ToolRun that has one of ours. */
export function findRival({ status: { runtimeRef }, state }: ObservedToolRun): string | undefined {
  const isSame = runtimeRef === undefined || state?.job === undefined || runtimeRef.name === state.job.name;
  return isSame ? undefined : runtimeRef.name;
}
