import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type PaperApi, startPaperApi } from '../../test/support/paper-api.ts';
import { type Crowd, paperDelivery, paperRuns } from '../../test/support/paper-runs.ts';
import type { Row } from '../table.ts';
import { median } from '../turns.ts';
import { cpuSeconds } from '../usage.ts';
import { startReconciler } from './process.ts';

const MIB = 1024 * 1024;
const DELIVERIES = 2_000;
/** Memory differs by up to 15 MiB from start to start, depending on when the garbage was last collected. */
export const STARTS = 5;

interface Seen {
  readonly residentMib: number;
  /** From exec to the first write. NaN if there is nothing to do. */
  readonly firstActionSeconds: number;
  /** The CPU time of the supervisor and the engine for each delivery. */
  readonly deliveryMs: number;
}

/**
 * Measures what finished runs cost the reconciler. The API server makes up its lists, so that etcd does not affect the
 * result. Memory is that of the engine alone.
 */
export async function benchHistory(): Promise<Row[]> {
  const [live, both, thousand, few, large] = await seeInTurn([
    { live: 5_000, finished: 0, steps: 10 },
    { live: 5_000, finished: 10_000, steps: 10 },
    { live: 1_000, finished: 10_000, steps: 10 },
    { live: 1, finished: 0, steps: 1_000 },
    { live: 1, finished: 1_100, steps: 1_000 },
  ]);
  return [
    rowOf('memory of the engine with 5,000 live runs of 10 steps', 'MiB', live.residentMib, 200),
    rowOf('what 10,000 finished runs add', 'MiB', both.residentMib - live.residentMib, 30),
    rowOf('what 1,100 finished runs of 1,000 steps add', 'MiB', large.residentMib - few.residentMib, 30),
    rowOf('5,000 live and 10,000 finished runs, from exec to the first action', 's', both.firstActionSeconds, 5),
    rowOf('a SignalDelivery beside 1,000 live and 10,000 finished runs', 'ms', thousand.deliveryMs, 1),
  ];
}

function rowOf(what: string, unit: string, ours: number, max: number): Row {
  return { what: `reconciler: ${what}`, unit, ours, budget: { max } };
}

/** Measures the crowds one after another, several times. Returns the medians, in the order of the crowds. */
async function seeInTurn<Crowds extends readonly Crowd[]>(crowds: readonly [...Crowds]) {
  const seen = crowds.map((): Seen[] => []);
  for (let start = 0; start < STARTS; start++)
    for (const [index, crowd] of crowds.entries()) seen[index]?.push(await see(crowd));
  const medianOf = (all: readonly Seen[], part: keyof Seen) => median(all.map((one) => one[part]));
  return seen.map((all) => ({
    residentMib: medianOf(all, 'residentMib'),
    firstActionSeconds: medianOf(all, 'firstActionSeconds'),
    deliveryMs: medianOf(all, 'deliveryMs'),
  })) as { [Index in keyof Crowds]: Seen };
}

async function see(crowd: Crowd): Promise<Seen> {
  const kubeconfigPath = join(tmpdir(), `paper-${randomUUID()}`);
  await using api = await startPaperApi({ ...paperRuns(crowd), kubeconfigPath });
  await using reconciler = await startReconciler(api.kubeconfig);
  await untilQuiet(api);
  const residentMib = reconciler.engineBytes() / MIB;
  const [first] = api.writes;
  const firstActionSeconds = ((first?.atMs ?? Number.NaN) - reconciler.startedMs) / 1000;
  const before = cpuSeconds(reconciler.pids());
  for (let index = 0; index < DELIVERIES; index++) {
    api.tell('signaldeliveries', 'ADDED', paperDelivery(index, 1_000));
    if (index % 50 === 0) await delay(1);
  }
  await delay(1_000);
  return {
    residentMib,
    firstActionSeconds,
    deliveryMs: (1_000 * (cpuSeconds(reconciler.pids()) - before)) / DELIVERIES,
  };
}

/** Resolves when the reconciler has not asked for anything for two seconds. */
export async function untilQuiet(api: PaperApi): Promise<void> {
  for (let quiet = 0, before = -1; quiet < 20; before = api.reads() + api.writes.length) {
    await delay(100);
    quiet = before === api.reads() + api.writes.length ? quiet + 1 : 0;
  }
}
