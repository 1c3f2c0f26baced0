import { asRecord, type Orchestration } from './decode.ts';

/**
 * The largest int32. The schema says int32, but the API server does not enforce it. In seconds it is 68 years, which a
 * Date can hold.
 */
const LONGEST = 2 ** 31 - 1;

/**
 * Reads a number of attempts, children or seconds: an integer of 0 or more, cut at 2^31 - 1. Undefined for any other
 * value.
 */
export function readWhole(value: unknown): number | undefined {
  return Number.isInteger(value) && Number(value) >= 0 ? Math.min(Number(value), LONGEST) : undefined;
}

/** Reads a number of attempts or seconds. An absent or malformed value counts as 0. */
export function readDuration(value: unknown): number {
  return readWhole(value) ?? 0;
}

/** `policies.retries.limit`: the attempts after the first, for steps without `retries`. */
export function defaultRetries({ policies }: Orchestration): number {
  return readDuration(asRecord(policies['retries'])['limit']);
}

/** `policies.timeouts.totalSeconds`: the maximum duration of the run. 0 means no limit. */
export function totalSeconds({ policies }: Orchestration): number {
  return readDuration(asRecord(policies['timeouts'])['totalSeconds']);
}

/** Source: section 5 of the design. It is long enough for a Job to start and finish on a busy node. */
export const CLEANUP_SECONDS = 300;

/** `policies.timeouts.cleanupSeconds`: how long the cleanup of a run may take after a cancel or its deadline. */
export function cleanupSeconds({ policies }: Pick<Orchestration, 'policies'>): number {
  return readWhole(asRecord(policies['timeouts'])['cleanupSeconds']) ?? CLEANUP_SECONDS;
}

/** `policies.maxParallel`: how many children of a run can run at the same time. 0 means no limit. */
export function maxParallel({ policies }: Orchestration): number {
  return readDuration(policies['maxParallel']);
}

/** `policies.history.limit`: how many finished runs are kept. The newest are kept. Undefined if it is not set. */
export function historyLimit({ policies }: Orchestration): number | undefined {
  return readWhole(asRecord(policies['history'])['limit']);
}

/**
 * `policies.ttlSecondsAfterFinished`: the time after which a finished run is deleted. If undefined, the run is kept.
 */
export function ttlSecondsAfterFinished({ policies }: Orchestration): number | undefined {
  return readWhole(policies['ttlSecondsAfterFinished']);
}
