import { asRecord, type Orchestration } from './decode.ts';

/** The schema says int32, which nobody enforces: 68 years of seconds, far enough from what a Date can hold. */
const LONGEST = 2 ** 31 - 1;

/** A whole number of 0 or more, of attempts, children or seconds, cut at 2^31 - 1; undefined for anything else. */
export function readWhole(value: unknown): number | undefined {
  return Number.isInteger(value) && Number(value) >= 0 ? Math.min(Number(value), LONGEST) : undefined;
}

/** A number of attempts or seconds, where what is absent or malformed counts as 0. */
export function readDuration(value: unknown): number {
  return readWhole(value) ?? 0;
}

/** `policies.retries.limit`: attempts after the first, for steps that do not say. */
export function defaultRetries({ policies }: Orchestration): number {
  return readDuration(asRecord(policies['retries'])['limit']);
}

/** `policies.timeouts.totalSeconds`: bounds the whole run; 0 is no bound. */
export function totalSeconds({ policies }: Orchestration): number {
  return readDuration(asRecord(policies['timeouts'])['totalSeconds']);
}

/** `policies.maxParallel`: children of a run that may run at once; 0 is no bound. */
export function maxParallel({ policies }: Orchestration): number {
  return readDuration(policies['maxParallel']);
}

/** `policies.history.limit`: how many finished runs are kept, the newest; undefined where it does not say. */
export function historyLimit({ policies }: Orchestration): number | undefined {
  return readWhole(asRecord(policies['history'])['limit']);
}

/** `policies.ttlSecondsAfterFinished`: after which a finished run is deleted; undefined keeps it. */
export function ttlSecondsAfterFinished({ policies }: Orchestration): number | undefined {
  return readWhole(policies['ttlSecondsAfterFinished']);
}
