import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { inject } from 'vitest';
import type { Random } from '../../fuzz/random.ts';
import { waitUntil } from '../../support/namespaced-api.ts';
import {
  countLeaves,
  deletePod,
  killApiserver,
  listPods,
  patienceSeconds,
  podNames,
  replaceAuthority,
  waitForMore,
} from '../breakage.ts';
import type { Release } from '../release.ts';
import type { Traffic } from '../traffic.ts';

/** What a fault needs to break things. */
export interface Ground {
  readonly release: Release;
  readonly traffic: Traffic;
  readonly random: Random;
  /** Installs the chart again, over what is there. */
  readonly upgrade: () => Promise<void>;
}

export interface Fault {
  readonly title: string;
  /** Whether it needs NODE_SHELL. */
  readonly isOnNode?: boolean;
  /** Whether reviews in progress may fail, because the gate gets no time to answer them. */
  readonly mayFail?: boolean;
  /** Resolves when all is well again. */
  readonly cause: (ground: Ground) => Promise<void>;
}

const DEPLOYMENT = 'deployment/orchestration-gate';
/** How long a process stands still: longer than the supervisor and the Leases wait. */
const FROZEN_MS = 40_000;

export const faults: readonly Fault[] = [
  { title: 'a pod deleted', cause: ({ release }) => deletePod(release) },
  { title: 'a gate killed', isOnNode: true, mayFail: true, cause: (ground) => kill(ground, 'serve') },
  { title: 'an engine killed', isOnNode: true, cause: (ground) => kill(ground, 'engine') },
  { title: 'a supervisor killed', isOnNode: true, cause: (ground) => kill(ground, 'reconcile') },
  { title: 'an engine frozen', isOnNode: true, cause: (ground) => freeze(ground, 'engine') },
  { title: 'the API server killed', cause: ({ release, traffic }) => killApiserver(release, traffic) },
  { title: 'rolling restart', cause: ({ release }) => restart(release) },
  { title: 'scaled to 1, 3 and 2', cause: ({ release }) => scale(release) },
  { title: 'the authority replaced', cause: ({ release }) => replaceAuthority(release) },
  { title: 'the Secret deleted', cause: deleteSecret },
];

/** Sends a signal to a process of one of the pods. A word of its command line identifies the process. */
async function signal({ release, random }: Ground, word: string, name: string, uid?: string): Promise<string> {
  const chosen = uid ?? random.pick(await listPods(release)).uid;
  const script = `for process in /proc/[0-9]*; do
    grep -qs 'pod${chosen.replaceAll('-', '[-_]')}' $process/cgroup || continue
    tr '\\0' '\\n' < $process/cmdline | grep -qx '${word}' && kill -${name} "\${process#/proc/}" && echo sent
  done`;
  const shell = spawn('/bin/sh', ['-c', inject('nodeShell')], { stdio: ['pipe', 'pipe', 'inherit'] });
  shell.stdin.end(script);
  const [sent] = await Promise.all([text(shell.stdout), once(shell, 'exit')]);
  if (!sent.includes('sent')) throw new Error(`no process of pod ${chosen} has the word ${word}`);
  return chosen;
}

async function kill(ground: Ground, word: string): Promise<void> {
  await signal(ground, word, 'KILL');
  await settle(ground.release);
}

async function freeze(ground: Ground, word: string): Promise<void> {
  const uid = await signal(ground, word, 'STOP');
  await delay(FROZEN_MS);
  // The process that watches it may have killed it.
  await signal(ground, word, 'CONT', uid).catch(() => {});
  await settle(ground.release);
}

/** Waits until every container is ready again, and two pods are there. */
async function settle({ kubectl, waitForPods }: Release): Promise<void> {
  const isReady = async () =>
    !/false/.test(await kubectl(['get', 'pods', '-o', 'jsonpath={..containerStatuses[*].ready}']));
  await delay(2_000); // kubelet notices what has ended
  await waitUntil('all containers to be ready', isReady, undefined, patienceSeconds);
  await waitForPods();
}

async function restart({ kubectl, waitForPods }: Release): Promise<void> {
  await kubectl(['rollout', 'restart', DEPLOYMENT]);
  await waitForPods();
}

async function scale({ kubectl, waitForPods }: Release): Promise<void> {
  for (const replicas of [1, 3, 2]) {
    await kubectl(['scale', DEPLOYMENT, `--replicas=${replicas}`]);
    await kubectl(['rollout', 'status', DEPLOYMENT, `--timeout=${patienceSeconds}s`]);
    await delay(5_000);
  }
  await waitForPods();
}

/** Only Helm may create the Secret again. */
async function deleteSecret({ release, upgrade }: Ground): Promise<void> {
  const pods = await podNames(release);
  const before = await countLeaves(release, pods);
  await release.kubectl(['delete', 'secret/orchestration-gate-ca']);
  await delay(10_000);
  await upgrade();
  await waitForMore(before, () => countLeaves(release, pods), 'certificates of the new authority');
  await release.waitForPods();
}
