import { isStepFinal, type RunStatus, type StepStatus } from '../orchestration/run-status.ts';

/** etcd takes 1.5 MiB for one object by default (--max-request-bytes); spec and metadata need their part of it. */
const MOST_BYTES = 1_000_000;

/**
 * The status as it fits into the object: of a run with very many steps the messages go first, then the references of
 * steps that are over. Phases always stay, so that a run can always be ended. The same status gives the same result.
 */
export function fitStatus(status: RunStatus, mostBytes = MOST_BYTES): RunStatus {
  const trims: ((step: StepStatus) => StepStatus)[] = [
    (step) => step,
    ({ message: _, ...step }) => step,
    ({ message: _, resourceRef, ...step }) => (isStepFinal(step) || !resourceRef ? step : { ...step, resourceRef }),
  ];
  const trimmed = trims.map((trim) => () => ({ ...status, stepStatuses: status.stepStatuses.map(trim) }));
  const last = () => status;
  return (trimmed.find((make) => countBytes(make()) <= mostBytes) ?? trimmed.at(-1) ?? last)();
}

/** At most three bytes a character (UTF-8 of what JSON does not escape), and mostly one. */
function countBytes(status: RunStatus): number {
  return new TextEncoder().encode(JSON.stringify(status)).length;
}

/** Within it, what ends together is written together. */
export const SMALLEST_WINDOW_MS = 200;

/**
 * How long after a write of this status the next one waits, in milliseconds: every write stores all of it again, so large
 * ones come at 200 KB/s at most.
 */
export function writeWindowMs(status: RunStatus): number {
  const bytes = JSON.stringify(status).length;
  return bytes <= 32 * 1024 ? SMALLEST_WINDOW_MS : Math.max(SMALLEST_WINDOW_MS, bytes / 200);
}
