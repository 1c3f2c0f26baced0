import { expect, test } from 'vitest';
import type { Listener } from '../../../src/cli/cluster/port.ts';
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
/** The longest name that a Job can have. The API server cuts it in the name of the pod. */
const JOB = 'b'.repeat(63);
const POD = `${'b'.repeat(58)}x7k2p`;
const stored = [
  storedRun('r', {
    phase: 'Running',
    stepStatuses: [step('build', 'AgentRun', 'b', 2), step('ship', 'SubOrchestration', 'in')],
  }),
  child('AgentRun', 'b', { runtimeRef: { type: 'job', name: JOB } }),
  child('OrchestrationRun', 'in', { phase: 'Running', stepStatuses: [step('push', 'AgentRun', 'p')] }),
];
const reported = [
  event('Pod', POD, 'BackOff', at(3000, 3500), {
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
  event('Job', JOB, 'SuccessfulCreate', at(2999)),
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
    ['10m01s', 'Normal', 'SuccessfulCreate', 'build', `Job/${JOB}`, 'SuccessfulCreate it'],
    ['1m40s (x4 over 8m20s)', 'Warning', 'BackOff', 'build', `Pod/${POD}`, 'BackOff it'],
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

test('--watch shows what is new or happens again once, and a second after the end of the run what came late', async () => {
  const happen = (reason: string, second: number, times: object = {}) =>
    event('AgentRun', 'b', reason, at(second), { metadata: { name: reason, uid: reason }, ...times });
  let listener: Listener | undefined;
  let phase = 'Running';
  let isAway = false;
  const happenings = [
    () => {
      listener?.onTrouble('Unavailable');
      for (const known of reported) listener?.onChange(known);
      listener?.onChange(happen('Pulled', 3600));
    },
    () => {
      isAway = true;
    },
    () => {
      isAway = false;
      listener?.onDeleted(reported[0]);
      listener?.onChange(happen('Pulled', 3600, { count: 2 }));
      phase = 'Succeeded';
    },
    () => listener?.onChange(happen('Late', 3600)),
    () => listener?.onChange(happen('NotSeenAnyMore', 3600)),
  ];
  let hasStopped = false;
  const watched = {
    ...cluster,
    get: () =>
      isAway
        ? Promise.reject(failureOf('Unavailable'))
        : Promise.resolve({
            ...(stored[0] as KubeObject),
            status: {
              ...(stored[0]?.['status'] as object),
              phase,
            },
          }),
    followAll: (_: unknown, __: unknown, told: Listener) => {
      listener = told;
      return () => {
        hasStopped = true;
        return Promise.resolve();
      };
    },
  };
  const { exitCode, stdout, stderr } = await runIn(watched, events, ['r', '--watch'], {
    onLook: () => happenings.shift()?.(),
  });
  expect([exitCode, hasStopped, happenings.length]).toEqual([0, true, 1]);
  expect(
    stdout
      .split('\n')
      .slice(6)
      .map((line) => line.split(/ {3,}/).slice(0, 3)),
  ).toEqual([['0s', 'Normal', 'Pulled'], ['0s (x2 over 0s)', 'Normal', 'Pulled'], ['0s', 'Normal', 'Late'], ['']]);
  expect(stderr.split('\n').slice(1)).toEqual([
    'events: cannot follow the API server (Unavailable), trying again',
    'events: cannot ask the API server (Unavailable), trying again',
    '',
  ]);
});

test('--watch ends if the user may not follow, and says which right to ask for', async () => {
  const follow = (_: unknown, __: unknown, { onTrouble }: Listener) => {
    onTrouble('Forbidden');
    return () => Promise.resolve();
  };
  const { exitCode, stderr } = await runIn({ ...cluster, followAll: follow }, events, ['r', '--watch']);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('events: you may list Events and not follow them: ask for the verb watch\n');
});

test('--watch ends if nobody reads, and is refused with data', async () => {
  const watched = { ...cluster, followAll: () => () => Promise.resolve() };
  expect(await runIn(watched, events, ['r', '-w'], { isRead: false })).toMatchObject({ exitCode: 0 });
  expect((await runIn(watched, events, ['r', '-w', '-o', 'json'])).stderr).toContain(
    '--watch shows a table: leave out -o json',
  );
});
