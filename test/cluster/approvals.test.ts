import { beforeAll, describe, expect, it } from 'vitest';
import { Annotation } from '../../src/orchestration/vocabulary/metadata.ts';
import { startCommand } from '../support/cli.ts';
import { sharedCluster } from '../support/controlplane/suite.ts';
import { waitUntil } from '../support/namespaced-api.ts';
import { useReconciledNamespace } from '../support/reconciler.ts';
import { tool } from '../support/run-steps.ts';
import { hasEnded, isStep, stepOf } from '../support/statuses.ts';

// Approvals by people on a real API server, without the policy of the chart.

const reconciled = useReconciledNamespace();
const cluster = sharedCluster();

const ask = (fields: object = {}) => ({ name: 'ask', kind: 'ApprovalGate', dependsOn: [], ...fields });
const decisions = (texts: Readonly<Record<string, string | null>>) =>
  Object.fromEntries(Object.entries(texts).map(([key, text]) => [Annotation.Approval + key, text]));
const decide = (run: string, texts: Readonly<Record<string, string | null>>) =>
  reconciled().annotateRun(run, decisions(texts));
const hasApprovals = (count: number) => (status: Parameters<typeof stepOf>[0]) =>
  status.stepStatuses.some(({ approvals = [] }) => approvals.length === count);

async function eventsOf(run: string): Promise<readonly { readonly reason: string; readonly message: string }[]> {
  const events = (await reconciled().api.list('Event')) as unknown as {
    involvedObject: { name: string };
    reason: string;
    message: string;
  }[];
  return events.filter(({ involvedObject }) => involvedObject.name === run);
}

/** The kubeconfigs of users, by name. */
const users = new Map<string, string>();
const userOf = (name: string) => `system:serviceaccount:${reconciled().namespace}:${name}`;
const cli = (user: string, verb: 'approve' | 'deny' | 'status' | 'list', ...args: string[]) =>
  startCommand(verb, [...args, '-n', reconciled().namespace], { KUBECONFIG: users.get(user) ?? '' }).ended;

async function kubectl(...args: readonly string[]): Promise<void> {
  const { code, stderr } = await cluster.kubectl(['-n', reconciled().namespace, ...args]);
  if (code !== 0) throw new Error(stderr);
}

beforeAll(async () => {
  const runs = 'orchestrationruns.orchestration.proompteng.ai';
  await kubectl('create', 'role', 'reader', '--verb=get,list', `--resource=${runs}`);
  await kubectl('create', 'role', 'writer', '--verb=patch', `--resource=${runs}`);
  for (const name of ['ann', 'bob', 'eve']) {
    const account = `--serviceaccount=${reconciled().namespace}:${name}`;
    await kubectl('create', 'serviceaccount', name);
    await kubectl('create', 'rolebinding', `${name}-reads`, '--role=reader', account);
    if (name !== 'eve') await kubectl('create', 'rolebinding', `${name}-writes`, '--role=writer', account);
    users.set(name, await cluster.serviceAccountKubeconfig(reconciled().namespace, name));
  }
});

describe('an ApprovalGate', () => {
  it('opens when two users have approved from the command line, tells people once, and shows who they were', async () => {
    await reconciled().run('two', { steps: [ask({ approvers: { count: 2 } }), tool('ship', { dependsOn: ['ask'] })] });
    await reconciled().statusOf('two', isStep('ask', 'Running'));
    expect(await cli('ann', 'approve', 'two', '--comment', 'seen on staging')).toEqual({
      code: 0,
      stdout: `OrchestrationRun ${reconciled().namespace}/two step "ask" is approved by "${userOf('ann')}", 1 of 2\n`,
      stderr: '',
    });
    await reconciled().statusOf('two', hasApprovals(1));
    const { stdout } = await cli('bob', 'status', 'two');
    expect(stdout).toContain(`      ${userOf('ann')} approved it `);
    expect(stdout).toMatch(/\): seen on staging\n {6}1 of 2 approvals missing\n/);
    expect((await cli('ann', 'approve', 'two', 'ask')).stdout).toContain(' before\n');
    expect((await cli('bob', 'approve', 'two', 'ask')).stdout).toContain(', 2 of 2\n');
    const ended = stepOf(await reconciled().statusOf('two', isStep('ask', 'Succeeded')), 'ask');
    expect(ended).toMatchObject({
      message: `approved by "${userOf('ann')}", "${userOf('bob')}"`,
      approvals: [
        { user: userOf('ann'), decision: 'Approved', comment: 'seen on staging', at: expect.stringMatching(/Z$/) },
        { user: userOf('bob'), decision: 'Approved' },
      ],
    });
    await reconciled().endChild('two', 'ship', 'Succeeded');
    await reconciled().statusOf('two', hasEnded);
    const asked = (await eventsOf('two')).filter(({ reason }) => reason === 'ApprovalPending');
    expect(asked.map(({ message }) => message)).toEqual([
      '"ask": waits for 2 approvals and has 0: run orchestration-gate approve two ask',
    ]);
  });

  it('is denied by one user for good, though another has approved and the step has retries', async () => {
    await reconciled().run('denied', { steps: [ask({ approvers: { count: 2 }, retries: 2 })] });
    await reconciled().statusOf('denied', isStep('ask', 'Running'));
    expect((await cli('ann', 'approve', 'denied')).code).toBe(0);
    expect((await cli('bob', 'deny', 'denied', '--comment', 'not today')).code).toBe(0);
    const ended = stepOf(await reconciled().statusOf('denied', hasEnded), 'ask');
    expect(ended).toMatchObject({ phase: 'Failed', reason: 'ApprovalDenied', attempt: 1 });
    expect(ended.message).toBe(`denied by "${userOf('bob')}": not today`);
    expect(await cli('ann', 'approve', 'denied')).toMatchObject({ code: 1 });
  });

  it('stays closed for a user without the right to change runs, who is told what to ask for', async () => {
    await reconciled().run('closed', { steps: [ask()] });
    await reconciled().statusOf('closed', isStep('ask', 'Running'));
    const { code, stderr } = await cli('eve', 'approve', 'closed');
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^approve: you may not approve step "ask": ask for the verb patch on orchestrationruns \(orchestration\.proompteng\.ai\)\napprove: orchestrationruns\.orchestration\.proompteng\.ai "closed" is forbidden: /,
    );
    expect(stepOf(await reconciled().statusOf('closed', isStep('ask', 'Running')), 'ask').approvals).toBeUndefined();
  });

  it('is listed for the user with the verb approve, until that user has decided', async () => {
    const { namespace, run, statusOf } = reconciled();
    const approval = '--resource=orchestrations.orchestration.proompteng.ai/approval';
    await kubectl('create', 'role', 'approver', '--verb=approve', approval, '--resource-name=listed.ask');
    const bob = `--serviceaccount=${namespace}:bob`;
    await kubectl('create', 'rolebinding', 'bob-approves', '--role=approver', bob);
    await run('listed', { steps: [ask({ approvers: { count: 2 } }), ask({ name: 'other' })] });
    await statusOf('listed', isStep('other', 'Running'));
    const listFor = async (user: string) => (await cli(user, 'list', '--waiting-for-me', '-o', 'name')).stdout;
    await waitUntil('the right to be known', async () => (await listFor('bob')) !== '');
    expect(await listFor('bob')).toBe('orchestrationrun.orchestration.proompteng.ai/listed\n');
    expect(await listFor('ann')).toBe('');
    await cli('bob', 'approve', 'listed', 'ask');
    expect(await listFor('bob')).toBe('');
  });

  it('counts a decision that nobody saw before the engine died, and one whose annotation is removed afterwards', async () => {
    const { process, run, statusOf } = reconciled();
    await run('crashed', { steps: [ask({ approvers: { count: 2 } })] });
    await statusOf('crashed', isStep('ask', 'Running'));
    await process.kill('SIGKILL');
    await decide('crashed', { 'ask.1': 'approved by ann' });
    await process.start();
    await statusOf('crashed', hasApprovals(1));
    await decide('crashed', { 'ask.1': null });
    await decide('crashed', { 'ask.2': 'approved by bob' });
    const ended = stepOf(await statusOf('crashed', hasEnded), 'ask');
    expect(ended.approvals).toMatchObject([{ user: 'ann' }, { user: 'bob' }]);
    expect(ended.phase).toBe('Succeeded');
  });

  it('is opened by people although its policy is undecided, and by its policy although people have not decided', async () => {
    const { api, run, statusOf } = reconciled();
    await api.create('ApprovalPolicy', 'board', { spec: { mode: 'manual' } });
    const steps = [ask({ policyRef: 'board' }), ask({ name: 'also', policyRef: 'board' })];
    await run('both', { steps });
    const waiting = stepOf(await statusOf('both', isStep('also', 'Running')), 'ask');
    expect(waiting.message).toBe(
      'waits for an approval: run orchestration-gate approve both ask; or for ApprovalPolicy "board" (no phase): Approved, Allowed or Succeeded opens the gate',
    );
    await decide('both', { 'ask.1': 'approved by ann' });
    await statusOf('both', isStep('ask', 'Succeeded'));
    await api.setStatus('ApprovalPolicy', 'board', { phase: 'Approved' });
    expect(stepOf(await statusOf('both', hasEnded), 'also').message).toMatch(/^approval policy board is approved/);
  });
});

describe('approvers.notCreator', () => {
  const steps = [ask({ approvers: { notCreator: true } })];
  const created = { [Annotation.CreatedBy]: 'ann' };

  it('counts everybody but the creator, and nobody if the creator is unknown', async () => {
    await reconciled().run('stamped', { steps }, created);
    await reconciled().start('unstamped', 'stamped');
    for (const name of ['stamped', 'unstamped']) {
      await reconciled().statusOf(name, isStep('ask', 'Running'));
      await decide(name, { 'ask.1': 'denied by ann', 'ask.2': 'approved by bob' });
    }
    expect(stepOf(await reconciled().statusOf('stamped', hasEnded), 'ask').approvals).toMatchObject([{ user: 'bob' }]);
    const waiting = stepOf(await reconciled().statusOf('unstamped', isStep('ask', 'Running')), 'ask');
    expect(waiting.message).toContain('an approval that nobody can give');
  });

  it('takes the creator of an inner run from the outermost run', async () => {
    const { api, run, childOf, statusOf } = reconciled();
    await api.create('Orchestration', 'inner', { spec: { steps } });
    await run(
      'outer',
      { steps: [{ name: 'sub', kind: 'SubOrchestration', orchestrationRef: { name: 'inner' } }] },
      created,
    );
    const { metadata } = await childOf('outer', 'sub');
    await statusOf(metadata.name, isStep('ask', 'Running'));
    await decide(metadata.name, { 'ask.1': 'approved by ann', 'ask.2': 'approved by bob' });
    const ended = stepOf(await statusOf(metadata.name, hasEnded), 'ask');
    expect(ended.approvals?.map(({ user }) => user)).toEqual(['bob']);
    expect((await statusOf('outer', hasEnded)).phase).toBe('Succeeded');
  });
});
