import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

const WRITES = ['create', 'update', 'patch', 'delete', 'deletecollection'];
const QUIET_MS = 3_000;
const MOST_MS = 60_000;

/** The writes of one user in one namespace. */
export interface Writes {
  readonly count: number;
  /** The bytes of the request bodies, as JSON. */
  readonly bytes: number;
  /**
   * The number of writes by kind: `create pods`, `patch pipelineruns/status`. Refused writes count as `409 update …`.
   */
  readonly byKind: Readonly<Record<string, number>>;
}

interface Entry {
  readonly requestReceivedTimestamp: string;
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly namespace?: string; readonly resource: string; readonly subresource?: string };
  readonly requestObject?: unknown;
  readonly responseStatus?: { readonly code?: number };
}

/** Returns the policy of an audit log that holds the writes of one user with their bodies, and nothing else. */
export function auditPolicy(user: string): object {
  return {
    ...{ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', omitStages: ['RequestReceived'] },
    rules: [{ level: 'Request', users: [user], verbs: WRITES, omitManagedFields: true }, { level: 'None' }],
  };
}

/** Adds up the writes in an audit log. Every attempt counts, including those that the API server refused. */
export async function sumWrites(lines: AsyncIterable<string>, user: string, namespace: string): Promise<Writes> {
  let [count, bytes] = [0, 0];
  const byKind: Record<string, number> = {};
  for await (const { verb, objectRef, requestObject, responseStatus } of writesIn(lines, user, namespace)) {
    const code = responseStatus?.code ?? 200;
    const what = [objectRef?.resource, objectRef?.subresource].filter(Boolean).join('/');
    const kind = `${code < 300 ? '' : `${code} `}${verb} ${what}`;
    count += 1;
    bytes += requestObject === undefined ? 0 : Buffer.byteLength(JSON.stringify(requestObject));
    byKind[kind] = (byKind[kind] ?? 0) + 1;
  }
  return { count, bytes, byKind };
}

/**
 * Returns, for each start of a program, the seconds until the API server received its first create of such an object.
 * `startsMs` are in milliseconds since 1970, in ascending order. A start with no create before the next start is left
 * out. A create that a killed program had sent before the start does not count, even if it is stored later.
 */
export async function findFirstCreates(
  lines: AsyncIterable<string>,
  { user, namespace, plural }: { readonly user: string; readonly namespace: string; readonly plural: string },
  startsMs: readonly number[],
): Promise<number[]> {
  const creates: number[] = [];
  for await (const { verb, objectRef, requestReceivedTimestamp } of writesIn(lines, user, namespace))
    if (verb === 'create' && objectRef?.resource === plural) creates.push(Date.parse(requestReceivedTimestamp));
  return startsMs.flatMap((startMs, index) => {
    const nextMs = startsMs[index + 1] ?? Number.POSITIVE_INFINITY;
    const first = Math.min(...creates.filter((createMs) => createMs >= startMs && createMs < nextMs));
    return Number.isFinite(first) ? [(first - startMs) / 1000] : [];
  });
}

async function* writesIn(lines: AsyncIterable<string>, user: string, namespace: string): AsyncGenerator<Entry> {
  for await (const line of lines) {
    if (!line.includes(`"namespace":"${namespace}"`)) continue;
    const entry = JSON.parse(line) as Entry;
    if (entry.user.username !== user || entry.objectRef?.namespace !== namespace) continue;
    if (WRITES.includes(entry.verb)) yield entry;
  }
}

/** Reads the lines of an audit log of an API server. */
export function readLines(path: string): AsyncIterable<string> {
  return createInterface({ input: createReadStream(path) });
}

/** Resolves when nothing has been written to the log for three seconds, or after a minute. */
export async function untilQuiet(path: string): Promise<void> {
  const sizeOf = async () => (await stat(path)).size;
  const end = performance.now() + MOST_MS;
  for (let [size, since] = [await sizeOf(), performance.now()]; performance.now() < end; ) {
    await delay(200);
    const now = await sizeOf();
    if (now !== size) [size, since] = [now, performance.now()];
    else if (performance.now() - since > QUIET_MS) return;
  }
}
