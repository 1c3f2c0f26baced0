import { createRandom } from '../fuzz/random.ts';
import { type ControlPlane, type ControlPlaneParts, startControlPlane } from '../support/controlplane/controlplane.ts';
import { installCrds } from '../support/gate.ts';
import { RUNS } from '../support/model/engine.ts';
import { type Arena, type ArenaOptions, openArena } from './arena.ts';
import { startPassingMembers } from './members.ts';
import type { Ground, Scenario } from './scenario.ts';
import { mostWrites, noComplaints, type Verdict } from './verdict.ts';

/** The result of a scenario. */
export interface Result {
  readonly id: string;
  readonly title: string;
  readonly seed: number;
  readonly crashes: number;
  readonly faults: number;
  /** Runs that were executed. */
  readonly runs: number;
  /** The most writes of the status of one run. */
  readonly writes: number;
  readonly verdict: Verdict;
  /** What was done, line by line. */
  readonly schedule: readonly string[];
  readonly seconds: number;
  /** Why it was not played. */
  readonly notRun?: string;
}

/** Starts a control plane with audit log, controllers and the agents chart's CRDs. */
export async function startFaultPlane(
  parts: ControlPlaneParts,
  options: Parameters<Ground['startPlane']>[0] = {},
): Promise<ControlPlane> {
  const plane = await startControlPlane({ audit: true, controllerManager: true, ...options, ...parts });
  try {
    await installCrds(plane, 'agents');
    // The garbage collector looks for new kinds only every 30 s, and when it starts.
    await plane.controllerManager?.kill('SIGKILL');
    await plane.controllerManager?.start();
    return plane;
  } catch (error) {
    await plane.stop();
    throw error;
  }
}

export interface PlayOptions {
  /** Whether the buckets of all replicas move all the time, because other members join and go. */
  readonly isMoving?: boolean;
}

/** Plays a scenario on a control plane and judges it. What it throws is a complaint too. */
export async function play(
  { id, title, notWhileMoving, play: perform }: Scenario,
  plane: ControlPlane,
  parts: ControlPlaneParts,
  seed: number,
  { isMoving = false }: PlayOptions = {},
): Promise<Result> {
  const startedAt = performance.now();
  const total = { crashes: 0, faults: 0 };
  const verdict = noComplaints();
  const schedule: string[] = [];
  const arenas = new Set<Arena>();
  let runs = 0;
  let writes = 0;
  let notRun: string | undefined;
  await using ends = new AsyncDisposableStack();
  const ground: Ground = {
    plane,
    seed,
    isMoving,
    random: createRandom(seed, Number.parseInt(id.slice(1), 10)),
    async open(options, on = plane) {
      const moveBuckets: ArenaOptions['moveBuckets'] = (within) =>
        startPassingMembers({ ...within, random: ground.random, note: ground.note });
      const arena = await openArena(on, { ...options, ...(isMoving && { moveBuckets }) });
      ends.defer(arena.stop);
      arenas.add(arena);
      return arena;
    },
    close,
    async startPlane(options) {
      const own = await startFaultPlane(parts, options);
      ends.defer(own.stop);
      return own;
    },
    defer: (end) => ends.defer(async () => void (await end())),
    note: (line) => schedule.push(`${Math.round(performance.now() - startedAt)} ms: ${line}`),
    count: (what, howMany = 1) => {
      total[what] += howMany;
    },
    skip: (why) => {
      notRun = why;
    },
    complain: (sentence) => verdict.other.push(sentence),
  };
  try {
    if (isMoving && notWhileMoving !== undefined) notRun = notWhileMoving;
    else await perform(ground);
  } catch (error) {
    verdict.other.push(`the scenario broke off: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
  }
  for (const arena of arenas) await close(arena);
  const seconds = (performance.now() - startedAt) / 1000;
  return {
    id,
    title,
    seed,
    ...total,
    runs,
    writes,
    verdict,
    schedule,
    seconds,
    ...(notRun !== undefined && { notRun }),
  };

  async function close(arena: Arena): Promise<void> {
    arenas.delete(arena);
    const found = await arena.verdict();
    for (const kind of Object.keys(verdict) as (keyof Verdict)[]) verdict[kind].push(...found[kind]);
    writes = Math.max(writes, mostWrites(arena.journal.entries));
    runs += arena.journal.entries.filter(({ type, object }) => type === 'ADDED' && object.kind === RUNS.kind).length;
    await arena.stop();
  }
}
