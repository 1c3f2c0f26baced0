import { createReadStream, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

interface Entry {
  readonly verb: string;
  readonly stage: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly resource?: string };
}

const QUIET_MS = 15_000;

/**
 * Returns the policy of an audit log that holds each call of one user, without bodies. A watch is in it when it begins.
 */
export function callPolicy(user: string): object {
  return {
    ...{ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', omitStages: ['RequestReceived'] },
    rules: [{ level: 'Metadata', users: [user] }, { level: 'None' }],
  };
}

export interface Calls {
  /** How often each verb was called. A watch counts once, when it begins. */
  readonly byVerb: Readonly<Record<string, number>>;
  /** The number of calls that are work. Replicas renew their Leases and watches even if nothing happens. */
  readonly work: number;
}

/** Sums the calls of one user. */
export async function sumCalls(lines: AsyncIterable<string>, user: string): Promise<Calls> {
  const byVerb: Record<string, number> = {};
  let work = 0;
  for await (const line of lines) {
    const { verb, stage, user: by, objectRef } = JSON.parse(line) as Entry;
    const isEndOfWatch = verb === 'watch' && stage === 'ResponseComplete';
    if (by.username !== user || isEndOfWatch) continue;
    byVerb[verb] = (byVerb[verb] ?? 0) + 1;
    if (verb !== 'watch' && objectRef?.resource !== 'leases') work += 1;
  }
  return { byVerb, work };
}

/** Sums the calls in a part of an audit log. `from` and `to` are in bytes, and are ends of lines. */
export async function readCalls(
  path: string,
  { from, to }: { readonly from: number; readonly to: number },
  user: string,
): Promise<Calls> {
  if (to <= from) return { byVerb: {}, work: 0 };
  return sumCalls(createInterface({ input: createReadStream(path, { start: from, end: to - 1 }) }), user);
}

/** Resolves when a user has made no call that is work for fifteen seconds. */
export async function untilAtRest(path: string, user: string): Promise<void> {
  for (;;) {
    const from = statSync(path).size;
    await delay(QUIET_MS);
    const { work } = await readCalls(path, { from, to: statSync(path).size }, user);
    if (work === 0) return;
  }
}
