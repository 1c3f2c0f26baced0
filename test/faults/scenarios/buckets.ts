import { setTimeout as delay } from 'node:timers/promises';
import { MEMBER_SELECTOR, readMember } from '../../../src/division/member-lease.ts';
import { LEASES } from '../../../src/kube/lease.ts';
import type { KubeObject } from '../../../src/objects/object.ts';
import { BUCKETS, bucketLabel } from '../../../src/orchestration/buckets.ts';
import { isRunFinal } from '../../../src/orchestration/run-status.ts';
import { RUNS, TOOL_RUNS } from '../../support/model/engine.ts';
import type { Arena } from '../arena.ts';
import { startPassingMembers } from '../members.ts';
import { type Ground, PATIENCE_MS, type Scenario } from '../scenario.ts';
import { statusOf } from '../verdict.ts';
import { checkOut } from './builds.ts';

/** A killed member keeps its buckets for 15 s, and the next one may be killed too. */
const MOVING_MS = 60_000;
const SHARING = { flags: ['--leader-elect=true'] };
/**
 * A bucket has no owner for at most the duration of a Lease, and 5 s until the others have seen that. The time counts
 * from the last renewal, after which an owner can live for 2 s. If members pass, they die too, often before they take
 * the buckets of one that died before them, and then a bucket waits for several Leases.
 */
const MOST_UNOWNED_SECONDS = 15 + 5 + 2;

const READ_MS = 500;

/**
 * Reads the Leases twice a second. Tells the longest time that a bucket had no owner, with its last owner, and how many
 * changed owners.
 */
function watchOwners({ client, namespace }: Arena) {
  const ending = new AbortController();
  const renewed = new Map<string, { readonly version: string | undefined; atMs: number }>();
  const owners = new Map<number, { readonly identity: string; atMs: number }>();
  let readMs = performance.now();
  let longest = { unownedMs: 0, of: 'no bucket' };
  let handOvers = 0;

  function see(lease: KubeObject): void {
    const member = readMember(lease);
    if (member === undefined) return;
    const { identity } = member;
    const version = lease.metadata.resourceVersion;
    if (renewed.get(identity)?.version !== version) renewed.set(identity, { version, atMs: performance.now() });
    const atMs = renewed.get(identity)?.atMs ?? 0;
    for (const bucket of member.buckets) {
      const before = owners.get(bucket);
      if (before !== undefined && before.identity !== identity && before.atMs < atMs) handOvers++;
      if (before === undefined || before.atMs < atMs) owners.set(bucket, { identity, atMs });
    }
  }

  async function run(): Promise<void> {
    while (!ending.signal.aborted) {
      const { items } = await client.list(LEASES, { namespace, labelSelector: MEMBER_SELECTOR });
      // While this process stands still, so may the replicas.
      const stoodStillMs = Math.max(0, performance.now() - readMs - 2 * READ_MS);
      for (const one of [...renewed.values(), ...owners.values()]) one.atMs += stoodStillMs;
      readMs = performance.now();
      items.forEach(see);
      for (const [bucket, { identity, atMs }] of owners) {
        const unownedMs = performance.now() - atMs;
        if (unownedMs > longest.unownedMs) longest = { unownedMs, of: `bucket ${bucket}, last of ${identity}` };
      }
      await delay(READ_MS, undefined, { signal: ending.signal }).catch(() => {});
    }
  }
  const running = run();
  return {
    async stop() {
      ending.abort();
      await running;
      return { unownedSeconds: longest.unownedMs / 1_000, of: longest.of, handOvers };
    },
  };
}

/** Three replicas to which something happens in each round, so that at least one of them always works. */
async function shareAmongThree(ground: Ground, rounds: number): Promise<void> {
  const { open, count, note, complain, random, isMoving } = ground;
  const arena = await open({ delayMs: () => 200 + random.int(800), isLabelled: true });
  for (let index = 0; index < 3; index++) await arena.startReplica(SHARING);
  const watching = watchOwners(arena);
  for (let round = 0; round < rounds; round++) {
    await arena.createRuns(6, `round-${round}`);
    const index = random.int(3);
    const replica = arena.replicas[index];
    const act = ['killed', 'paused', 'ended', 'crashed'][round % 4];
    note(`replica ${index + 1} is ${act}`);
    count(act === 'paused' ? 'faults' : 'crashes');
    if (act === 'killed') replica?.kill();
    if (act === 'ended') replica?.terminate();
    if (act === 'crashed') await replica?.killEngine();
    if (act === 'paused') {
      replica?.pause();
      await delay(17_000);
      replica?.resume();
    }
    await delay(2_000 + random.int(4_000));
  }
  await arena.finish(PATIENCE_MS + MOVING_MS);
  const { unownedSeconds, of, handOvers } = await watching.stop();
  const longest = `${of}, was without an owner for ${unownedSeconds.toFixed(1)} s`;
  note(`${longest}, the longest time; ${handOvers} buckets were handed over`);
  if (unownedSeconds > MOST_UNOWNED_SECONDS && !isMoving) complain(`${longest}, more than ${MOST_UNOWNED_SECONDS}`);
  if (handOvers === 0) complain('no bucket was handed over');
}

/** Runs that go on while every few seconds another member takes a third of all buckets and gives it back. */
async function moveAllTheTime(ground: Ground, waves: number): Promise<void> {
  const { open, count, note, random, complain } = ground;
  const arena = await open({ delayMs: () => 100 + random.int(900), isLabelled: true });
  const { client, namespace } = arena;
  for (let index = 0; index < 2; index++) await arena.startReplica(SHARING);
  const members = startPassingMembers({ client, namespace, random, note });
  ground.defer(() => members.stop());
  // Members pass at random: if few did, more waves follow.
  for (let wave = 0; wave < waves || (members.passed() < waves && wave < 2 * waves); wave++) {
    await arena.createRuns(8, `wave-${wave}`);
    await delay(6_000);
    note('an engine is killed');
    count('crashes');
    await random.pick(arena.replicas).killEngine();
  }
  await members.stop();
  count('faults', members.passed());
  if (members.passed() < waves) complain(`only ${members.passed()} members have passed`);
  await arena.finish(PATIENCE_MS + MOVING_MS);
}

/** Gives an object another bucket, whatever it is. */
async function moveLabel({ client, namespace }: Arena, resource: typeof RUNS, name: string, bucket: number) {
  const body = { metadata: { labels: bucketLabel(bucket) } };
  await client.patch(resource, { namespace, name }, { type: 'merge', body }).catch(() => {}); // it is gone
}

export const buckets: readonly Scenario[] = [
  {
    id: 'F40',
    title: 'three replicas that share runs, one after the other killed, paused past its Lease, ended and crashed',
    play: (ground) => shareAmongThree(ground, 12),
  },
  {
    id: 'F41',
    title: 'buckets that move every few seconds, since members join, end and die, and engines are killed',
    play: (ground) => moveAllTheTime(ground, 12),
  },
  {
    id: 'F41q',
    isShareOf: 'F41',
    title: 'buckets that move every few seconds, since members join, end and die',
    isQuick: true,
    play: (ground) => moveAllTheTime(ground, 2),
  },
  {
    id: 'F42',
    title: 'the labels of live runs and of their children changed by a hand, while two replicas share runs',
    async play({ open, count, note, random }) {
      const arena = await open({ delayMs: () => 500 + random.int(500), isLabelled: true });
      for (let index = 0; index < 2; index++) await arena.startReplica(SHARING);
      const names = await arena.createRuns(12);
      for (const name of names) {
        await delay(300);
        note(`${name} gets another label, and so does a child`);
        count('faults', 2);
        await moveLabel(arena, RUNS, name, random.int(BUCKETS));
        const children = arena.journal.current(TOOL_RUNS.kind).filter((child) => !isRunFinal(statusOf(child)));
        const child = children.length > 0 ? random.pick(children) : undefined;
        if (child) await moveLabel(arena, TOOL_RUNS, child.metadata.name, random.int(BUCKETS));
      }
      // What is in another bucket is read every ten seconds, and a run has five steps in a row.
      await arena.finish(PATIENCE_MS + 2 * MOVING_MS);
    },
  },
  {
    id: 'F43',
    title: 'replicas that share runs beside an engine of the build before, which elects one: upgrade, and back',
    async play({ open, count, note, defer }) {
      const previous = await checkOut('src/division', 'the first');
      defer(previous.remove);
      const arena = await open({ delayMs: () => 600, isLabelled: true });
      const startBefore = () => arena.startReplica({ root: previous.path, ...SHARING });
      const first = await startBefore();
      await arena.createRuns(6, 'before');
      const working = () => arena.journal.current(TOOL_RUNS.kind).some(({ status }) => status === undefined);
      await arena.until(working, PATIENCE_MS);
      note('two replicas of this build join');
      count('faults');
      for (let index = 0; index < 2; index++) await arena.startReplica(SHARING);
      await arena.createRuns(6, 'beside');
      await delay(3_000);
      note('the engine of the build before is killed');
      count('crashes');
      await first.stop();
      await arena.createRuns(6, 'after');
      await arena.until(() => arena.hasEnded('after-1'), PATIENCE_MS + MOVING_MS);
      note('an engine of the build before takes the Lease again');
      count('faults');
      await startBefore();
      await arena.createRuns(6, 'back');
      await arena.finish(PATIENCE_MS + MOVING_MS);
    },
  },
];
