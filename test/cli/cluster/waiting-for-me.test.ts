import { expect, test } from 'vitest';
import { createFindMine } from '../../../src/cli/cluster/waiting-for-me.ts';
import { list } from '../../../src/cli/commands/list.ts';
import { Annotation } from '../../../src/orchestration/vocabulary/metadata.ts';
import { fakeCluster, runIn, storedRun } from './fake-cluster.ts';

const gate = (name: string, fields: object = {}) => ({
  ...{ name, kind: 'ApprovalGate', phase: 'Running', attempt: 1 },
  ...fields,
});
const created = { annotations: { [Annotation.CreatedBy]: 'ann' } };
const notCreator = { approvers: { count: 1, notCreator: true } };
const ownerReferences = [{ kind: 'OrchestrationRun', name: 'mine', uid: 'uid-mine', controller: true }];

const runs = [
  storedRun('idle', {
    stepStatuses: [
      { ...gate('x'), phase: 'Succeeded' },
      { ...gate('y'), kind: 'ToolRun' },
    ],
  }),
  storedRun('open', { stepStatuses: [gate('ask'), gate('secret')] }),
  storedRun('decided', { stepStatuses: [gate('ask', { approvals: [{ user: 'ann', decision: 'Approved', at: '' }] })] }),
  storedRun(
    'annotated',
    { stepStatuses: [gate('ask')] },
    { annotations: { [`${Annotation.Approval}ask.1`]: 'denied by ann' } },
  ),
  storedRun('mine', { stepStatuses: [gate('ask', notCreator)] }, created),
  storedRun('inner', { stepStatuses: [gate('ask', notCreator)] }, { ownerReferences }),
  storedRun('unknown', { stepStatuses: [gate('ask', notCreator)] }),
];

/** The steps that wait for a user with rights on these names, and how often the API server was asked about approvals. */
async function findFor(user: string, ...names: readonly string[]) {
  let asked = 0;
  const mayPatch = (name: string) => user !== 'reader' || name === 'open';
  const find = await createFindMine({
    ...fakeCluster({ objects: runs }),
    whoAmI: () => Promise.resolve(user),
    canI: ({ name = '', verb }) => {
      if (verb === 'patch') return Promise.resolve({ allowed: mayPatch(name), reason: '' });
      asked++;
      return Promise.resolve({ allowed: names.includes(name), reason: '' });
    },
  });
  const found: string[] = [];
  for (const run of runs) for (const { name } of await find(run)) found.push(`${run.metadata.name} ${name}`);
  return { found, asked };
}

test('a step waits for whoever may decide about it, has not, and is not its creator', async () => {
  expect(await findFor('ann', 'release')).toEqual({ found: ['open ask', 'open secret'], asked: 1 });
  expect((await findFor('bob', 'release')).found).toEqual([
    'open ask',
    'open secret',
    'decided ask',
    'annotated ask',
    'mine ask',
    'inner ask',
  ]);
});

test('a right can be about one step, and each is asked for once', async () => {
  expect(await findFor('ann', 'release.ask')).toEqual({ found: ['open ask'], asked: 3 });
  expect((await findFor('ann')).found).toEqual([]);
});

test('a step of a run that the user may not change does not wait for the user', async () => {
  expect((await findFor('reader', 'release')).found).toEqual(['open ask', 'open secret']);
});

test('list --waiting-for-me lists the runs with such steps, and says so if there are none', async () => {
  const cluster = { ...fakeCluster({ objects: runs }), whoAmI: () => Promise.resolve('ann') };
  const canI = (allowed: boolean) => () => Promise.resolve({ allowed, reason: '' });
  const show = (allowed: boolean, ...args: string[]) =>
    runIn({ ...cluster, canI: canI(allowed) }, list, ['--waiting-for-me', ...args]);
  expect((await show(true, '-o', 'name')).stdout).toBe('orchestrationrun.orchestration.proompteng.ai/open\n');
  expect((await show(false)).stderr).toBe('list: no OrchestrationRun in namespace "ci" is chosen by these flags\n');
  expect((await show(true, 'orchestrations')).stderr).toContain('--waiting-for-me chooses runs');
  expect((await show(true, '--watch')).stderr).toContain('leave out --watch');
});
