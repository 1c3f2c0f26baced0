import { describe, expect, test } from 'vitest';
import type { AccessQuestion, Cluster } from '../../../src/cli/cluster/port.ts';
import { approve } from '../../../src/cli/commands/approve.ts';
import { deny } from '../../../src/cli/commands/deny.ts';
import type { KubeObject } from '../../../src/objects/object.ts';
import { Annotation } from '../../../src/orchestration/vocabulary/metadata.ts';
import { failureOf, fakeCluster, runIn, storedRun } from './fake-cluster.ts';

const gate = (name: string, fields: object = {}) => ({
  ...{ name, kind: 'ApprovalGate', phase: 'Running', reason: 'ApprovalPending', attempt: 1 },
  ...fields,
});
const key = (name: string) => `${Annotation.Approval}${name}`;

/** A run of these steps. */
const runOf = (stepStatuses: readonly object[], annotations: object = {}, more: object = {}) =>
  storedRun('r', { phase: 'Running', stepStatuses }, { annotations, resourceVersion: '1', ...more });

interface World {
  readonly user?: string;
  /** The rights that the user has, as `verb resource/name`. */
  readonly rights?: readonly string[];
  readonly annotate?: Cluster['annotate'];
}

/** A cluster with these objects, and all that is written to annotations there. */
function worldOf(objects: readonly KubeObject[], { user = 'ann', rights = [], annotate }: World = {}) {
  const written: object[] = [];
  const store = (name: string, annotations: object, version?: string) => {
    written.push({ name, version, ...annotations });
    return Promise.resolve(objects[0] as KubeObject);
  };
  const cluster: Cluster = {
    ...fakeCluster({ objects }),
    whoAmI: () => Promise.resolve(user),
    canI: ({ verb, resource, subresource = '', name }: AccessQuestion) =>
      Promise.resolve({
        allowed: rights.includes(`${verb} ${resource}${subresource && `/${subresource}`} ${name}`),
        reason: '',
      }),
    isDenial: ({ reason }) => reason === 'Invalid',
    annotate: annotate ?? store,
  };
  return { cluster, written };
}

describe('approve', () => {
  test('without a step decides about the only one that waits, as the user that the API server knows', async () => {
    const steps = [
      gate('ask', { approvers: { count: 2 } }),
      { name: 'x', kind: 'ToolRun', phase: 'Running', attempt: 1 },
    ];
    const { cluster, written } = worldOf([runOf(steps, { [key('ask.1')]: 'approved by bob' })]);
    expect(await runIn(cluster, approve, ['run/r', '--comment', 'looks good'])).toEqual({
      exitCode: 0,
      stdout: 'OrchestrationRun ci/r step "ask" is approved by "ann", 2 of 2\n',
      stderr: '',
    });
    expect(written).toEqual([{ name: 'r', version: '1', [key('ask.2')]: 'approved by ann\nlooks good' }]);
  });

  test('lists the steps that wait if there are several', async () => {
    const { cluster, written } = worldOf([runOf([gate('ask'), gate('sign')])]);
    expect(await runIn(cluster, approve, ['r'])).toMatchObject({
      exitCode: 2,
      stderr: 'approve: 2 steps of OrchestrationRun ci/r wait for people: name one of "ask", "sign"\n',
    });
    expect(written).toEqual([]);
  });

  test.each([
    ['done', 'cannot approve step "done": it is a step of kind ApprovalGate that is Succeeded: approved by "bob"'],
    ['tool', 'cannot approve step "tool": it is a step of kind ToolRun that is Running'],
    ['aks', 'OrchestrationRun ci/r has no step "aks"; did you mean "ask"?'],
  ])('of the step %s, which does not wait, says what it does', async (step, sentence) => {
    const steps = [
      gate('ask'),
      gate('done', { phase: 'Succeeded', message: 'approved by "bob"' }),
      { name: 'tool', kind: 'ToolRun', phase: 'Running', attempt: 1 },
    ];
    expect(await runIn(worldOf([runOf(steps)]).cluster, approve, ['r', step])).toMatchObject({
      exitCode: 2,
      stderr: `approve: ${sentence}\n`,
    });
  });

  test('of a run in which nothing waits, or that has ended, says so', async () => {
    expect((await runIn(worldOf([runOf([])]).cluster, approve, ['r'])).stderr).toBe(
      'approve: no step of OrchestrationRun ci/r waits for people; see orchestration-gate status r\n',
    );
    const ended = storedRun('r', { phase: 'Failed', stepStatuses: [gate('ask')] });
    expect(await runIn(worldOf([ended]).cluster, approve, ['r'])).toMatchObject({
      exitCode: 1,
      stdout: 'OrchestrationRun ci/r has already ended: Failed\n',
    });
  });

  test('twice is the same as once, whether the first is recorded or not', async () => {
    const recorded = gate('ask', { approvals: [{ user: 'ann', decision: 'Approved', at: '' }] });
    for (const object of [runOf([recorded]), runOf([gate('ask')], { [key('ask.1')]: 'approved by ann' })]) {
      const { cluster, written } = worldOf([object]);
      expect(await runIn(cluster, approve, ['r'])).toMatchObject({
        exitCode: 0,
        stdout: 'OrchestrationRun ci/r step "ask" was approved by "ann" before\n',
      });
      expect(written).toEqual([]);
    }
  });

  test('is refused to the creator if the step has notCreator, also in an inner run', async () => {
    const step = gate('ask', { approvers: { count: 1, notCreator: true } });
    const created = { [Annotation.CreatedBy]: 'ann' };
    const sentence = 'the decision would not count: "ann" created the run, and step "ask" has notCreator';
    expect((await runIn(worldOf([runOf([step], created)]).cluster, approve, ['r'])).stderr).toBe(
      `approve: ${sentence}\n`,
    );
    const ownerReferences = [{ kind: 'OrchestrationRun', name: 'outer', uid: 'uid-outer', controller: true }];
    const outer = storedRun('outer', {}, { annotations: created });
    const inner = runOf([step], {}, { ownerReferences });
    expect((await runIn(worldOf([inner, outer]).cluster, approve, ['r'])).stderr).toBe(`approve: ${sentence}\n`);
    expect((await runIn(worldOf([inner]).cluster, approve, ['r'])).stderr).toContain(
      'it is unknown who created the run',
    );
    expect((await runIn(worldOf([inner, outer], { user: 'bob' }).cluster, approve, ['r'])).exitCode).toBe(0);
  });

  test('is tried again if the run has changed meanwhile, with another number if that is taken', async () => {
    const objects = [runOf([gate('ask')]), runOf([gate('ask')], { [key('ask.1')]: 'approved by bob' })];
    const keys: string[] = [];
    const { cluster } = worldOf(objects, {
      annotate: (_, annotations) => {
        keys.push(...Object.keys(annotations));
        return keys.length === 1 ? Promise.reject(failureOf('Conflict')) : Promise.resolve(objects[1] as KubeObject);
      },
    });
    let reads = 0;
    const get = () => Promise.resolve(objects[Math.min(reads++, 1)] as KubeObject);
    expect(await runIn({ ...cluster, get }, approve, ['r'])).toMatchObject({ exitCode: 0 });
    expect(keys).toEqual([key('ask.1'), key('ask.2')]);
  });

  test.each([
    [
      'Forbidden',
      [],
      'you may not approve step "ask": ask for the verb patch on orchestrationruns (orchestration.proompteng.ai)',
    ],
    [
      'Invalid',
      ['patch orchestrationruns r'],
      'you may not approve step "ask": ask for the verb approve on orchestrations/approval (orchestration.proompteng.ai), resource name release or release.ask',
    ],
  ] as const)(
    'that the API server denies (%s) names the right that is missing, and what it said',
    async (reason, rights, sentence) => {
      const annotate = () => Promise.reject(failureOf(reason, 'denied by policy'));
      const { cluster } = worldOf([runOf([gate('ask')])], { rights, annotate });
      expect(await runIn(cluster, approve, ['r'])).toEqual({
        exitCode: 2,
        stdout: '',
        stderr: `approve: ${sentence}\napprove: denied by policy\n`,
      });
    },
  );

  test('that is denied although the user has the rights shows what the API server said', async () => {
    const annotate = () => Promise.reject(failureOf('Invalid', 'denied by policy'));
    const rights = ['patch orchestrationruns r', 'approve orchestrations/approval release.ask'];
    const { cluster } = worldOf([runOf([gate('ask')])], { rights, annotate });
    expect((await runIn(cluster, approve, ['r'])).stderr).toBe('approve: denied by policy\n');
  });
});

test('deny decides after an approval of the same user too', async () => {
  const recorded = gate('ask', { approvals: [{ user: 'ann', decision: 'Approved', at: '' }] });
  const { cluster, written } = worldOf([runOf([recorded])]);
  expect(await runIn(cluster, deny, ['r', 'ask'])).toMatchObject({
    exitCode: 0,
    stdout: 'OrchestrationRun ci/r step "ask" is denied by "ann"\n',
  });
  expect(written).toEqual([{ name: 'r', version: '1', [key('ask.1')]: 'denied by ann' }]);
});

test('all mistakes in the arguments are reported at once', async () => {
  expect((await runIn(worldOf([]).cluster, approve, ['r', '', 'more', '--coment', 'x'])).stderr).toBe(
    [
      'approve: --coment is not known; did you mean --comment?',
      'approve: the argument "more" is unexpected',
      'approve: STEP is empty: name a step, or leave it out',
      'See orchestration-gate approve --help.',
      '',
    ].join('\n'),
  );
});
