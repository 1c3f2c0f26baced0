import type { ProxiedCall } from '../../support/fault-proxy.ts';
import type { Arena } from '../arena.ts';
import { type Ground, PATIENCE_MS, type Scenario } from '../scenario.ts';
import { CLEAN_WRITES, mostWrites } from '../verdict.ts';

const places = ['before', 'committed', 'after'] as const;

/** The process is to die at a call of a run (counted from 1), at a place. */
interface Death {
  readonly call: number;
  readonly place: (typeof places)[number];
}

/** Lets the process die as the schedule of each run says, at the calls that it makes for that run. */
function strike(arena: Arena, ground: Ground, deaths: Map<string, Death[]>, kill: () => unknown): void {
  const counts = new Map<string, number>();
  arena.proxy.follow((call: ProxiedCall) => {
    const run = arena.runOf(call);
    if (run === undefined) return undefined;
    const count = (counts.get(run) ?? 0) + 1;
    counts.set(run, count);
    const [death] = deaths.get(run) ?? [];
    if (death === undefined || count < death.call) return undefined;
    deaths.get(run)?.shift();
    ground.count('crashes');
    ground.note(`${run}: killed ${death.place} call ${count}, ${call.verb} ${call.resource} ${call.subresource ?? ''}`);
    if (death.place === 'before') return { before: kill, isRefused: true };
    return death.place === 'committed' ? { committed: kill, isReplyLost: true } : { after: kill };
  });
}

/** How many calls a run takes when nothing goes wrong. */
async function countCalls(ground: Ground): Promise<number> {
  const arena = await ground.open();
  await arena.startReplica();
  const [run = ''] = await arena.createRuns(1, 'clean');
  await arena.finish(PATIENCE_MS);
  const calls = arena.proxy.calls.filter((call) => arena.runOf(call) === run).length;
  const writes = mostWrites(arena.journal.entries);
  if (writes > CLEAN_WRITES) ground.complain(`an undisturbed run took ${writes} writes of its status`);
  await ground.close(arena);
  return calls;
}

const WAVE = 12;
const MOST_MS = 600_000;

/**
 * Plays runs in waves. The process dies at calls of each run, wherever the other runs of the wave are by then. Only the
 * engine dies, and its supervisor starts another; in each fourth wave both die, as when a container is killed.
 */
async function dieInWaves(ground: Ground, all: readonly Death[][]): Promise<void> {
  for (let start = 0; start < all.length; start += WAVE) {
    const wave = all.slice(start, start + WAVE);
    const arena = await ground.open();
    const replica = await arena.startReplica();
    const deaths = new Map(wave.map((one, index) => [`run-${index + 1}`, [...one]]));
    strike(arena, ground, deaths, (start / WAVE) % 4 === 3 ? replica.kill : replica.killEngine);
    await arena.createRuns(wave.length);
    // Each death costs a start, which takes long on a busy machine, so the time for runs counts from the last death.
    const names = [...deaths.keys()];
    const isOver = () => names.every((name) => deaths.get(name)?.length === 0 || arena.hasEnded(name));
    await arena.until(isOver, MOST_MS);
    await arena.finish(PATIENCE_MS);
    for (const [run, left] of deaths) if (left.length > 0) ground.note(`${run} ended before call ${left[0]?.call}`);
    await ground.close(arena);
  }
}

const everyCall = (calls: number): Death[] =>
  Array.from({ length: calls }, (_, index) => places.map((place) => ({ call: index + 1, place }))).flat();

export const crashes: readonly Scenario[] = [
  {
    id: 'F1',
    title: 'killed at every call that changes something, at three places',
    async play(ground) {
      const calls = await countCalls(ground);
      ground.note(`${calls} calls in a clean run`);
      await dieInWaves(
        ground,
        everyCall(calls).map((death) => [death]),
      );
    },
  },
  {
    id: 'F1q',
    isShareOf: 'F1',
    title: 'killed at every call that changes something, at one of three places',
    isQuick: true,
    async play(ground) {
      const calls = await countCalls(ground);
      const each = Array.from({ length: calls }, (_, index) => [
        { call: index + 1, place: ground.random.pick(places) },
      ]);
      await dieInWaves(ground, each);
    },
  },
  {
    id: 'F2',
    title: 'killed once more in what follows, 64 pairs',
    async play(ground) {
      const calls = await countCalls(ground);
      const { random } = ground;
      const pairs = Array.from({ length: 64 }, () => {
        const first = 1 + random.int(calls);
        return [first, first + 1 + random.int(calls)].map((call) => ({ call, place: random.pick(places) }));
      });
      await dieInWaves(ground, pairs);
    },
  },
];
