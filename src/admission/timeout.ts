import { asRecord } from '../orchestration/decode.ts';

/** The webhook's own `timeoutSeconds` in our configurations: what holds where the API server does not say. */
const DEFAULT_MS = 5_000;
/** The longest that a webhook configuration may ask for. */
const LONGEST_MS = 30_000;

/** How long the API server waits, from the query parameter `timeout` it sends (`5s`, `1m30s`); odd values count as 5 s. */
export function readTimeoutMs(query: unknown): number {
  const { timeout } = asRecord(query);
  if (typeof timeout !== 'string' || !/^(\d{1,9}(\.\d{1,9})?(ms|s|m))+$/.test(timeout)) return DEFAULT_MS;
  const parts = timeout.match(/[\d.]+(ms|s|m)/g) ?? [];
  const totalMs = parts.reduce((sum, part) => sum + Number.parseFloat(part) * unitMsOf(part), 0);
  return totalMs > 0 ? Math.min(totalMs, LONGEST_MS) : DEFAULT_MS;
}

function unitMsOf(part: string): number {
  if (part.endsWith('ms')) return 1;
  return part.endsWith('s') ? 1_000 : 60_000;
}
