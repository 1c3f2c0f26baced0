import type { Observation } from './observation.ts';

/** How far two clocks that both follow the API server's clock may differ. */
const SLACK_MS = 5_000;

/**
 * The time to write as the current time. It is never before a time of the API server's own that the decision has read.
 */
export function stampNow({ run, children }: Observation, nowMs: number): string {
  const known = [...children.values()].map(({ metadata }) => metadata.creationTimestamp);
  const latest = [run.creationTimestamp, ...known].reduce((ms, time) => Math.max(ms, parse(time)), nowMs);
  return new Date(latest).toISOString();
}

/**
 * A stored time, in milliseconds since 1970, limited to what the API server's own times allow: not before `earliest`,
 * and not in the future. An engine with a wrong clock may have written it. NaN if it is not a time.
 */
export function boundTime(time: string | undefined, earliest: string, nowMs: number): number {
  const storedMs = Math.max(Date.parse(time ?? ''), parse(earliest));
  return storedMs > nowMs + SLACK_MS ? nowMs : storedMs;
}

function parse(time = ''): number {
  return Date.parse(time) || -Infinity;
}
