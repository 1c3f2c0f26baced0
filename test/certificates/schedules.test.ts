import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Authorities, Authority } from '../../src/certificates/authorities.ts';
import { isInSync, type ObservedSecret } from '../../src/certificates/plan.ts';
import { judgeLife } from '../../src/tls/expiry.ts';
import { createWorld, DAY_MS, MINUTE_MS, type Replica, settleRounds, type World } from './world.ts';

/** Uniform over [0, 1), and the same for the same seed: mulberry32. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const EVENTS = 500;

test('whatever happens, every served leaf verifies with every published bundle, and everything recovers', async () => {
  await fc.assert(fc.asyncProperty(fc.integer(), play), { numRuns: Number(process.env['SCHEDULES'] ?? 250) });
}, 300_000);

test('whatever happened, new pods serve within half a minute if no pod serves and the Secret is lost', async () => {
  await fc.assert(fc.asyncProperty(fc.integer(), loseAll), { numRuns: Number(process.env['SCHEDULES'] ?? 250) });
}, 300_000);

async function play(seed: number): Promise<void> {
  const world = await disturb(seed, EVENTS);
  await heal(world, 25);
  for (const replica of world.replicas) checkHealed(world, replica);
}

async function loseAll(seed: number): Promise<void> {
  const world = await disturb(seed, EVENTS / 5);
  world.setSecret({ problem: 'is empty' });
  world.losePods();
  await heal(world, 3);
  const { signing } = (world.secret() as ObservedSecret).content as Authorities;
  for (const { leaf } of world.replicas) expect(leaf?.issuerPem).toBe(signing?.certificatePem ?? 'an authority');
  for (const { webhooks } of world.configurations.values())
    expect(webhooks[0]?.trusted.map(({ certificatePem }) => certificatePem)).toContain(signing?.certificatePem);
}

/** Runs replicas, with faults of every kind in an order that the seed decides. */
async function disturb(seed: number, events: number): Promise<World> {
  const random = createRandom(seed);
  const below = (n: number) => Math.floor(random() * n);
  const pick = <T>(items: readonly T[]) => items[below(items.length)] as T;
  const world = createWorld(['a', 'b', 'c'].slice(below(3)), 1 + below(3));
  const orphaned = new Set<string>();
  const story: string[] = [];

  const disturbances: readonly ((name: string) => string)[] = [
    (name) => {
      world.setConfiguration(name, undefined);
      return `${name} is deleted`;
    },
    (name) => {
      world.setConfiguration(name, []);
      return `${name} is created again`;
    },
    (name) => {
      world.setConfiguration(name, [foreign(world.now())]);
      return `${name} is overwritten`;
    },
    () => {
      world.setSecret({ problem: 'is empty' });
      return 'the Secret is emptied';
    },
    () => {
      world.losePods();
      return 'all pods are lost';
    },
    () => {
      world.setSecret({ problem: 'is empty' });
      world.losePods();
      return 'the Secret is emptied and all pods are lost';
    },
    () => {
      const byMs = (random() - 0.5) * 2 * pick([MINUTE_MS, DAY_MS, 50 * DAY_MS, 400 * DAY_MS]);
      world.setClock(byMs);
      return `the clock is set by ${byMs / DAY_MS} d`;
    },
    () => {
      const ms = random() * pick([DAY_MS, 20 * DAY_MS, 60 * DAY_MS]);
      world.pass(ms);
      return `${ms / DAY_MS} d pass`;
    },
  ];

  function deliver(): string {
    const at = below(world.calls.length);
    const [call] = world.calls.splice(at, 1);
    if (call === undefined) return 'nothing is asked for';
    const chance = random();
    const { index } = call.replica;
    if (chance < 0.03) call.fail();
    else if (chance < 0.06) call.loseAnswer();
    else if (chance < 0.09) {
      if (random() < 0.3) call.loseAnswer();
      world.crash(call.replica);
      if (random() < 0.3) call.replica.leaf = undefined;
    } else call.perform();
    return `call of ${index}: ${chance}`;
  }

  for (let event = 0; event < events; event++) {
    const chance = random();
    const idle = world.replicas.filter(({ isBusy }) => !isBusy);
    if (chance < 0.02) {
      story.push(pick(disturbances)(pick(world.names)));
    } else if (idle.length > 0 && (chance < 0.25 || world.calls.length === 0)) {
      world.pass(10_000);
      world.begin(pick(idle));
    } else story.push(deliver());
    await settleRounds();
    noteOrphans(world, orphaned);
    check(world, orphaned, story);
  }
  return world;
}

function foreign(now: Date): Authority {
  const notAfter = new Date(now.getTime() + 1_000 * DAY_MS);
  return { certificatePem: 'foreign', notBefore: now, notAfter, leavesUntil: notAfter };
}

/**
 * Notes authorities that are lost for good. If no configuration knows an authority while the Secret is lost, the
 * authority and its leaves are lost. The same holds for authorities of leaves that are valid for longer than any leaf
 * issued now, because they were issued before the clock was set back.
 */
function noteOrphans(world: World, orphaned: Set<string>): void {
  const content = world.secret()?.content;
  if (content === undefined || !('problem' in content)) return;
  const published = [...world.configurations.values()].flatMap(({ webhooks }) => webhooks[0]?.trusted ?? []);
  const known = published.map(({ certificatePem }) => certificatePem);
  for (const authority of world.authorities()) if (!known.includes(authority)) orphaned.add(authority);
  const latest = world.now().getTime() + 33 * DAY_MS;
  for (const { leaf } of world.replicas) {
    if (leaf?.issuerPem && leaf.notAfter.getTime() > latest) orphaned.add(leaf.issuerPem);
  }
}

/**
 * Checks that every valid leaf verifies with every bundle that a replica wrote last. Ignores leaves from before the
 * clock was set until their replica has completed a round.
 */
function check(world: World, orphaned: ReadonlySet<string>, story: readonly string[]): void {
  for (const { index, leaf, rounds } of world.replicas) {
    if (leaf === undefined || rounds === 0 || leaf.issuerPem === undefined || orphaned.has(leaf.issuerPem)) continue;
    if (world.now() < leaf.notBefore || world.now() > leaf.notAfter) continue;
    for (const { name, trusted } of bundlesInUse(world, orphaned)) {
      const pems = trusted.map(({ certificatePem }) => certificatePem);
      expect(pems, `${index} at ${name}\n${story.slice(-60).join('\n')}`).toContain(leaf.issuerPem);
    }
  }
}

/**
 * Returns the bundles that API servers may use now, whether they are up to date or lag. Leaves out lagging bundles
 * without an authority that may have a valid leaf.
 */
function bundlesInUse(
  world: World,
  orphaned: ReadonlySet<string>,
): readonly { readonly name: string; readonly trusted: readonly Authority[] }[] {
  const mayHaveLeaves = ({ certificatePem, notBefore }: Authority) =>
    notBefore <= world.now() && world.now() <= world.leavesUntil(certificatePem) && !orphaned.has(certificatePem);
  return [...world.configurations.values()]
    .filter(({ name }) => !world.tainted.has(name))
    .flatMap(({ name, webhooks }) => [
      { name, trusted: (webhooks[0]?.trusted ?? []) as readonly Authority[] },
      ...world
        .laggingBundles(name)
        .filter((trusted) => trusted.some(mayHaveLeaves))
        .map((trusted) => ({ name, trusted })),
    ]);
}

/** Runs rounds of ten seconds without faults. */
async function heal(world: World, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const replica of world.replicas) if (!replica.isBusy) world.begin(replica);
    await world.finish();
    world.pass(10_000);
  }
}

function checkHealed(world: World, { leaf }: Replica): void {
  const { trusted, signing, next } = (world.secret() as ObservedSecret).content as Authorities;
  expect(next).toBeUndefined();
  expect(leaf && judgeLife(leaf, world.now()).state).toBe('fresh');
  expect(signing && judgeLife(signing, world.now()).state).toBe('fresh');
  expect(leaf?.issuerPem).toBe(signing?.certificatePem);
  for (const configuration of world.configurations.values()) expect(isInSync(configuration, trusted)).toBe(true);
}
