import { setTimeout as delay } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import type { Browser } from '../../test/support/browser.ts';
import { startUiStage } from '../../test/support/ui-stage.ts';
import type { Budget, Row } from '../table.ts';
import { median, percentile } from '../turns.ts';

const RUNS = 10_000;
const STEPS = 100;
const LOADS = 5;
const PATIENCE_MS = 60_000;
const MIB = 1024 * 1024;
/** The texts that are typed into the filter, one after another. */
const TEXTS = ['r', 're', 'rel', 'release-1', 'release-12', 'web', 'deploy', 'release-9', 'none of them', ''];

/**
 * Notes when the list and the graph were painted, in milliseconds from the start of the navigation. It is text, because
 * it runs in the browser.
 */
const probe = `
  globalThis.benchPaint = {};
  const afterPaint = (callback) =>
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = callback;
      channel.port2.postMessage(undefined);
    });
  const note = (name, isThere) => {
    const look = () => (isThere() ? afterPaint(() => { benchPaint[name] = performance.now(); }) : requestAnimationFrame(look));
    requestAnimationFrame(look);
  };
  note('useful', () => document.querySelector('.entry') !== null && document.querySelectorAll('g.card').length === ${STEPS});
  note('whole', () => document.querySelector('.tab[aria-current] .count')?.textContent === '${(RUNS + 1).toLocaleString('en')}');
  globalThis.benchFilter = (text) =>
    new Promise((resolve) => {
      const field = document.getElementById('filter');
      const from = performance.now();
      field.value = text;
      field.dispatchEvent(new Event('input', { bubbles: true }));
      afterPaint(() => resolve(performance.now() - from));
    });
`;

/** Measures the page of a namespace with 10,000 runs. The selected run has 100 steps. */
export async function measureRuns(browser: Browser): Promise<Row[]> {
  await using stage = await startUiStage(STEPS, RUNS);
  const { page, complaints } = await browser.open('about:blank');
  await page.addInitScript(probe);
  // From its sources, the server bundles the script for each request. A user has it ready.
  const script = await (await fetch(new URL('/main.js', stage.url))).text();
  await page.route('**/main.js', (route) => route.fulfill({ body: script, contentType: 'text/javascript' }));
  const devtools = await browser.context.newCDPSession(page);
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const readBusyMs = async () => {
    const { metrics } = await devtools.send('Performance.getMetrics');
    return 1000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN);
  };
  await page.goto(stage.url); // it keeps the token
  const paints: { useful: number; whole: number; busy: number }[] = [];
  while (paints.length < LOADS) {
    await page.goto('about:blank');
    const beforeMs = await readBusyMs();
    await page.goto(new URL('#/run/fleet-1', stage.url).href);
    paints.push({ ...(await readPaints(page)), busy: (await readBusyMs()) - beforeMs });
  }
  const beforeMs = await readBusyMs();
  const filters: number[] = [];
  for (const text of [...TEXTS, ...TEXTS, ...TEXTS]) {
    filters.push(await page.evaluate(`benchFilter(${JSON.stringify(text)})`));
    await delay(50);
  }
  const busyMs = ((await readBusyMs()) - beforeMs) / filters.length;
  await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize, embedderHeapUsedSize } = await devtools.send('Runtime.getHeapUsage');
  await page.close();
  if (complaints.length > 0) throw new Error(complaints.join('\n'));
  return [
    rowOf(`first useful paint, median of ${LOADS}`, 'ms', median(paints.map(({ useful }) => useful)), { max: 1000 }),
    rowOf(`all runs in the list, median of ${LOADS}`, 'ms', median(paints.map(({ whole }) => whole)), {}),
    rowOf('time of the browser’s thread until then, median', 'ms', median(paints.map(({ busy }) => busy)), {}),
    rowOf('heap', 'MiB', (usedSize + embedderHeapUsedSize) / MIB, { max: 150 }),
    rowOf('time of the browser’s thread for one key in the filter', 'ms', busyMs, {}),
    rowOf('from a key in the filter to its paint, median', 'ms', median(filters), { max: 50 }),
    rowOf('from a key in the filter to its paint, p90', 'ms', percentile(filters, 0.9), {}),
  ];
}

async function readPaints(page: Page): Promise<{ readonly useful: number; readonly whole: number }> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await delay(20)) {
    const { useful, whole }: { useful?: number; whole?: number } = await page.evaluate('benchPaint');
    if (useful !== undefined && whole !== undefined) return { useful, whole };
  }
  throw new Error(`the page was not drawn within ${PATIENCE_MS / 1000} s`);
}

function rowOf(what: string, unit: string, ours: number, budget: Budget): Row {
  return { what: `page of ${RUNS.toLocaleString('en-US')} runs: ${what}`, unit, ours, budget };
}
