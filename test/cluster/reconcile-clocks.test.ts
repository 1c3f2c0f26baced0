import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sharedCluster, useNamespace } from '../support/controlplane/suite.ts';
import { installCrds } from '../support/gate.ts';
import { connectReconciled, startReconciler } from '../support/reconciler.ts';
import { tool } from '../support/run-steps.ts';
import { hasEnded, isStep, outcomeOf, stepOf } from '../support/statuses.ts';

const HOUR = 3_600;
const preload = join(import.meta.dirname, '../support/wrong-clock.ts');

describe('a reconciler whose clock is', () => {
  const cluster = sharedCluster();
  const ownNamespace = useNamespace();

  it.each([
    ['an hour slow', -HOUR],
    ['an hour fast', HOUR],
  ])('%s writes the times of the API server, and ends nothing early', async (title, ahead) => {
    await installCrds(cluster, 'agents');
    const environment = { NODE_OPTIONS: `--import=${preload}`, AHEAD_SECONDS: String(ahead) };
    const wrong = await startReconciler(cluster, { ownNamespace, environment });
    const { run, api, endChild, statusOf } = connectReconciled(cluster, ownNamespace, wrong.process);
    const [late, brief] = ahead < 0 ? ['late-slow', 'brief-slow'] : ['late-fast', 'brief-fast'];
    await run(late, { steps: [tool('a'), tool('b')], policies: { timeouts: { totalSeconds: 1_800 } } });
    await run(brief, { steps: [tool('a')], policies: { ttlSecondsAfterFinished: 600 } });
    await endChild(brief, 'a', 'Succeeded');
    await statusOf(brief, hasEnded);
    await statusOf(late, isStep('a', 'Running'));
    await wrong.stop();
    const right = await startReconciler(cluster, { ownNamespace });
    try {
      await endChild(late, 'a', 'Succeeded');
      const status = await statusOf(late, isStep('b', 'Running'));
      const { metadata } = (await api.read('OrchestrationRun', late)) ?? {};
      const createdMs = Date.parse(metadata?.creationTimestamp ?? '');
      const ended = await statusOf(brief, hasEnded);
      for (const time of [status.startedAt, stepOf(status, 'a').startedAt, ended.startedAt, ended.finishedAt]) {
        expect(Date.parse(time ?? '') - createdMs, title).toBeGreaterThanOrEqual(0);
        expect(Date.parse(time ?? '') - createdMs, title).toBeLessThan(60_000);
      }
      expect(outcomeOf(ended)?.reason).toBe('Completed');
      expect((await api.read('OrchestrationRun', brief))?.metadata.deletionTimestamp).toBeUndefined();
    } finally {
      await right.stop();
    }
  });
});
