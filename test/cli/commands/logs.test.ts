import { expect, test } from 'vitest';
import { writeLine, writePrefix } from '../../../src/cli/cluster/log-lines.ts';
import { readPod } from '../../../src/cli/cluster/log-pods.ts';
import { logs } from '../../../src/cli/commands/logs.ts';
import type { KubeObject } from '../../../src/objects/object.ts';
import { nameChild } from '../../../src/reconciler/names.ts';
import { type FakeCluster, failureOf, fakeCluster, runIn, storedRun } from '../cluster/fake-cluster.ts';
import { stepStatus } from '../cluster/runs.ts';

const object = (kind: string, name: string, fields: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace: 'ci', uid: `uid-${name}` },
  ...fields,
});

/** A step whose child is an AgentRun of this name. */
const agent = (name: string, phase: 'Running' | 'Succeeded' | 'Failed', child: string, attempt = 1) =>
  stepStatus(name, phase, {
    kind: 'AgentRun',
    attempt,
    resourceRef: { apiVersion: 'v1', kind: 'AgentRun', name: child, namespace: 'ci', uid: `uid-${child}` },
  });

const agentRun = (name: string) =>
  object('AgentRun', name, { status: { runtimeRef: { type: 'job', name: `${name}-job` } } });

const pod = (job: string, state: object = { terminated: {} }, name = `${job}-x`): KubeObject => ({
  ...object('Pod', name, {
    spec: { containers: [{ name: 'main' }, { name: 'mesh' }] },
    status: { phase: 'Running', containerStatuses: [{ name: 'main', state }] },
  }),
  metadata: { name, namespace: 'ci', labels: { 'batch.kubernetes.io/job-name': job } },
});

const twoSteps = [
  agent('build', 'Succeeded', 'b'),
  agent('integration', 'Running', 'i'),
  stepStatus('approve', 'Running', { kind: 'ApprovalGate' }),
  stepStatus('deploy', 'Pending', { message: 'waits for "approve"' }),
];
const found: FakeCluster = {
  objects: [
    storedRun('r', { phase: 'Running', stepStatuses: twoSteps }),
    agentRun('b'),
    agentRun('i'),
    pod('b-job'),
    pod('i-job', { running: {} }),
  ],
  logs: { 'b-job-x/main': ['one', '::error::two'], 'i-job-x/main': ['\x1b[31mred\x1b[2J'] },
};

const show = (args: readonly string[], more: Partial<FakeCluster> = {}) =>
  runIn(fakeCluster({ ...found, ...more }), logs, args);

test('each line names its step, and each log the kubectl command that it stands for', async () => {
  expect(await show(['r'])).toEqual({
    exitCode: 0,
    stdout: 'build       | one\nbuild       | ::error::two\nintegration | \x1b[31mred\\u001b[2J\x1b[0m\n',
    stderr: 'logs: build: kubectl logs -n ci b-job-x -c main\nlogs: integration: kubectl logs -n ci i-job-x -c main\n',
  });
});

test('the lines of one step stand alone, as they were written', async () => {
  const { exitCode, stdout, stderr } = await show([
    'run/r',
    'integration',
    '--tail',
    '5',
    '--since',
    '1h',
    '--context',
    'a b',
  ]);
  expect([exitCode, stdout]).toEqual([0, '\x1b[31mred\x1b[2J\n']);
  expect(stderr).toBe("logs: integration: kubectl logs --context 'a b' -n ci i-job-x -c main --tail=5 --since=3600s\n");
});

test.each<[args: string[], exitCode: number, sentence: string]>([
  [['r', 'approve'], 1, 'step "approve" is of kind ApprovalGate, which runs no pod, so it has no log'],
  [['r', 'deploy'], 1, 'step "deploy" has not started: waits for "approve"'],
  [['r', 'biuld'], 2, 'OrchestrationRun ci/r has no step "biuld"; did you mean build?'],
  [['r', 'build/x'], 2, 'step "build" is of kind AgentRun and has no inner run, so it has no step "x"'],
  [['r', 'build', '--attempt', '2'], 2, '--attempt is 2, and step "build" has had 1 attempt'],
  [['r', '--attempt', '2'], 2, '--attempt needs a step: name the STEP after the RUN'],
  [['s'], 2, 'no OrchestrationRun is named "s" in namespace "ci"; did you mean "r"?'],
])('%j ends with %i and a sentence', async (args, exitCode, sentence) => {
  expect(await show(args)).toEqual({ exitCode, stdout: '', stderr: `logs: ${sentence}\n` });
});

test('too many operands, and steps without a name, are mistakes', async () => {
  expect((await show(['r', 'build', 'test', ''])).stderr).toBe(
    'logs: the argument "test" is unexpected\nlogs: the argument "" is unexpected\nSee orchestration-gate logs --help.\n',
  );
  expect((await show(['r', ''])).stderr).toContain('STEP is empty: name a step\n');
});

test('a child, a pod or a log that is gone is said, and stops no other', async () => {
  const gone = 'and its log with it';
  const without = (name: string) => found.objects.filter(({ metadata }) => metadata.name !== name);
  expect(await show(['r'], { objects: without('b') })).toMatchObject({
    exitCode: 1,
    stdout: expect.stringContaining('integration |'),
    stderr: expect.stringContaining(`logs: AgentRun b (step "build") is gone, ${gone}\n`),
  });
  expect(await show(['r', 'build'], { objects: without('b-job-x') })).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: `logs: the pod of AgentRun b (step "build") is gone, ${gone}\n`,
  });
  const forbidden = failureOf('Forbidden', 'pods "b-job-x" is forbidden: no');
  const { exitCode, stdout, stderr } = await show(['r'], { logs: { ...found.logs, 'b-job-x/main': forbidden } });
  expect([exitCode, stdout]).toEqual([2, expect.stringContaining('integration |')]);
  expect(stderr).toContain('logs: build: pods "b-job-x" is forbidden: no: logs need the verbs get on ');
});

test('an earlier attempt is found by the name that its child has', async () => {
  const first = nameChild({ name: 'r', uid: 'uid-r' }, 'build', 1);
  const objects = [
    storedRun('r', { phase: 'Running', stepStatuses: [agent('build', 'Running', 'b', 2)] }),
    agentRun(first),
    pod(`${first}-job`),
    agentRun('b'),
    pod('b-job'),
  ];
  const logsOf = { [`${first}-job-x/main`]: ['first'], 'b-job-x/main': ['second'] };
  expect((await show(['r', 'build', '--attempt', '1'], { objects, logs: logsOf })).stdout).toBe('first\n');
  expect((await show(['r', 'build'], { objects, logs: logsOf })).stdout).toBe('second\n');
});

test('steps of an inner run are shown behind its step, and found by a path', async () => {
  const inner = { apiVersion: 'v1', kind: 'OrchestrationRun', name: 'in', namespace: 'ci', uid: 'uid-in' };
  const objects = [
    storedRun('r', {
      phase: 'Running',
      stepStatuses: [stepStatus('ship', 'Running', { kind: 'SubOrchestration', resourceRef: inner })],
    }),
    storedRun('in', { phase: 'Running', stepStatuses: twoSteps }),
    ...found.objects.slice(1),
  ];
  expect((await show(['r'], { objects })).stdout).toContain('ship/build       | one\n');
  expect((await show(['r', 'ship'], { objects })).stdout).toContain('ship/build       | one\n');
  expect((await show(['r', 'ship/build'], { objects })).stdout).toBe('one\n::error::two\n');
  expect((await show(['r', 'ship/nope'], { objects })).stderr).toContain('OrchestrationRun ci/in has no step "nope"');
});

test('who follows waits for pods, says for what, and ends with the run', async () => {
  let looks = 0;
  const objects: KubeObject[] = [];
  const cluster = fakeCluster(found);
  const stages = [
    [storedRun('r', {})],
    [storedRun('r', { phase: 'Running', stepStatuses: [agent('build', 'Running', 'b')] }), agentRun('b')],
    [pod('b-job', { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } })],
    [pod('b-job', { running: {} })],
    [storedRun('r', { phase: 'Succeeded', stepStatuses: [agent('build', 'Succeeded', 'b')] })],
  ];
  const current = () => fakeCluster({ ...found, objects });
  const advance = () => {
    for (const next of stages[looks++] ?? []) {
      const at = objects.findIndex(({ kind, metadata }) => kind === next.kind && metadata.name === next.metadata.name);
      objects.splice(at < 0 ? objects.length : at, at < 0 ? 0 : 1, next);
    }
  };
  const live = {
    ...cluster,
    get: (...args: Parameters<typeof cluster.get>) => {
      advance();
      return current().get(...args);
    },
    getChild: (...args: Parameters<typeof cluster.getChild>) => current().getChild(...args),
    listPods: (...args: Parameters<typeof cluster.listPods>) => current().listPods(...args),
  };
  expect(await runIn(live, logs, ['r', 'build', '-f'])).toEqual({
    exitCode: 0,
    stdout: 'one\n::error::two\n',
    stderr: [
      'OrchestrationRun ci/r has no steps yet; waiting for it',
      'AgentRun b (step "build") has no pod yet; waiting for it',
      'the pod of AgentRun b (step "build") has not started: ImagePullBackOff: no such image; waiting for it',
      'build: kubectl logs -n ci b-job-x -c main -f',
    ]
      .map((line) => `logs: ${line}\n`)
      .join(''),
  });
});

test('the container of a pod is the one that kubectl would choose', () => {
  const chosen = pod('j');
  const annotations = { 'kubectl.kubernetes.io/default-container': 'mesh' };
  expect(readPod(chosen).container).toBe('main');
  expect(readPod({ ...chosen, metadata: { ...chosen.metadata, annotations } }).container).toBe('mesh');
  const unscheduled = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'no nodes' }];
  expect(readPod({ ...chosen, status: { phase: 'Pending', conditions: unscheduled } })).toMatchObject({
    why: 'Unschedulable: no nodes',
  });
  expect(readPod({ ...chosen, status: { phase: 'Failed', reason: 'Evicted' } })).toMatchObject({
    why: 'Evicted',
    hasEnded: true,
  });
});

test('a terminal gets colours, and nothing that moves its cursor', () => {
  const style = { isInteractive: true, isColored: true };
  expect(writePrefix('a', 1, 3, style)).toBe('\x1b[33ma   |\x1b[39m ');
  expect(writeLine('', '10 %\r50 %\r\x1b[32m100 %\x1b[0m\x07\r', style)).toBe('\x1b[32m100 %\x1b[0m\\u0007\x1b[0m\n');
});
