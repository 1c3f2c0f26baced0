import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startPaperApi } from '../support/paper-api.ts';
import { type Crowd, paperDelivery, paperRuns } from '../support/paper-runs.ts';
import { startReconciler } from '../support/reconciler.ts';

const patience = { timeout: 90_000, interval: 500 };
const CAUSES = ['memory', 'stalled', 'killed', 'fault', 'exit'];

/** The reconciler as a process, with the smallest heap that it may have, before an API server with these runs. */
async function start(crowd: Crowd) {
  const api = await startPaperApi({ ...paperRuns(crowd), kubeconfigPath: join(tmpdir(), `paper-${randomUUID()}`) });
  onTestFinished(() => api[Symbol.asyncDispose]());
  const environment = { JANGAR_ORCHESTRATION_CONTROLLER_NAMESPACES: '*' };
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

describe('an engine with 64 MiB of heap', { timeout: 180_000 }, () => {
  test('lives with 1,100 finished runs of 1,000 steps, and goes on with a live one', async () => {
    const { api, deaths } = await start({ live: 1, finished: 1_100, steps: 1_000 });
    await expect
      .poll(() => api.writes.map(({ call }) => call), patience)
      .toContainEqual(expect.stringContaining('POST'));
    expect(await deaths()).toEqual([]);
  });

  test('lives with 10,000 finished runs and 5,000 deliveries of 50 KB, and goes on with a live one', async () => {
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
