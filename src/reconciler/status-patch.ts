import { asRecord } from '../orchestration/decode.ts';
import { isEqual } from '../orchestration/equality.ts';
import type { RunStatus } from '../orchestration/run-status.ts';
import type { Action, ObservedRun } from './observation.ts';
import { fitStatus, roomForStatus } from './status-size.ts';

/**
 * Plans a write of the status that must not wait. Every create comes after such a write, even if the write changes
 * nothing: it fails if the run is not as observed, so that an outdated observation cannot create an attempt whose child
 * has come and gone. A status that says nothing new keeps its stored time. A new time would trigger a reconcile, and a
 * create that fails would be retried without a pause.
 */
export function patch(run: ObservedRun, planned: RunStatus): Action {
  const status = fitStatus(planned, roomForStatus(run.bytesBeside));
  const isNew = !isEqual(withoutTime(run.stored), withoutTime({ ...status }));
  return { type: 'PatchStatus', status: isNew ? status : (run.stored as unknown as RunStatus), isUrgent: true };
}

/**
 * Plans a write of the status if it differs from the stored one. The write is not urgent if it changes only the uids of
 * children, and the reasons and messages of steps that are not over.
 */
export function patchIfChanged(run: ObservedRun, planned: RunStatus): readonly Action[] {
  const status = fitStatus(planned, roomForStatus(run.bytesBeside));
  const [stored, wanted] = [withoutTime(run.stored), withoutTime({ ...status })];
  if (isEqual(stored, wanted)) return [];
  return [{ type: 'PatchStatus', status, isUrgent: !isEqual(withoutRemarks(stored), withoutRemarks(wanted)) }];
}

/** The fields of a status that we write, without its time. */
function withoutTime(status: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { phase, runId, startedAt, finishedAt, observedGeneration, conditions = [], stepStatuses = [] } = status;
  return { phase, runId, startedAt, finishedAt, observedGeneration, conditions, stepStatuses };
}

/** A status without the uids of children, and without the reasons and messages of steps that are not over. */
function withoutRemarks({ stepStatuses, ...status }: Record<string, unknown>): unknown {
  const steps = Array.isArray(stepStatuses) ? stepStatuses.map(asRecord) : [];
  return {
    ...status,
    stepStatuses: steps.map(({ resourceRef, uid: _, reason, message, ...step }) => ({
      ...step,
      child: asRecord(resourceRef)['name'],
      ...('finishedAt' in step && { reason, message }),
    })),
  };
}
