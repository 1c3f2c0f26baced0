// `make bench-ui`: measures the page with a run of 1,000 steps, and with 10,000 runs, in a real browser. Updates for
// `--minutes` show whether memory stays flat.
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { CDPSession, Page } from 'playwright-core';
import { startBrowser } from '../../test/support/browser.ts';
import { startUiStage, type UiStage } from '../../test/support/ui-stage.ts';
import { type Budget, formatTable, type Row, verdictOf } from '../table.ts';
import { median, percentile } from '../turns.ts';
import { probe } from './probe.ts';
import { measureRuns } from './runs.ts';

const STEPS = 1_000;
const LOADS = 5;
const UPDATES = 200;
const EVERY_MS = 100;
const PATIENCE_MS = 60_000;
const MIB = 1024 * 1024;

interface Notes {
  readonly dataAt?: number;
  readonly readyAt?: number;
  readonly paints: readonly number[];
}

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '1' } } });
await using stage = await startUiStage(STEPS);
await using browser = await startBrowser();
const { page, complaints } = await browser.open('about:blank');
await page.addInitScript(`globalThis.benchSteps = ${STEPS};${probe}`);
const devtools = await browser.context.newCDPSession(page);
const rows = [
  await measureLoads(page, stage),
  ...(await measureUpdates(page, stage, devtools)),
  await measureMemory(stage, devtools, Number(values.minutes) * 60_000),
  ...(await measureRuns(browser)),
];
if (complaints.length > 0) throw new Error(complaints.join('\n'));
console.log(`${formatTable(rows)}\n`);
if (rows.some((row) => verdictOf(row) === 'NOT HELD')) process.exitCode = 1;

/** Measures from the graph's arrival in the browser until all boxes are painted and the page has nothing left to do. */
async function measureLoads(page: Page, { url }: UiStage): Promise<Row> {
  const times: number[] = [];
  while (times.length < LOADS) {
    await page.goto('about:blank');
    await page.goto(url);
    const { dataAt = Number.NaN, readyAt = Number.NaN } = await readNotes(page, (notes) => notes.readyAt !== undefined);
    times.push(readyAt - dataAt);
  }
  return rowOf(`from data to interactive, worst of ${LOADS}`, 'ms', Math.max(...times), { max: 1000 });
}

/** Measures from the arrival of a changed step until it is painted, for one step after another. */
async function measureUpdates(page: Page, { names, change }: UiStage, devtools: CDPSession): Promise<Row[]> {
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const before = await readBusySeconds(devtools);
  let paints: readonly number[] = [];
  for (let done = 0; done < UPDATES; done++) {
    const index = STEPS / 2 + done;
    await page.evaluate(`benchWatch(${JSON.stringify(names[index])})`);
    change(index);
    ({ paints } = await readNotes(page, (notes) => notes.paints.length > done));
  }
  const busyMs = ((await readBusySeconds(devtools)) - before) * 1000;
  return [
    rowOf('time of the browser’s thread for one changed step', 'ms', busyMs / UPDATES, {}),
    rowOf('from one changed step to its paint, median', 'ms', median(paints), {}),
    rowOf('from one changed step to its paint, p99', 'ms', percentile(paints, 0.99), { max: 50 }),
  ];
}

/** Reads how long the page's thread has worked so far. Other work of the machine is not included. */
async function readBusySeconds(devtools: CDPSession): Promise<number> {
  const { metrics } = await devtools.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN;
}

/**
 * Measures the heaps of script and document after a garbage collection, at the end of the updates. Compares them with
 * those after a fifth of the time.
 */
async function measureMemory({ change }: UiStage, devtools: CDPSession, forMs: number): Promise<Row> {
  const readHeap = async () => {
    await devtools.send('HeapProfiler.collectGarbage');
    const { usedSize, embedderHeapUsedSize } = await devtools.send('Runtime.getHeapUsage');
    return (usedSize + embedderHeapUsedSize) / MIB;
  };
  const start = performance.now();
  let early: number | undefined;
  let done = 0;
  for (; performance.now() - start < forMs; done++) {
    change(done % STEPS);
    await delay(EVERY_MS);
    if (early === undefined && performance.now() - start > forMs / 5) early = await readHeap();
  }
  const minutes = forMs / 60_000;
  const row = rowOf(`heap of the page after ${minutes} min, ${done} updates`, 'MiB', await readHeap(), { maxAdded: 2 });
  return { ...row, against: 'after a fifth of that', ...(early !== undefined && { other: early }) };
}

/** Returns the notes of the probe, once there are enough. */
async function readNotes(page: Page, isEnough: (notes: Notes) => boolean): Promise<Notes> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await delay(20)) {
    const notes: Notes = await page.evaluate('globalThis.benchNotes ?? { paints: [] }');
    if (isEnough(notes)) return notes;
  }
  throw new Error(`the page was not drawn within ${PATIENCE_MS / 1000} s`);
}

function rowOf(what: string, unit: string, ours: number, budget: Budget): Row {
  return { what: `page of ${STEPS.toLocaleString('en-US')} steps: ${what}`, unit, ours, budget };
}
