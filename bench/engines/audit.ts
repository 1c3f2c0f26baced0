import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

const WRITES = ['create', 'update', 'patch', 'delete', 'deletecollection'];
const QUIET_MS = 3_000;
const MOST_MS = 60_000;

/** What one user wrote in one namespace. */
export interface Writes {
  readonly count: number;
  /** Of the bodies of the requests, as JSON. */
  readonly bytes: number;
  /** How often, by what: `create pods`, `patch pipelineruns/status`. Refused writes are among them, as `409 update …`. */
  readonly byKind: Readonly<Record<string, number>>;
}

interface Entry {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly namespace?: string; readonly resource: string; readonly subresource?: string };
  readonly requestObject?: unknown;
  readonly responseStatus?: { readonly code?: number };
}

/** The policy of an audit log that holds the writes of one user with their bodies, and nothing else. */
export function auditPolicy(user: string): object {
  return {
    ...{ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', omitStages: ['RequestReceived'] },
    rules: [{ level: 'Request', users: [user], verbs: WRITES, omitManagedFields: true }, { level: 'None' }],
  };
}

/** Adds up lines of an audit log. Every attempt counts, also one that the API server refused. */
export async function sumWrites(lines: AsyncIterable<string>, user: string, namespace: string): Promise<Writes> {
  let [count, bytes] = [0, 0];
  const byKind: Record<string, number> = {};
  for await (const line of lines) {
    if (!line.includes(`"namespace":"${namespace}"`)) continue;
    const { verb, user: by, objectRef, requestObject, responseStatus } = JSON.parse(line) as Entry;
    if (by.username !== user || objectRef?.namespace !== namespace || !WRITES.includes(verb)) continue;
    const code = responseStatus?.code ?? 200;
    const what = [objectRef.resource, objectRef.subresource].filter(Boolean).join('/');
    const kind = `${code < 300 ? '' : `${code} `}${verb} ${what}`;
    count += 1;
    bytes += requestObject === undefined ? 0 : Buffer.byteLength(JSON.stringify(requestObject));
    byKind[kind] = (byKind[kind] ?? 0) + 1;
  }
  return { count, bytes, byKind };
}

/** Reads the audit log of an API server. */
export function readWrites(path: string, user: string, namespace: string): Promise<Writes> {
  return sumWrites(createInterface({ input: createReadStream(path) }), user, namespace);
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
