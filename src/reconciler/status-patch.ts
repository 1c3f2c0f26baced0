import { asRecord } from '../orchestration/decode.ts';
import { isEqual } from '../orchestration/equality.ts';
import type { RunStatus } from '../orchestration/run-status.ts';
import type { Action, ObservedRun } from './observation.ts';
import { fitStatus, roomForStatus } from './status-size.ts';

/**
 * A write that must not wait. Nothing is created but behind one, even if it says nothing new: it fails where the run is not
 * as it was observed, and an old view must not create an attempt whose child has come and gone. What says nothing new
 * changes nothing, not even the time: a change would wake the run, and a create that fails would be tried without a pause.
 */
export function patch(run: ObservedRun, planned: RunStatus): Action {
  const status = fitStatus(planned, roomForStatus(run.bytesBeside));
  const isNew = !isEqual(withoutTime(run.stored), withoutTime({ ...status }));
  return { type: 'PatchStatus', status: isNew ? status : (run.stored as unknown as RunStatus), isUrgent: true };
}

/** Nothing is written that says what is stored already. Uids, and what a step waits for, may wait for company. */
export function patchIfChanged(run: ObservedRun, planned: RunStatus): readonly Action[] {
  const status = fitStatus(planned, roomForStatus(run.bytesBeside));
  const [stored, wanted] = [withoutTime(run.stored), withoutTime({ ...status })];
  if (isEqual(stored, wanted)) return [];
  return [{ type: 'PatchStatus', status, isUrgent: !isEqual(withoutRemarks(stored), withoutRemarks(wanted)) }];
}

/** What a status says, of which we write all; its time apart. */
function withoutTime(status: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { phase, runId, startedAt, finishedAt, observedGeneration, conditions = [], stepStatuses = [] } = status;
  return { phase, runId, startedAt, finishedAt, observedGeneration, conditions, stepStatuses };
}

/** Without the uids of children, and without what is said of steps that are not over. */
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
