import { setTimeout as delay } from 'node:timers/promises';
import { expect, inject, it } from 'vitest';
import { createRandom } from '../../fuzz/random.ts';
import { type LiveRuns, startLiveRuns } from '../live-runs.ts';
import { useCrds, useRelease } from '../release.ts';
import { startTraffic, type Traffic } from '../traffic.ts';
import { type Fault, faults, type Ground } from './faults.ts';
import { describeGrowth, describeMemory, type MemorySample, sampleMemory } from './memory.ts';

const RATE = 20;
const RUNS = 50;
/**
 * By default, Kubernetes deletes what finished runs own with at most 20 requests a second. If attempts took only a few
 * seconds, more runs would end than that allows.
 */
const ATTEMPTS = { leastMs: 10_000, mostMs: 30_000 };
const MINUTE_MS = 60_000;
const minutes = inject('minutes');
const calm = inject('calm');
const seed = inject('seed');

useCrds('agents');
const release = useRelease();

/** A fault of the schedule, from its cause until all was well again. */
interface Played {
  readonly title: string;
  readonly mayFail: boolean;
  readonly from: number;
  readonly to: number;
  /** Why it is not known that all was well again. */
  readonly complaint: readonly string[];
}

it(`answers ${RATE} applies a second rightly and ends ${RUNS} live runs, while things break`, {
  timeout: (minutes + calm + 30) * MINUTE_MS,
}, async () => {
  const values = ['orchestrationController.enabled=true'];
  await release.deploy('install', ...values);
  await release.waitForDenial();
  const traffic = startTraffic(release.cluster, release.namespace, RATE);
  const live = await startLiveRuns(release.cluster, release.namespace, RUNS, ATTEMPTS);
  const upgrade = () => release.deploy('upgrade', ...values);
  const ground: Ground = { release, traffic, random: createRandom(seed, 0), upgrade };
  const played: Played[] = [];
  const reporting = report(traffic, live, played);
  try {
    await playFaults(ground, played);
    // Processes that keep breaking do not live long enough to show whether their memory grows.
    await delay(calm * MINUTE_MS);
  } finally {
    await traffic.stop();
    await live.stop();
    reporting.stop();
  }
  const lines = [
    ...summarize(traffic, live),
    ...summarizeFaults(traffic, played),
    ...describeGrowth(reporting.samples),
  ];
  for (const line of [...lines, JSON.stringify(traffic.wrong)]) console.log(line);
  expect(played.flatMap(({ complaint }) => complaint)).toEqual([]);
  expect(live.wrong).toEqual([]);
  expect(traffic.sent.filter(({ outcome, isVerdict }) => outcome === 'wrong' && isVerdict)).toEqual([]);
  expect(failuresOf(traffic, played).unexplained).toEqual([]);
});

/** Breaks one thing after another, each chosen at random, until the time is over. */
async function playFaults(ground: Ground, played: Played[]): Promise<void> {
  const hasShell = inject('nodeShell') !== '';
  const due = faults.filter(({ isOnNode = false }) => hasShell || !isOnNode);
  console.log(`seed ${seed}, ${minutes} minutes and ${calm} of calm: ${due.map(({ title }) => title).join(', ')}`);
  if (!hasShell)
    console.log('no process is killed or frozen: NODE_SHELL says no command that runs a script on the node');
  const end = performance.now() + minutes * MINUTE_MS;
  const { random } = ground;
  while (performance.now() < end) {
    await delay(5_000 + random.int(15_000));
    await playOne(random.pick(due), ground, played);
  }
}

async function playOne({ title, mayFail = false, cause }: Fault, ground: Ground, played: Played[]): Promise<void> {
  const from = performance.now();
  const complaint = await cause(ground).then(
    () => [],
    (error: Error) => [`${title}: ${error.message}`],
  );
  for (const line of complaint) console.log(line);
  played.push({ title, mayFail, from, to: performance.now(), complaint });
}

/** Prints a line every minute: what was sent and answered, what has ended, and what is in memory. */
function report(traffic: Traffic, live: LiveRuns, played: readonly Played[]) {
  const samples: MemorySample[] = [];
  let minute = 0;
  let done = { sent: 0, ended: 0, played: 0 };
  console.log(
    '| minute | applies | away | failed | wrong | runs ended | duplicates and lost | broken | memory, the most of each |',
  );
  console.log('|---|---|---|---|---|---|---|---|---|');
  const print = async () => {
    const now = await sampleMemory(release);
    samples.push(...now);
    const sent = traffic.sent.slice(done.sent);
    const count = countOutcomes(sent);
    const titles = played.slice(done.played).map(({ title }) => title);
    const cells = [
      ++minute,
      sent.length,
      count.away,
      count.failed,
      count.wrong,
      live.ended() - done.ended,
      live.wrong.length,
    ];
    done = { sent: traffic.sent.length, ended: live.ended(), played: played.length };
    console.log(`| ${[...cells, titles.join(', '), describeMemory(now)].join(' | ')} |`);
  };
  const timer = setInterval(() => void print(), MINUTE_MS);
  return { samples, stop: () => clearInterval(timer) };
}

function countOutcomes(sent: Traffic['sent']) {
  const count = (isSo: (one: Traffic['sent'][number]) => boolean) => sent.filter(isSo).length;
  return {
    away: count(({ outcome }) => outcome === 'unavailable'),
    failed: count(({ outcome, isVerdict }) => outcome === 'wrong' && !isVerdict),
    wrong: count(({ outcome, isVerdict }) => outcome === 'wrong' && isVerdict),
  };
}

/** Applies that got no verdict although the API server was there, and those of them that no fault explains. */
function failuresOf({ sent }: Traffic, played: readonly Played[]) {
  const failed = sent.filter(({ outcome, isVerdict }) => outcome === 'wrong' && !isVerdict);
  const isExplained = (at: number) =>
    played.some(({ mayFail, from, to }) => mayFail && at >= from - 10_000 && at <= to);
  return { failed, unexplained: failed.filter(({ at }) => !isExplained(at)) };
}

/** What came of all applies and runs. */
function summarize({ sent }: Traffic, live: LiveRuns): readonly string[] {
  const { away, failed, wrong } = countOutcomes(sent);
  return [
    `${sent.length} applies, ${away} away, ${failed} failed, ${wrong} wrong`,
    `${live.ended()} runs ended, ${live.wrong.length} duplicates and lost`,
  ];
}

/** A line for each kind of fault: how often it happened, and the outcome of the applies meanwhile. */
function summarizeFaults({ sent }: Traffic, played: readonly Played[]): readonly string[] {
  const byTitle = Map.groupBy(played, ({ title }) => title);
  return [...byTitle].map(([title, times]) => {
    const within = sent.filter(({ at }) => times.some(({ from, to }) => at >= from && at <= to));
    const { away, failed, wrong } = countOutcomes(within);
    return `${title}: ${times.length} times, ${within.length} applies, ${away} away, ${failed} failed, ${wrong} wrong`;
  });
}
