import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startPaperApi } from '../support/paper-api.ts';
import { type Crowd, paperDelivery, paperRuns } from '../support/paper-runs.ts';
import { startReconciler } from '../support/reconciler.ts';

const patience = { timeout: 150_000, interval: 500 };
const CAUSES = ['memory', 'stalled', 'killed', 'fault', 'exit'];

/** The reconciler as a process, with the smallest allowed heap, and an API server with these runs. */
async function start(crowd: Crowd) {
  const api = await startPaperApi({ ...paperRuns(crowd), kubeconfigPath: join(tmpdir(), `paper-${randomUUID()}`) });
  onTestFinished(() => api[Symbol.asyncDispose]());
  const environment = { AGENTS_ORCHESTRATION_CONTROLLER_NAMESPACES: '*' };
  const flags = ['--engine-heap-mib=64'];
  const reconciler = await startReconciler(api, { ownNamespace: 'paper', environment, flags });
  onTestFinished(reconciler.stop);
  const deaths = async () => {
    const counts = CAUSES.map((cause) =>
      reconciler.readMetric(`orchestration_gate_engine_restarts_total{cause="${cause}"}`),
    );
    return (await Promise.all(counts)).filter((count) => count !== 0);
  };
  return { api, reconciler, deaths };
}

describe('an engine with 64 MiB of heap', { timeout: 400_000 }, () => {
  test('handles 1,100 finished runs of 1,000 steps, and continues a live run', async () => {
    const { api, deaths } = await start({ live: 1, finished: 1_100, steps: 1_000 });
    await expect
      .poll(() => api.writes.map(({ call }) => call), patience)
      .toContainEqual(expect.stringContaining('POST'));
    expect(await deaths()).toEqual([]);
  });

  test('handles 10,000 finished runs and 5,000 deliveries of 50 KB, and continues a live run', async () => {
    const { api, reconciler, deaths } = await start({ live: 1, finished: 10_000, steps: 10 });
    await expect
      .poll(() => api.writes.map(({ call }) => call), patience)
      .toContainEqual(expect.stringContaining('POST'));
    const requests = 'orchestration_gate_watch_age_seconds{resource="signaldeliveries"}';
    for (let index = 0; index < 5_000; index++) api.tell('signaldeliveries', 'ADDED', paperDelivery(index, 50_000));
    await expect.poll(() => reconciler.readMetric(requests), patience).toBeGreaterThan(2);
    expect(await deaths()).toEqual([]);
  });
});

test('an engine that repeatedly blocks on a watch event quarantines no run that is in work at that time', {
  timeout: 400_000,
}, async () => {
  const paper = paperRuns({ live: 1, finished: 0, steps: 2 });
  const news = { ...paperDelivery(0, 1), metadata: { name: 'poison-news', namespace: 'paper', uid: 'poison-news' } };
  /** A reconcile reads its snapshot first. That takes long enough for a watch event to arrive in the meantime. */
  const read = async (plural: string, name: string) => {
    if (plural === 'controllerrevisions') await delay(1_500);
    return paper.read(plural, name);
  };
  const api = await startPaperApi({ ...paper, read, kubeconfigPath: join(tmpdir(), `paper-${randomUUID()}`) });
  onTestFinished(() => api[Symbol.asyncDispose]());
  const preload = pathToFileURL(join(import.meta.dirname, '../support/poison.ts')).href;
  const environment = { AGENTS_ORCHESTRATION_CONTROLLER_NAMESPACES: '*', NODE_OPTIONS: `--import=${preload}` };
  const flags = ['--stall-seconds=2', '--restart-cap-seconds=1'];
  const reconciler = await startReconciler(api, { ownNamespace: 'paper', environment, flags, waitsFor: 'answer' });
  onTestFinished(reconciler.stop);
  const count = async (series: string) => (await reconciler.readMetric(series)) ?? 0;
  const stalls = () => count('orchestration_gate_engine_restarts_total{cause="stalled"}');
  const quarantined = () => count('orchestration_gate_quarantined{kind="OrchestrationRun"}');
  const isShown = async () => {
    api.tell('signaldeliveries', 'ADDED', news);
    return (await stalls()) >= 4 || (await quarantined()) > 0;
  };
  await expect.poll(isShown, patience).toBe(true);
  expect(await quarantined()).toBe(0);
});
