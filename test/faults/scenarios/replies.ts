import type { ProxiedCall } from '../../support/fault-proxy.ts';
import { PATIENCE_MS, type Scenario } from '../scenario.ts';

const kindOf = ({ verb, resource, subresource }: ProxiedCall) =>
  [verb, resource, ...(subresource === undefined ? [] : [subresource])].join(' ');

/** The calls that a run of the mixed steps makes to the API server. */
const KINDS = [
  'create controllerrevisions',
  'create toolruns',
  'create agentruns',
  'patch orchestrationruns status',
  'delete toolruns',
];

const ERRORS = [429, 500, 503, 504];
/** What a client may be made to wait at once by Retry-After; timers may be a little early. */
const RETRY_AFTER_SECONDS = 1;
const EARLY_MS = 50;

export const replies: readonly Scenario[] = [
  {
    id: 'F3',
    title: 'replies lost, or a 504 in their place, after the call was carried out',
    isQuick: true,
    async play({ open, random, count, note, complain }) {
      const arena = await open();
      await arena.startReplica();
      const hit = new Map<string, number>();
      arena.proxy.follow((call) => {
        if (arena.runOf(call) === undefined) return undefined;
        const kind = kindOf(call);
        const hits = hit.get(kind) ?? 0;
        // The first of each kind, and then a third of the others at random.
        if (hits > 0 && !random.isIn100(33)) return undefined;
        hit.set(kind, hits + 1);
        count('faults');
        const isCut = random.isIn100(50);
        note(`${isCut ? 'reply lost' : '504'}: ${kind} ${call.name ?? ''}`);
        return isCut ? { isReplyLost: true } : { substitute: { status: 504 } };
      });
      await arena.createRuns(6);
      await arena.finish(PATIENCE_MS);
      for (const kind of KINDS) if (!hit.has(kind)) complain(`no reply to ${kind} was lost`);
    },
  },
  {
    id: 'F10',
    title: 'a share of all calls answered with 429, 500, 503 or 504',
    isQuick: true,
    async play({ open, random, count, note, complain }) {
      const arena = await open();
      await arena.startReplica();
      for (const share of [1, 10, 50]) {
        /** When a call that was told to wait may come again. */
        const waits = new Map<string, number>();
        arena.proxy.follow((call) => {
          const run = arena.runOf(call);
          const name = call.name ?? (call.body as { metadata?: { name?: string } } | undefined)?.metadata?.name;
          const key = `${kindOf(call)} ${name}`;
          const early = (waits.get(key) ?? 0) - performance.now();
          if (run !== undefined && early > EARLY_MS)
            complain(`${key} came ${Math.round(early)} ms before its Retry-After`);
          if (!random.isIn100(share)) return undefined;
          count('faults');
          const status = random.pick(ERRORS);
          if (status !== 429) return { answer: { status } };
          if (run !== undefined) waits.set(key, performance.now() + RETRY_AFTER_SECONDS * 1000);
          return { answer: { status, retryAfterSeconds: RETRY_AFTER_SECONDS } };
        });
        note(`${share} in 100 calls fail`);
        await arena.createRuns(3, `share-${share}`);
        await arena.finish(share === 50 ? 30_000 : PATIENCE_MS);
      }
      arena.proxy.follow(undefined);
      await arena.finish(PATIENCE_MS);
    },
  },
];
