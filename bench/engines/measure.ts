import { loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { KubeObject } from '../../src/objects/object.ts';
import { chain } from '../graphs.ts';
import { findFirstCreates, readLines, sumWrites, untilQuiet, type Writes } from './audit.ts';
import { type Controller, startController } from './controller.ts';
import type { Engine } from './engine.ts';
import { findIn, type Spread, spreadOf } from './findings.ts';
import { expectedSteps, type Scenario } from './scenarios.ts';
import { openStage, type Stage, USER } from './stage.ts';
import type { Scene } from './stand-in.ts';

const MIB = 1024 * 1024;
const REST_SECONDS = 30;
const PATIENCE_SECONDS = 1_800;
const RESTART_SECONDS = 300;
const CREATORS = 16;

/** What one engine did in one scenario. Reactions and endings are in milliseconds. */
export interface Outcome {
  readonly engine: string;
  readonly scenario: string;
  readonly date: string;
  /** The load average of the last minute when the measurement began. */
  readonly loadBefore: number;
  readonly runs: number;
  /** The steps of all runs that must have a child. */
  readonly steps: number;
  readonly children: number;
  readonly seconds: number;
  readonly writes: Writes;
  readonly duplicates: number;
  readonly lost: number;
  readonly reaction?: Spread | undefined;
  readonly ending?: Spread | undefined;
  readonly cpuSeconds: number;
  readonly peakMib: number;
  /** For runs that live on: memory at rest, and CPU seconds a minute. */
  readonly rest?: { readonly residentMib: number; readonly cpuSecondsPerMinute: number } | undefined;
  /** From the start of the program after a kill to its first child: the median of the starts. */
  readonly restartSeconds?: number | undefined;
}

/** Plays one scenario on a control plane of its own. Reports its progress to `log`. */
export async function measure(engine: Engine, scenario: Scenario, log: (line: string) => void): Promise<Outcome> {
  const [loadBefore = Number.NaN] = loadavg();
  await using stage = await openStage(engine);
  await using controller = await startController(engine, stage.kubeconfig);
  await warmUp(engine, stage);
  const namespace = `bench-${scenario.id}`;
  await stage.makeNamespace(namespace);
  const scene = stage.standIn.play(namespace, scenario.script);
  for (const { resource, object } of engine.define(scenario.graph, namespace))
    await stage.client.create(resource, object);
  const names = Array.from({ length: scenario.runs }, (_, index) => `run-${index}`);
  const expected = expectedSteps(scenario).length;
  const [startedMs, cpuBefore] = [performance.now(), controller.cpuSeconds()];
  const progress = setInterval(() => log(describeProgress(scene, scenario, startedMs)), 10_000);
  try {
    const creating = createRuns(stage, engine, scenario, namespace, names);
    const { rest, startsMs } = await follow({ engine, scenario, stage, controller, scene, creating });
    const seconds = (performance.now() - startedMs) / 1000;
    const { auditLog } = stage.plane;
    await untilQuiet(auditLog);
    const { plural } = engine.children;
    // The log is large, because it holds the bodies of all writes. If nothing was restarted, it is read only once.
    const restarts =
      startsMs.length === 0
        ? []
        : await findFirstCreates(readLines(auditLog), { user: USER, namespace, plural }, startsMs);
    const { duplicates, lost, reactionsMs, endingsMs } = findIn(scene, scenario, names);
    const isOver = scenario.course.kind !== 'rest';
    return {
      ...{ engine: engine.id, scenario: scenario.id, date: new Date().toISOString(), loadBefore },
      ...{ runs: scenario.runs, steps: scenario.runs * (isOver ? expected : 1), children: scene.children.size },
      ...{ seconds, writes: await sumWrites(readLines(auditLog), USER, namespace) },
      ...{ duplicates, lost: isOver ? lost : 0, reaction: spreadOf(reactionsMs), ending: spreadOf(endingsMs) },
      ...{ cpuSeconds: controller.cpuSeconds() - cpuBefore, peakMib: controller.peakBytes() / MIB },
      ...{ rest, restartSeconds: spreadOf(restarts)?.median },
    };
  } finally {
    clearInterval(progress);
  }
}

/** Lets one run of one step end before anything is measured, so that connections are open and informers are filled. */
async function warmUp(engine: Engine, stage: Stage): Promise<void> {
  const namespace = 'bench-warm-up';
  await stage.makeNamespace(namespace);
  const scene = stage.standIn.play(namespace, { afterMs: 0 });
  for (const { resource, object } of engine.define(chain(1), namespace)) await stage.client.create(resource, object);
  await stage.client.create(engine.runs, engine.run('run-0', namespace));
  if (!(await until(() => scene.endedRuns.size === 1, 120)))
    throw new Error(`${engine.id} did not finish a run of one step in 2 minutes`);
}

function describeProgress({ children, endedRuns }: Scene, { runs }: Scenario, startedMs: number): string {
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  return `${endedRuns.size} of ${runs} runs ended, ${children.size} children seen, ${seconds} s`;
}

async function createRuns(
  { client }: Stage,
  engine: Engine,
  { apartMs }: Scenario,
  namespace: string,
  names: readonly string[],
): Promise<void> {
  const startedMs = performance.now();
  let next = 0;
  const take = async () => {
    for (let index = next++; index < names.length; index = next++) {
      await delay(Math.max(0, startedMs + index * apartMs - performance.now()));
      await client.create(engine.runs, engine.run(names[index] as string, namespace) as KubeObject);
    }
  };
  await Promise.all(Array.from({ length: CREATORS }, take));
}

interface Play {
  readonly engine: Engine;
  readonly scenario: Scenario;
  readonly stage: Stage;
  readonly controller: Controller;
  readonly scene: Scene;
  /** Settles when all runs are created. */
  readonly creating: Promise<void>;
}

interface Course {
  readonly rest?: Outcome['rest'];
  /** When the engine was started again, in milliseconds since 1970. */
  readonly startsMs: readonly number[];
}

/** Resolves when the scenario is over. Waits at most half an hour for runs to end. The others count as lost. */
async function follow(play: Play): Promise<Course> {
  const { scenario, scene, creating } = play;
  if (scenario.course.kind === 'rest') return rest(play);
  const killing = scenario.course.kind === 'kill' ? killAndRestart(play, scenario.course.times) : [];
  await creating;
  await until(() => scene.endedRuns.size === scenario.runs, PATIENCE_SECONDS);
  return { startsMs: await killing };
}

/** Kills the engine and starts it again each time another share of all children exists. Resolves with the starts. */
async function killAndRestart({ scenario, controller, scene }: Play, times: number): Promise<number[]> {
  const all = scenario.runs * scenario.graph.steps.length;
  const startsMs: number[] = [];
  for (let kill = 1; kill <= times; kill++) {
    const isDue = () => scene.children.size >= (all * kill) / (times + 1);
    if (!(await until(() => isDue() || scene.endedRuns.size === scenario.runs, PATIENCE_SECONDS))) break;
    await controller.kill();
    startsMs.push(Date.now());
    await controller.start();
  }
  return startsMs;
}

/** Measures many live runs with a running child each: memory and CPU at rest, and a restart with one thing to do. */
async function rest({ scenario, stage, controller, scene, creating }: Play): Promise<Course> {
  await creating;
  if (!(await until(() => scene.children.size >= scenario.runs, PATIENCE_SECONDS)))
    throw new Error(`only ${scene.children.size} of ${scenario.runs} runs have a child after half an hour`);
  await untilQuiet(stage.plane.auditLog);
  const usedBefore = controller.cpuSeconds();
  await delay(REST_SECONDS * 1000);
  const atRest = {
    residentMib: controller.residentBytes() / MIB,
    cpuSecondsPerMinute: (controller.cpuSeconds() - usedBefore) * (60 / REST_SECONDS),
  };
  await controller.kill();
  const [, first] = [...scene.children][0] ?? [];
  if (first !== undefined) await stage.standIn.end(first);
  const before = scene.children.size;
  const startedMs = Date.now();
  await controller.start();
  await until(() => scene.children.size > before, RESTART_SECONDS);
  return { rest: atRest, startsMs: [startedMs] };
}

/** Waits until `isSo` returns true. Returns false if it does not in time. */
async function until(isSo: () => boolean, withinSeconds: number): Promise<boolean> {
  const deadline = performance.now() + withinSeconds * 1000;
  while (!isSo()) {
    if (performance.now() > deadline) return false;
    await delay(10);
  }
  return true;
}
