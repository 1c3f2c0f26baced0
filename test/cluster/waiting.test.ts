import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAgentsController } from '../support/agents-chart/agents-controller.ts';
import type { StandIn } from '../support/agents-chart/stand-in.ts';
import { startSupportingController } from '../support/agents-chart/supporting-controller.ts';
import { sharedCluster } from '../support/controlplane/suite.ts';
import { waitUntil } from '../support/namespaced-api.ts';
import { useReconciledNamespace } from '../support/reconciler.ts';
import { hasEnded, isStep, stepOf } from '../support/statuses.ts';

// What steps wait for beside the controllers of the agents chart, and that they say so.

const reconciled = useReconciledNamespace();
const cluster = sharedCluster();
const standIns: StandIn[] = [];

const ask = (policyRef: string) => ({ name: 'ask', kind: 'ApprovalGate', policyRef, dependsOn: [] });
const agent = (name: string, fields: object = {}) => ({
  name,
  kind: 'AgentRun',
  dependsOn: [],
  agentRef: { name: 'coder' },
  with: { implementation: JSON.stringify({ inline: { text: 'Mend it.' } }) },
  ...fields,
});

/** The status of a run, as soon as a step of it gives this reason. */
const waitFor = (run: string, step: string, reason: string) =>
  reconciled().statusOf(run, ({ stepStatuses }) =>
    stepStatuses.some((one) => one.name === step && one.reason === reason),
  );
/** Reasons of the events on a run, except for its start and end. */
async function askedOn(run: string): Promise<readonly string[]> {
  const events = (await reconciled().api.list('Event')) as unknown as {
    involvedObject: { name: string };
    reason: string;
  }[];
  const own = events.filter(({ involvedObject }) => involvedObject.name === run);
  return own.map(({ reason }) => reason).filter((reason) => !['Started', 'Succeeded', 'Failed'].includes(reason));
}

beforeAll(async () => {
  const namespaces = [reconciled().namespace];
  standIns.push(await startSupportingController(cluster, namespaces));
  standIns.push(
    await startAgentsController(cluster, namespaces, {
      jobs: 'simulated',
      script: ({ step }) => (step === 'endless' ? undefined : { phase: 'Succeeded', afterMs: 0 }),
      limits: { namespace: 10, agent: 1 },
    }),
  );
});
afterAll(() => Promise.all(standIns.map(({ stop }) => stop())));

describe('an ApprovalGate', () => {
  it('of a manual policy stays closed although the agents chart makes that Ready, and opens on approval', async () => {
    const { api, run, statusOf } = reconciled();
    await api.create('ApprovalPolicy', 'board', { spec: { mode: 'manual', defaultDecision: 'deny' } });
    await api.waitFor('ApprovalPolicy', 'board', ({ status }) => status?.phase === 'Ready');
    await run('manual', { steps: [ask('board'), { name: 'release', kind: 'Checkpoint', dependsOn: ['ask'] }] });
    const waiting = stepOf(await waitFor('manual', 'ask', 'ApprovalPending'), 'ask');
    const message =
      'waits for an approval: run orchestration-gate approve manual ask; or for ApprovalPolicy "board" (phase Ready): Approved, Allowed or Succeeded opens the gate';
    expect(waiting).toMatchObject({ phase: 'Running', message });
    await api.setStatus('ApprovalPolicy', 'board', { phase: 'Approved' });
    expect((await statusOf('manual', hasEnded)).phase).toBe('Succeeded');
    expect(await askedOn('manual')).toEqual(['ApprovalPending']);
  });

  it('of a policy that needs no approval opens when the agents chart marks the policy Ready', async () => {
    const { api, run, statusOf } = reconciled();
    await api.create('ApprovalPolicy', 'open', { spec: { mode: 'auto' } });
    await run('auto', { steps: [ask('open')] });
    expect((await statusOf('auto', hasEnded)).phase).toBe('Succeeded');
  });

  it('names a policy that is missing and a phase that is misspelt, in one event each', async () => {
    const { api, run, statusOf } = reconciled();
    await run('misspelt', { steps: [ask('late')] });
    await waitFor('misspelt', 'ask', 'ApprovalPolicyMissing');
    await api.create('ApprovalPolicy', 'late', { spec: { mode: 'manual' } });
    await api.waitFor('ApprovalPolicy', 'late', ({ status }) => status?.phase === 'Ready');
    await api.setStatus('ApprovalPolicy', 'late', { phase: 'Aproved' });
    const waiting = stepOf(await waitFor('misspelt', 'ask', 'ApprovalPhaseUnknown'), 'ask');
    expect(waiting.message).toContain('whose phase "Aproved" is unknown (did you mean Approved?)');
    await waitUntil('the event', async () => (await askedOn('misspelt')).includes('ApprovalPhaseUnknown'));
    await api.setStatus('ApprovalPolicy', 'late', { phase: 'Denied' });
    await statusOf('misspelt', hasEnded);
    const asked = await askedOn('misspelt');
    expect(asked.length).toBe(new Set(asked).size);
    expect(asked).toEqual(expect.arrayContaining(['ApprovalPolicyMissing', 'ApprovalPhaseUnknown']));
  });
});

describe('a SubOrchestration', () => {
  it('whose Orchestration is missing says so, and starts when it exists', async () => {
    const { api, run, statusOf } = reconciled();
    const sub = { name: 'sub', kind: 'SubOrchestration', orchestrationRef: { name: 'inner' } };
    await run('outer', { steps: [sub] });
    const waiting = stepOf(await waitFor('outer', 'sub', 'MissingOrchestration'), 'sub');
    expect(waiting.message).toMatch(/^OrchestrationRun .+ has not started: waits for Orchestration "inner" to appear$/);
    await waitUntil('the event', async () => (await askedOn('outer')).length > 0);
    await api.create('Orchestration', 'inner', { spec: { steps: [{ name: 'a', kind: 'Checkpoint' }] } });
    expect((await statusOf('outer', hasEnded)).phase).toBe('Succeeded');
    expect(await askedOn('outer')).toEqual(['MissingOrchestration']);
  });
});

describe('an AgentRun', () => {
  it('that is blocked says why, loses no time, and ends with pendingTimeoutSeconds', async () => {
    const { run, annotateRun, statusOf } = reconciled();
    await run('busy', { steps: [agent('endless')] });
    await statusOf('busy', isStep('endless', 'Running'));
    await waitUntil('the agent to be busy', async () => {
      const [first] = (await reconciled().api.list('AgentRun')).filter(({ status }) => status?.phase === 'Running');
      return first !== undefined;
    });
    await run('blocked', { steps: [agent('work', { timeoutSeconds: 1, pendingTimeoutSeconds: 6 })] });
    const waiting = stepOf(await waitFor('blocked', 'work', 'ChildBlocked'), 'work');
    expect(waiting.message).toMatch(
      /^AgentRun .+ is blocked \(ConcurrencyLimit\): ConcurrencyLimit: waiting for room$/,
    );
    const ended = stepOf(await statusOf('blocked', hasEnded), 'work');
    expect(ended).toMatchObject({ phase: 'Failed', reason: 'StepTimedOut' });
    expect(ended.message).toMatch(/^attempt did not start within 6 s: AgentRun .+ is blocked \(ConcurrencyLimit\)/);
    await annotateRun('busy', { 'orchestration.proompteng.ai/cancel': 'true' });
    await statusOf('busy', hasEnded);
  });

  it('that its controller rejects fails with the message of that controller', async () => {
    const { run, statusOf } = reconciled();
    const given = { implementation: JSON.stringify({ inline: { text: 'Mend it.' } }), notes: 'x'.repeat(2049) };
    await run('refused', { steps: [agent('work', { agentRef: { name: 'careful' }, with: given })] });
    expect(stepOf(await statusOf('refused', hasEnded), 'work')).toMatchObject({
      phase: 'Failed',
      reason: 'ChildFailed',
      message: 'parameter notes exceeds 2048 bytes',
    });
  });

  it('may have an implementation of any length in `with`: it is no parameter', async () => {
    const { run, statusOf } = reconciled();
    const given = { implementation: JSON.stringify({ inline: { text: 'Mend it. '.repeat(1_000) } }) };
    await run('long', { steps: [agent('work', { agentRef: { name: 'reader' }, with: given })] });
    expect((await statusOf('long', hasEnded)).phase).toBe('Succeeded');
  });
});
