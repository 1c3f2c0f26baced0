import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

interface Entry {
  readonly verb: string;
  readonly stage: string;
  readonly user: { readonly username: string };
}

/** Has the audit log hold each call of one user, without bodies. A watch is in it when it begins. */
export function callPolicy(user: string): object {
  return {
    ...{ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', omitStages: ['RequestReceived'] },
    rules: [{ level: 'Metadata', users: [user] }, { level: 'None' }],
  };
}

/** How often each verb was called. A watch counts once, when it begins. */
export async function sumCalls(lines: AsyncIterable<string>, user: string): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for await (const line of lines) {
    const { verb, stage, user: by } = JSON.parse(line) as Entry;
    const isEndOfWatch = verb === 'watch' && stage === 'ResponseComplete';
    if (by.username === user && !isEndOfWatch) counts[verb] = (counts[verb] ?? 0) + 1;
  }
  return counts;
}

/** Of the part of an audit log between two places in bytes, which are ends of lines. */
export function readCalls(
  path: string,
  { from, to }: { readonly from: number; readonly to: number },
  user: string,
): Promise<Readonly<Record<string, number>>> {
  if (to <= from) return Promise.resolve({});
  return sumCalls(createInterface({ input: createReadStream(path, { start: from, end: to - 1 }) }), user);
}
