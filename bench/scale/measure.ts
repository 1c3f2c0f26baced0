import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ALLOCATOR, NODE_FLAGS } from '../../scripts/release/image.ts';
import { type Replica, startReplica } from '../../test/faults/replica.ts';
import { ours } from '../engines/ours.ts';
import { openStage, type Stage, USER } from '../engines/stage.ts';
import type { Scene } from '../engines/stand-in.ts';
import { chain } from '../graphs.ts';
import { callPolicy, untilAtRest } from './calls.ts';
import { storeFinished } from './finished.ts';
import { endChildren, type Reactions, stamp } from './load.ts';
import { measureUsage, readResidentMib, type Usage } from './usage.ts';

const NAMESPACE = 'bench-scale';
/** Replicas run as they ship, and share the work. They list many objects before they are ready. */
const REPLICA = {
  program: join(import.meta.dirname, '../../dist/program.cjs'),
  nodeArguments: NODE_FLAGS,
  environment: ALLOCATOR,
  namespace: NAMESPACE,
  flags: ['--leader-elect=true'],
  readySeconds: 900,
};
const STEPS = 10;
const CREATORS = 16;
const PER_SECOND = 20;
const SECONDS = 60;
const REST_SECONDS = 30;
const SETTLE_SECONDS = 10;
const MOST_HOURS = 3;

export interface Size {
  readonly runs: number;
  readonly finished: number;
}

/** What this many replicas did with this many runs. */
export interface Measured extends Size {
  readonly replicas: number;
  readonly date: string;
  /** The memory of a replica before there are runs. */
  readonly emptyMib: number;
  /** From the first create of a live run until all have a child. */
  readonly startSeconds: number;
  readonly atRest: Usage;
  /** While 20 children end each second. */
  readonly underLoad: Usage;
  readonly reactions: Reactions;
  /** While 20 children end each second, just after the busiest replica was killed. */
  readonly afterKill: Reactions;
  readonly duplicates: number;
}

/** Measures on a new control plane, so that nothing of another measurement is left. Reports its progress to `log`. */
export async function measureScale(replicas: number, size: Size, log: (line: string) => void): Promise<Measured> {
  await using stage = await openStage(ours, callPolicy(USER));
  const { client, standIn, plane } = stage;
  await stage.makeNamespace(NAMESPACE);
  const scene = standIn.play(NAMESPACE, { afterMs: undefined });
  for (const { resource, object } of ours.define(chain(STEPS), NAMESPACE)) await client.create(resource, object);
  const emptyMib = await measureEmpty(stage);
  await storeFinished(client, NAMESPACE, size.finished, log);
  await using group = await startGroup(stage, replicas);
  log(`${replicas} replicas are ready`);
  const startSeconds = await startRuns(stage, scene, size.runs, log);
  await untilAtRest(plane.auditLog, USER);
  log('at rest');
  const atRest = await measureUsage(group.all, plane.auditLog, () => delay(REST_SECONDS * 1000));
  log(`${PER_SECOND} children end each second`);
  const load = { perSecond: PER_SECOND, seconds: SECONDS };
  let reactions: Reactions | undefined;
  const underLoad = await measureUsage(group.all, plane.auditLog, async () => {
    reactions = await endChildren(standIn, scene, load);
  });
  log('the busiest replica is killed');
  await group.killBusiest(underLoad);
  const afterKill = await endChildren(standIn, scene, load);
  return {
    ...{ replicas, ...size, date: new Date().toISOString(), emptyMib, startSeconds, atRest, underLoad },
    ...{ reactions: reactions as Reactions, afterKill, duplicates: countDuplicates(scene) },
  };
}

async function measureEmpty({ kubeconfig }: Stage): Promise<number> {
  const replica = await startReplica({ ...REPLICA, kubeconfig });
  try {
    await delay(SETTLE_SECONDS * 1000);
    return readResidentMib(replica);
  } finally {
    await replica.stop();
  }
}

interface Group extends AsyncDisposable {
  readonly all: readonly Replica[];
  readonly killBusiest: (usage: Usage) => Promise<void>;
}

/** Starts replicas that share the work as in the chart. If there is only one, it starts again after it is killed. */
async function startGroup({ kubeconfig }: Stage, count: number): Promise<Group> {
  const all: Replica[] = [];
  const stop = async () => void (await Promise.all(all.map((replica) => replica.stop())));
  try {
    for (let index = 0; index < count; index++) all.push(await startReplica({ ...REPLICA, kubeconfig }));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    all,
    async killBusiest({ cpuPercent }) {
      const busiest = all[cpuPercent.indexOf(Math.max(...cpuPercent))];
      if (count === 1) busiest?.kill();
      else await busiest?.stop();
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** Creates live runs and waits until each has its first child. */
async function startRuns({ client }: Stage, scene: Scene, count: number, log: (line: string) => void): Promise<number> {
  const startedMs = performance.now();
  const deadline = startedMs + MOST_HOURS * 3_600_000;
  const progress = setInterval(() => log(`${scene.children.size} of ${count} live runs have a child`), 10_000);
  let next = 0;
  const take = async () => {
    for (let index = next++; index < count; index = next++)
      await client.create(ours.runs, stamp(ours.run(`run-${index}`, NAMESPACE)));
  };
  try {
    await Promise.all(Array.from({ length: CREATORS }, take));
    while (scene.children.size < count) {
      if (performance.now() > deadline) throw new Error(`${scene.children.size} of ${count} runs started in 3 hours`);
      await delay(100);
    }
  } finally {
    clearInterval(progress);
  }
  return (performance.now() - startedMs) / 1000;
}

/** Counts the children of steps after the first child of each step. */
function countDuplicates({ children }: Scene): number {
  return children.size - new Set([...children.values()].map(({ run, step }) => `${run}/${step}`)).size;
}
