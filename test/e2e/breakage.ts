import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import { isAnswering } from '../support/controlplane/network.ts';
import { readSeries } from '../support/metrics-page.ts';
import { waitUntil } from '../support/namespaced-api.ts';
import { OURS, type Release } from './release.ts';
import type { Traffic } from './traffic.ts';

export const patienceSeconds = 180;

interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
}

/** The pods of a release that are not about to end. */
export async function listPods({ kubectl }: Release): Promise<readonly Pod['metadata'][]> {
  const { items } = JSON.parse(await kubectl(['get', 'pods', '-l', OURS, '-o', 'json'])) as { items: readonly Pod[] };
  return items.map(({ metadata }) => metadata).filter(({ deletionTimestamp }) => deletionTimestamp === undefined);
}

/** Their names. */
export async function podNames(release: Release): Promise<readonly string[]> {
  return (await listPods(release)).map(({ name }) => name);
}

/** The ports of a pod that serve metrics: those of the gate, and those of the supervisor and its engine. */
export type SidePort = 8080 | 8081;

/** The value of a metric of a pod; undefined where it has none. */
export async function readMetric(
  { kubectl, namespace }: Release,
  pod: string,
  port: SidePort,
  series: string,
): Promise<number | undefined> {
  const page = await kubectl(['get', '--raw', `/api/v1/namespaces/${namespace}/pods/${pod}:${port}/proxy/metrics`]);
  return readSeries(page, series);
}

/** Waits until a metric of each of the pods is more than it was. */
export async function waitForMore(
  before: readonly number[],
  read: () => Promise<readonly number[]>,
  what: string,
): Promise<void> {
  let last: readonly number[] = [];
  const isMore = async () => {
    last = await read();
    return last.every((value, index) => value > (before[index] ?? 0));
  };
  await waitUntil(what, isMore, () => `${before} became ${last}`, patienceSeconds);
}

export async function deletePod(release: Release): Promise<void> {
  const [first = ''] = await podNames(release);
  await release.kubectl(['delete', 'pod', first]);
  await release.waitForPods();
}

/** How many certificates each of the pods has signed. */
export function countLeaves(release: Release, pods: readonly string[]): Promise<readonly number[]> {
  const series = 'orchestration_gate_certificates_issued_total{what="leaf"}';
  return Promise.all(pods.map(async (pod) => (await readMetric(release, pod, 8081, series)) ?? 0));
}

export async function replaceAuthority(release: Release): Promise<void> {
  const pods = await podNames(release);
  const before = await countLeaves(release, pods);
  await release.kubectl(['patch', 'secret/orchestration-gate-ca', '--type=merge', '--patch', '{"data":null}']);
  await waitForMore(before, () => countLeaves(release, pods), 'certificates of the new authority');
}

export async function killApiserver({ cluster, waitForPods }: Release, traffic: Traffic): Promise<void> {
  const command = inject('killApiserver');
  if (command === '') return console.log('the API server is not killed: KILL_APISERVER says no command that does it');
  const { server, caData, adminToken } = cluster;
  const ca = Buffer.from(caData, 'base64').toString();
  const isServing = () => isAnswering(`${server}/readyz`, { ca, token: adminToken ?? '' });
  traffic.excuse();
  await promisify(execFile)('/bin/sh', ['-c', command]);
  await waitUntil('the API server to be away', async () => !(await isServing()), undefined, 30);
  await waitUntil('the API server to be back', isServing, undefined, patienceSeconds);
  await delay(1_000); // this also excuses answers to requests that were sent before it was ready
  traffic.resume();
  await waitForPods();
  await delay(5_000);
}
