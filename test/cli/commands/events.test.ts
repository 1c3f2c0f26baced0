import { expect, test } from 'vitest';
import { events } from '../../../src/cli/commands/events.ts';
import type { KubeObject } from '../../../src/objects/object.ts';
import { nameChild } from '../../../src/reconciler/names.ts';
import { failureOf, fakeCluster, runIn, storedRun } from '../cluster/fake-cluster.ts';
import { stepStatus, timeAfter } from '../cluster/runs.ts';

let number = 0;
const event = (kind: string, name: string, reason: string, times: object, fields: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: `e${++number}`, uid: `e${number}`, creationTimestamp: timeAfter(0), managedFields: [] },
  involvedObject: { kind, name },
  ...{ type: 'Normal', reason, message: `${reason} it\n` },
  ...times,
  ...fields,
});
const at = (first: number, last = first) => ({ firstTimestamp: timeAfter(first), lastTimestamp: timeAfter(last) });

const child = (kind: string, name: string, status: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace: 'ci', uid: `uid-${name}` },
  spec: { orchestrationRef: { name: 'other' } },
  status,
});
const step = (name: string, kind: string, childName: string, attempt = 1) =>
  stepStatus(name, 'Running', {
    kind,
    attempt,
    resourceRef: {
      apiVersion: 'v1',
      kind: kind === 'SubOrchestration' ? 'OrchestrationRun' : kind,
      name: childName,
      namespace: 'ci',
    },
  });

const first = nameChild({ name: 'r', uid: 'uid-r' }, 'build', 1);
const stored = [
  storedRun('r', {
    phase: 'Running',
    stepStatuses: [step('build', 'AgentRun', 'b', 2), step('ship', 'SubOrchestration', 'in')],
  }),
  child('AgentRun', 'b', { runtimeRef: { type: 'job', name: 'b-job' } }),
  child('OrchestrationRun', 'in', { phase: 'Running', stepStatuses: [step('push', 'AgentRun', 'p')] }),
];
const reported = [
  event('Pod', 'b-job-x7k2p', 'BackOff', at(3000, 3500), {
    type: 'Warning',
    count: 4,
    source: { component: 'kubelet' },
  }),
  event('OrchestrationRun', 'r', 'Contested', at(100), {
    involvedObject: { kind: 'OrchestrationRun', name: 'r', uid: 'uid-r' },
  }),
  event('OrchestrationRun', 'r', 'OfAnOlderRun', at(0), {
    involvedObject: { kind: 'OrchestrationRun', name: 'r', uid: 'old' },
  }),
  event('OrchestrationRun', 'r', 'Contested', at(200), {
    involvedObject: { kind: 'OrchestrationRun', name: 'r', uid: 'uid-r' },
  }),
  event('AgentRun', first, 'JobFailed', at(50)),
  event('AgentRun', 'p', 'Started', {
    eventTime: timeAfter(3590),
    series: { count: 2, lastObservedTime: timeAfter(3599) },
  }),
  event('Job', 'b-job', 'SuccessfulCreate', at(2999)),
  event('Pod', 'another-x7k2p', 'Pulled', at(1)),
];
const cluster = fakeCluster({ objects: [...stored, ...reported] });

test('the Events of a run and of all that carries it out stand in order, and what is the same once', async () => {
  const { exitCode, stdout, stderr } = await runIn(cluster, events, ['r']);
  expect([exitCode, stderr]).toEqual([
    0,
    'events: kubectl events -n ci --for orchestrationrun/r, and the same for the objects that execute its steps\n',
  ]);
  expect(stdout.split('\n').map((line) => line.split(/ {3,}/))).toEqual([
    ['LAST SEEN', 'TYPE', 'REASON', 'STEP', 'OBJECT', 'MESSAGE'],
    ['59m10s', 'Normal', 'JobFailed', 'build', `AgentRun/${first}`, 'JobFailed it'],
    ['56m40s (x2 over 1m40s)', 'Normal', 'Contested', '-', 'OrchestrationRun/r', 'Contested it'],
    ['10m01s', 'Normal', 'SuccessfulCreate', 'build', 'Job/b-job', 'SuccessfulCreate it'],
    ['1m40s (x4 over 8m20s)', 'Warning', 'BackOff', 'build', 'Pod/b-job-x7k2p', 'BackOff it'],
    ['1s (x2 over 9s)', 'Normal', 'Started', 'ship/push', 'AgentRun/p', 'Started it'],
    [''],
  ]);
});

test('-o wide adds who reported it and since when, and data is as it is stored', async () => {
  expect((await runIn(cluster, events, ['r', '-o', 'wide'])).stdout).toMatch(/SOURCE +FIRST SEEN.*kubelet +10m00s/s);
  const { items } = JSON.parse((await runIn(cluster, events, ['r', 'r', '-o', 'json'])).stdout);
  expect(items).toHaveLength(6);
  expect(items.at(-1).metadata).not.toHaveProperty('managedFields');
  expect((await runIn(cluster, events, ['r', '-o', 'name'])).stdout).toMatch(/^(event\/e\d+\n){6}$/);
});

test('that there are none is said, and a run that does not exist stops no other', async () => {
  const quiet = fakeCluster({ objects: stored });
  expect(await runIn(quiet, events, ['r', 'nightly'])).toMatchObject({
    exitCode: 2,
    stdout: '',
    stderr: expect.stringMatching(
      /there are none of r: they may have expired\nevents: no OrchestrationRun is named "nightly"/,
    ),
  });
});

test('a child that may not be read hides no Event but those of its pods', async () => {
  const closed = { ...cluster, getChild: () => Promise.reject(failureOf('Forbidden')) };
  const { stdout } = await runIn(closed, events, ['r']);
  expect(stdout).toContain(`AgentRun/${first}`);
  expect(stdout).not.toContain('Pod/');
});
