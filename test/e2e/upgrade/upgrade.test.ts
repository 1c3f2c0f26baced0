import { expect, inject, it } from 'vitest';
import { waitUntil } from '../../support/namespaced-api.ts';
import { type LiveRuns, startLiveRuns } from '../live-runs.ts';
import { thisVersion, useCrds, useRelease, type Version } from '../release.ts';
import { startTraffic } from '../traffic.ts';

const RATE = 20;
const RUNS = 50;
const values = ['orchestrationController.enabled=true', 'webhook.timeoutSeconds=10', 'minReadySeconds=1'];

useCrds('agents');
const release = useRelease();

it('moves live runs from an older version to this one, back, and to three replicas, and denies nothing wrongly', {
  timeout: 1_800_000,
}, async () => {
  const older: Version = { chart: inject('oldChart'), image: inject('oldImage') };
  await release.deployVersion(older, 'install', ...values);
  await release.waitForDenial();
  const traffic = startTraffic(release.cluster, release.namespace, RATE);
  const live = await startLiveRuns(release.cluster, release.namespace, RUNS);
  const moveTo = async (title: string, version: Version, ...more: readonly string[]) => {
    const from = { sent: traffic.sent.length, ended: live.ended() };
    await release.deployVersion(version, 'upgrade', ...values, ...more);
    // By then, all runs from before have ended, and as many that this version has started.
    await waitForEnds(`runs to end after ${title}`, live, from.ended + 2 * RUNS);
    console.log(`${title}: ${traffic.sent.length - from.sent} applies, ${live.ended() - from.ended} runs ended`);
  };
  try {
    await waitForEnds('runs to end under the older version', live, RUNS);
    await moveTo('the upgrade', thisVersion());
    await moveTo('the way back', older);
    await moveTo('the upgrade to three replicas', thisVersion(), 'replicaCount=3');
  } finally {
    await traffic.stop();
  }
  await live.stop();
  const count = (outcome: string) => traffic.sent.filter((one) => one.outcome === outcome).length;
  console.log(`${live.ended()} runs; applies: ${count('right')} right, ${count('wrong')} wrong`);
  expect(live.wrong).toEqual([]);
  expect(traffic.wrong).toEqual([]);
});

function waitForEnds(what: string, live: LiveRuns, count: number): Promise<void> {
  const describe = () => `${live.ended()} of ${count} have ended; ${live.wrong.slice(0, 5).join('; ')}`;
  return waitUntil(what, () => Promise.resolve(live.ended() >= count), describe, 600);
}
