import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { json } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { checkpoint, cycle, orchestration, review } from '../support/reviews.ts';
import type { Target } from './attacks.ts';

/** What became of well-formed reviews. */
export interface Tally {
  asked: number;
  /** Not answered within 5 s, or not with 200. */
  failed: number;
  /** Answered with the wrong verdict. */
  wrong: number;
  latenciesMs: number[];
  /** The first few, in words. */
  mishaps: string[];
}

const TIMEOUT_MS = 5_000;
const asked = [
  { body: JSON.stringify(review(orchestration([checkpoint('a'), checkpoint('b', 'a')]))), isAllowed: true },
  { body: JSON.stringify(review(orchestration(cycle))), isAllowed: false },
  {
    body: JSON.stringify(
      review(orchestration(Array.from({ length: 500 }, (_, i) => checkpoint(`step-${i}`.padEnd(150, 'x'))))),
    ),
    isAllowed: true,
  },
];

/**
 * Sends reviews at a steady pace until the signal, as an API server does: over connections that it keeps, and each
 * tenth over a new one.
 */
export async function askSteadily(target: Target, perSecond: number, signal: AbortSignal): Promise<Tally> {
  const tally: Tally = { asked: 0, failed: 0, wrong: 0, latenciesMs: [], mishaps: [] };
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 25 });
  const pending = new Set<Promise<void>>();
  while (!signal.aborted) {
    const one = ask(target, tally.asked++ % 10 === 0 ? undefined : agent, tally).finally(() => pending.delete(one));
    pending.add(one);
    await delay(1000 / perSecond);
  }
  await Promise.all(pending);
  agent.destroy();
  return tally;
}

async function ask({ host, port, caPem }: Target, agent: Agent | undefined, tally: Tally): Promise<void> {
  const { body, isAllowed } = asked[tally.asked % asked.length] as (typeof asked)[number];
  const start = performance.now();
  try {
    const sent = request({
      ...{ host, port, ca: caPem, servername: 'localhost', method: 'POST', path: '/validate?timeout=5s' },
      ...{ agent: agent ?? false, signal: AbortSignal.timeout(TIMEOUT_MS) },
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    });
    const answered = once(sent, 'response');
    sent.end(body);
    const [reply] = (await answered) as [IncomingMessage];
    const { response } = (await json(reply)) as { response?: { allowed: boolean } };
    if (reply.statusCode !== 200) throw new Error(`status ${reply.statusCode}`);
    if (response?.allowed !== isAllowed) tally.wrong++;
  } catch (error) {
    tally.failed++;
    if (tally.mishaps.length < 5)
      tally.mishaps.push(
        `${agent ? 'kept' : 'new'} connection, ${Math.round(performance.now() - start)} ms: ${String(error)}`,
      );
  }
  tally.latenciesMs.push(performance.now() - start);
}
