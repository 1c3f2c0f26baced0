import { expect, test } from 'vitest';
import type { Listener } from '../../../src/cli/cluster/port.ts';
import { list } from '../../../src/cli/commands/list.ts';
import { createTable } from '../../../src/cli/format/table.ts';
import type { KubeObject } from '../../../src/objects/object.ts';
import { failureOf, fakeCluster, runIn, storedRun } from '../cluster/fake-cluster.ts';
import { condition, stepStatus, timeAfter } from '../cluster/runs.ts';

const waits = { kind: 'ApprovalGate', reason: 'ApprovalPending', message: 'waits for policy "prod"\u202e' };
const old = storedRun(
  'old',
  {
    phase: 'Failed',
    startedAt: timeAfter(-7200),
    finishedAt: timeAfter(-7000),
    conditions: [condition('StepFailed', '"test" failed: exit 1')],
    stepStatuses: [stepStatus('test', 'Failed')],
  },
  { creationTimestamp: timeAfter(-7201), managedFields: [{ manager: 'x' }] },
);
const waiting = storedRun(
  'waiting',
  {
    phase: 'Running',
    startedAt: timeAfter(3000),
    stepStatuses: [stepStatus('build', 'Succeeded'), stepStatus('approve', 'Running', waits as object)],
  },
  { creationTimestamp: timeAfter(2990) },
);
const fresh = storedRun('fresh', {}, { creationTimestamp: timeAfter(3590) });
const elsewhere = storedRun('there', {}, { namespace: 'prod', creationTimestamp: timeAfter(3599) });
const release: KubeObject = {
  apiVersion: 'orchestration.proompteng.ai/v1alpha1',
  kind: 'Orchestration',
  metadata: { name: 'release', creationTimestamp: timeAfter(0) },
  spec: { steps: [{}, {}] },
  status: { phase: 'Invalid', conditions: [{ type: 'Ready', status: 'False', reason: 'Cycle', message: 'a → a' }] },
};
const cluster = fakeCluster({ objects: [old, waiting, fresh, elsewhere, release] });
const show = async (...args: string[]) => runIn(cluster, list, args);

test('runs are listed with what they run and how far they are, the newest first', async () => {
  expect((await show()).stdout.split('\n')).toEqual([
    'NAME      ORCHESTRATION   PHASE     STEPS   DURATION   AGE',
    'fresh     release         Pending   -       -          10s',
    'waiting   release         Running   1/2     10m00s     10m10s',
    'old       release         Failed    1/1     3m20s      3h00m',
    '',
  ]);
});

test('-o wide says why each stands so, and -A in which namespace it is', async () => {
  expect((await show('-A', '-o', 'wide')).stdout.split('\n')).toEqual([
    'NAMESPACE   NAME      ORCHESTRATION   PHASE     STEPS   DURATION   AGE      REASON            MESSAGE',
    'prod        there     release         Pending   -       -          1s       -                 -',
    'ci          fresh     release         Pending   -       -          10s      -                 -',
    'ci          waiting   release         Running   1/2     10m00s     10m10s   ApprovalPending   approve: waits for policy "prod"\\u202e',
    'ci          old       release         Failed    1/1     3m20s      3h00m    StepFailed        "test" failed: exit 1',
    '',
  ]);
});

test('Orchestrations are listed with their steps', async () => {
  expect((await show('orchestrations', '-o', 'wide')).stdout).toBe(
    'NAME      PHASE     STEPS   AGE     REASON   MESSAGE\nrelease   Invalid   2       1h00m   Cycle    a → a\n',
  );
});

test('phases, an Orchestration and an age choose', async () => {
  const names = async (...args: string[]) => (await show(...args, '-o', 'name')).stdout;
  const [a, b] = ['fresh', 'waiting'].map((name) => `orchestrationrun.orchestration.proompteng.ai/${name}\n`);
  expect(await names('--phase', 'Pending,Running')).toBe(`${a}${b}`);
  expect(await names('--since', '5m')).toBe(a);
  expect(await names('--of', 'other')).toBe('');
});

test('data is a List of the objects as they are stored, without managed fields', async () => {
  const { stdout } = await show('--phase', 'Failed', '-o', 'json');
  const { managedFields: _, ...metadata } = old.metadata;
  expect(JSON.parse(stdout)).toEqual({ apiVersion: 'v1', kind: 'List', items: [{ ...old, metadata }] });
  expect((await show('--of', 'none', '-o', 'yaml')).stdout).toBe('apiVersion: v1\nkind: List\nitems: []\n');
});

test.each<[args: string[], exitCode: number, sentence: string]>([
  [
    ['--of', 'relaese'],
    0,
    'no OrchestrationRun in namespace "ci" is chosen by these flags; did you mean --of release?',
  ],
  [['-n', 'empty'], 0, 'no OrchestrationRun in namespace "empty"'],
  [['--phase', 'Faild'], 2, '--phase is "Faild"; did you mean Failed?'],
  [['--phase', 'x'], 2, '--phase is "x"; there are Pending, Running, Succeeded, Failed, Cancelled, Template'],
  [['orchestrations', '--of', 'x'], 2, '--of chooses runs: leave it out for orchestrations'],
])('%j ends with %i and a sentence', async (args, exitCode, sentence) => {
  expect(await show(...args)).toEqual({ exitCode, stdout: '', stderr: `list: ${sentence}\n` });
});

test('what cannot be listed, and too many operands, are mistakes', async () => {
  expect((await show('run', 'b', '-w', '-o', 'json')).stderr).toBe(
    'list: the argument "b" is unexpected\nlist: --watch shows a table: leave out -o json\nSee orchestration-gate list --help.\n',
  );
  expect((await show('orchestation')).stderr).toContain(
    '"orchestation" cannot be listed; did you mean orchestrations?',
  );
  const bare = { ...cluster, pages: () => pagesThatFail() };
  expect((await runIn(bare, list, [])).stderr).toContain('this cluster does not know OrchestrationRuns');
});

async function* pagesThatFail(): AsyncGenerator<never, void> {
  yield* [];
  throw await Promise.resolve(failureOf('NotFound'));
}

test('--watch shows what changes, and what leaves or is deleted once more', async () => {
  const follow = (_: unknown, __: unknown, { onChange, onDeleted, onTrouble }: Listener) => {
    for (const object of [old, waiting, fresh]) onChange(object);
    onTrouble('Unavailable');
    onTrouble('Unavailable');
    onChange(storedRun('fresh', { phase: 'Running' }, fresh.metadata));
    onChange(storedRun('fresh', { phase: 'Failed' }, fresh.metadata));
    onChange(storedRun('fresh', { phase: 'Failed', startedAt: timeAfter(1) }, fresh.metadata));
    onDeleted(waiting);
    return () => Promise.resolve();
  };
  const { stdout, stderr } = await runIn(
    { ...cluster, followAll: follow },
    list,
    ['-w', '--phase', 'Pending,Running'],
    {
      isRead: false,
    },
  );
  expect(stdout.split('\n').map((line) => line.replace(/ +/g, ' '))).toEqual([
    'NAME ORCHESTRATION PHASE STEPS DURATION AGE',
    'fresh release Pending - - 10s',
    'waiting release Running 1/2 10m00s 10m10s',
    'fresh release Running - - 10s',
    'fresh release Failed - - 10s',
    'waiting release Deleted 1/2 10m00s 10m10s',
    '',
  ]);
  expect(stderr).toBe('list: cannot follow the API server (Unavailable), trying again\n');
});

test('--watch ends if the user may not follow, and says which right to ask for', async () => {
  const follow = (_: unknown, __: unknown, { onTrouble }: Listener) => {
    onTrouble('Forbidden');
    return () => Promise.resolve();
  };
  expect(await runIn({ ...cluster, followAll: follow }, list, ['--watch'])).toMatchObject({
    exitCode: 2,
    stderr: 'list: you may list OrchestrationRuns and not follow them: ask for the verb watch\n',
  });
});

test('later rows of a table stand under the earlier ones', () => {
  const write = createTable(['A', 'B']);
  expect(write([['long', 'x']])).toBe('A      B\nlong   x\n');
  expect(write([['a', 'y']])).toBe('a      y\n');
});
