import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LEASES } from '../../../src/kube/lease.ts';
import { Label } from '../../../src/orchestration/vocabulary/metadata.ts';
import { RUNS } from '../../support/model/engine.ts';
import type { Arena } from '../arena.ts';
import { endOf } from '../mixed-run.ts';
import { judgeQueues } from '../queues.ts';
import type { Replica } from '../replica.ts';
import type { Ground, Scenario } from '../scenario.ts';

const steps = ['first', 'second'].map((name) => ({ name, kind: 'ToolRun', toolRef: { name: 'echo' } }));

/** About so many calls that change something lie between two deaths. */
const CALLS_BETWEEN = 60;
const AHEAD_SECONDS = 3_600;
const MOST_MS = 900_000;
/** A place that is left after this time is not released any more. */
const RELEASE_MS = 20_000;

/** Two engines at once, of which one takes the time for an hour later, both killed again and again. */
async function compete(ground: Ground, max: number, groups: number, each: number): Promise<void> {
  const { open, close, note, complain, isMoving } = ground;
  const arena = await open({
    steps,
    policies: { concurrency: { group: 'parameters.group', max } },
    parametersOf: (name) => ({ group: `deploy ${Number(name.split('-').at(-1)) % groups}` }),
    expect: (status) => endOf(status).filter((end) => !/^(first|second) Succeeded Completed 1$/.test(end)),
  });
  const nodeArguments = ['--import', join(import.meta.dirname, '../../support/wrong-clock.ts')];
  const wrong = { nodeArguments, environment: { AHEAD_SECONDS: String(AHEAD_SECONDS) } };
  ground.count('faults');
  const replicas = [await arena.startReplica(), await arena.startReplica(wrong)];
  strikeAtCalls(ground, arena, replicas);
  await arena.createRuns(groups * each, `run-of-${max}`);
  const hasEnded = await arena.finish(MOST_MS);
  if (!hasEnded) complain(`after ${MOST_MS / 1000} s not all runs have ended`);
  const { overMax, overtaken, queueWrites } = judgeQueues(arena.journal.entries, max);
  const leaked = await untilReleased();
  const runs = arena.journal.current(RUNS.kind).length;
  note(
    `${runs} runs of ${groups} groups of ${max}: ${overMax.length} times over max, ${leaked} places leaked, ${overtaken.length} overtaken, ${(queueWrites / runs).toFixed(1)} writes of the queue for each run`,
  );
  for (const names of overMax) complain(`${names} work at once, and max is ${max}`);
  // Replicas that share runs keep the order among the runs of each of them alone.
  if (!isMoving) overtaken.forEach(complain);
  if (leaked > 0) complain(`${leaked} places are left after the last run`);
  await close(arena);

  async function untilReleased(): Promise<number> {
    const { client, namespace } = arena;
    const count = async () => (await client.list(LEASES, { namespace, labelSelector: Label.Group })).items.length;
    for (let waitedMs = 0; waitedMs < RELEASE_MS; waitedMs += 500) {
      if ((await count()) === 0) return 0;
      await delay(500);
    }
    return count();
  }
}

/** An engine is killed at about each sixtieth call, also at calls for Leases: before, during or after the call. */
function strikeAtCalls({ random, count, note }: Ground, { proxy }: Arena, replicas: readonly Replica[]): void {
  let left = random.int(CALLS_BETWEEN);
  proxy.follow(({ number, verb, resource }) => {
    if (number === null || left-- > 0) return undefined;
    left = CALLS_BETWEEN / 2 + random.int(CALLS_BETWEEN);
    const kill = random.pick(replicas).killEngine;
    const place = random.pick(['before', 'committed', 'after'] as const);
    count('crashes');
    note(`an engine is killed ${place} ${verb} ${resource}`);
    if (place === 'before') return { before: kill, isRefused: true };
    return place === 'committed' ? { committed: kill, isReplyLost: true } : { after: kill };
  });
}

export const concurrency: readonly Scenario[] = [
  {
    id: 'F38',
    title: '200 runs of 20 groups, two engines at once, one of them an hour ahead, both killed throughout',
    async play(ground) {
      await compete(ground, 1, 10, 10);
      await compete(ground, 2, 10, 10);
    },
  },
  {
    id: 'F38q',
    isShareOf: 'F38',
    title: '24 runs of 4 groups, two engines at once, one of them an hour ahead, both killed throughout',
    isQuick: true,
    async play(ground) {
      await compete(ground, 1, 2, 6);
      await compete(ground, 2, 2, 6);
    },
  },
];
