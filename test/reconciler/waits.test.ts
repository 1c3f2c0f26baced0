import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../src/objects/object.ts';
import { isRunFinal } from '../../src/orchestration/run-status.ts';
import { listChildren, NAMESPACE, ORCHESTRATIONS, POLICIES, RUN, RUNS, resourceOf } from '../support/model/engine.ts';
import { type Step, tool } from '../support/model/play.ts';
import { type Stage, setStage } from '../support/model/stage.ts';
import { agent } from '../support/run-steps.ts';

// A step that waits reports once what it waits for. An event goes to people if only they can end the wait.

const ask: Step = { name: 'ask', kind: 'ApprovalGate', policyRef: 'board', dependsOn: [] };
const sub: Step = { name: 'sub', kind: 'SubOrchestration', orchestrationRef: { name: 'inner' }, dependsOn: [] };

const runOf = ({ api }: Stage) => api.get(RUNS, { namespace: NAMESPACE, name: RUN });
const eventsOf = (run: Stage) => run.calls(/^event/).map((call) => call.split(' ')[2]);

function decide({ api }: Stage, phase: string | null): void {
  const policy = {
    apiVersion: 'approvals.proompteng.ai/v1alpha1',
    kind: POLICIES.kind,
    metadata: { name: 'board', namespace: NAMESPACE },
    spec: { mode: 'manual' },
  };
  if (api.list(POLICIES).items.length === 0) api.create(POLICIES, policy);
  api.patch(POLICIES, policy.metadata, { type: 'merge', body: { status: { phase } } }, { subresource: 'status' });
}

/** Writes a status, as the controller of a step's child does. */
function report({ api }: Stage, step: string, status: object): void {
  const child = listChildren(api).find(({ metadata }) => metadata.name.startsWith(`${step}.`)) as KubeObject;
  api.patch(resourceOf(child.kind), child.metadata, { type: 'merge', body: { status } }, { subresource: 'status' });
}

const blocked = (message: string) => ({
  phase: 'Pending',
  conditions: [{ type: 'Blocked', status: 'True', reason: 'ConcurrencyLimit', message }],
});

/** Counts the writes of the run in these reconciles. */
async function countWrites(run: Stage, reconciles: number): Promise<number> {
  const before = run.calls(/^patch/).length;
  await run.look(reconciles);
  return run.calls(/^patch/).length - before;
}

describe('a gate', () => {
  test('reports what its policy lacks, with an event for each new reason', async () => {
    const run = setStage([ask, { ...ask, name: 'also' }]);
    await run.look(5);
    expect(run.stepOf('ask')).toMatchObject({ phase: 'Running', reason: 'ApprovalPolicyMissing' });
    decide(run, 'Ready');
    await run.look(5);
    expect(run.stepOf('also')).toMatchObject({ phase: 'Running', reason: 'ApprovalPending' });
    decide(run, 'Aproved');
    await run.look(5);
    expect(run.stepOf('ask')).toMatchObject({ phase: 'Running', reason: 'ApprovalPhaseUnknown' });
    expect(await countWrites(run, 10)).toBe(0);
    expect(eventsOf(run)).toEqual(['Started', 'ApprovalPolicyMissing', 'ApprovalPending', 'ApprovalPhaseUnknown']);
    decide(run, 'Approved');
    await run.look(2);
    expect(run.status().phase).toBe('Succeeded');
  });
});

describe('a nested run', () => {
  test('that waits for its Orchestration is reported as what its step waits for', async () => {
    const run = setStage([sub]);
    await run.look(5);
    const child = listChildren(run.api)[0]?.metadata.name;
    const message = `OrchestrationRun ${child} has not started: waits for Orchestration "inner" to appear`;
    expect(run.stepOf('sub')).toMatchObject({ phase: 'Running', reason: 'MissingOrchestration', message });
    expect(eventsOf(run)).toEqual(['Started', 'MissingOrchestration']);
    const metadata = { name: 'inner', namespace: NAMESPACE };
    const { apiVersion } = runOf(run);
    run.api.create(ORCHESTRATIONS, { apiVersion, kind: 'Orchestration', metadata, spec: { steps: [tool('x', [])] } });
    await run.look(5);
    expect(run.stepOf('sub')).toMatchObject({ phase: 'Running', reason: 'Started', message: '' });
  });
});

describe('an AgentRun', () => {
  test('that is blocked is reported once, even if the message for the same reason changes', async () => {
    const run = setStage([agent('work')]);
    run.circumstances.startsLate = true;
    await run.look(3);
    report(run, 'work', blocked('5 of 5 run'));
    await run.look(3);
    const child = listChildren(run.api)[0]?.metadata.name;
    const message = `AgentRun ${child} is blocked (ConcurrencyLimit): 5 of 5 run`;
    expect(run.stepOf('work')).toMatchObject({ phase: 'Running', reason: 'ChildBlocked', message });
    report(run, 'work', blocked('5 of 5 run, 3 wait'));
    expect(await countWrites(run, 5)).toBe(0);
    report(run, 'work', { phase: 'Running', startedAt: runOf(run).metadata.creationTimestamp, conditions: [] });
    await run.look(3);
    expect(run.stepOf('work')).toMatchObject({ reason: 'Started', message: '' });
    expect(eventsOf(run)).toEqual(['Started']);
  });

  test('has its timeoutSeconds from its own start; before that, only pendingTimeoutSeconds applies', async () => {
    const fields = { timeoutSeconds: 60, retries: 1 };
    const run = setStage([agent('patient', fields), agent('hasty', { ...fields, pendingTimeoutSeconds: 600 })]);
    run.circumstances.startsLate = true;
    await run.look(2);
    for (const step of ['patient', 'hasty']) report(run, step, blocked('no room'));
    run.pass(500);
    await run.look(5);
    expect(run.stepOf('hasty')).toMatchObject({ reason: 'ChildBlocked', attempt: 1 });
    run.pass(100);
    await run.look(2);
    expect(run.stepOf('patient')).toMatchObject({ phase: 'Running', attempt: 1 });
    expect(run.stepOf('hasty')).toMatchObject({ phase: 'Retrying', reason: 'StepTimedOut' });
    expect(run.stepOf('hasty').message).toMatch(
      /^attempt did not start within 600 s: AgentRun .* is blocked \(ConcurrencyLimit\): no room; attempt 2 follows$/,
    );
    report(run, 'patient', { phase: 'Running', startedAt: new Date(run.nowMs()).toISOString(), conditions: [] });
    run.pass(50);
    await run.look(2);
    expect(run.stepOf('patient')).toMatchObject({ phase: 'Running', attempt: 1 });
    run.pass(10);
    await run.look(2);
    expect(run.stepOf('patient')).toMatchObject({ phase: 'Retrying', reason: 'StepTimedOut' });
    expect(run.stepOf('patient').message).toBe('attempt took longer than 60 s; attempt 2 follows');
  });

  test('that reports a start before its creation or in the future gets neither less time nor unlimited time', async () => {
    const run = setStage([agent('early', { timeoutSeconds: 60 }), agent('late', { timeoutSeconds: 60 })]);
    run.circumstances.startsLate = true;
    await run.look(2);
    report(run, 'early', { phase: 'Running', startedAt: '2020-01-01T00:00:00Z' });
    report(run, 'late', { phase: 'Running', startedAt: new Date(run.nowMs() + 3_600_000).toISOString() });
    run.pass(50);
    await run.look(2);
    expect(run.status().stepStatuses).toMatchObject([{ phase: 'Running' }, { phase: 'Running' }]);
    run.pass(20);
    await run.look(2);
    expect(run.status().stepStatuses).toMatchObject([{ reason: 'StepTimedOut' }, { phase: 'Running' }]);
    run.pass(3_600);
    await run.look(2);
    expect(run.stepOf('late')).toMatchObject({ phase: 'Failed', reason: 'StepTimedOut' });
  });
});

test.each<[string, object | undefined]>([
  ['without a status', undefined],
  ['that is Ready, as the agents chart makes it', { phase: 'Ready' }],
])('a ToolRun %s is reported as not started after a minute', async (_, status) => {
  const run = setStage([tool('work', [], { timeoutSeconds: 30 })]);
  run.circumstances.startsLate = true;
  await run.look(2);
  if (status !== undefined) report(run, 'work', status);
  const outcome = await run.look(3);
  expect(outcome).toHaveProperty('afterMs');
  expect(run.stepOf('work')).toMatchObject({ reason: 'Started', message: '' });
  run.pass(60);
  await run.look(3);
  expect(run.stepOf('work')).toMatchObject({ phase: 'Running', reason: 'ChildNotStarted', attempt: 1 });
  expect(run.stepOf('work').message).toMatch(
    /^ToolRun .* was created at .*Z and has not started: is its controller running\?$/,
  );
  expect(await countWrites(run, 10)).toBe(0);
});

test('a step that waits for policies.maxParallel reports it in a write that is due anyway', async () => {
  const run = setStage([tool('a', []), tool('b', []), tool('c', ['a'])], { policies: { maxParallel: 1 } });
  await run.look(5);
  expect(run.stepOf('b')).toMatchObject({ phase: 'Pending', message: 'waits for room: policies.maxParallel is 1' });
  expect(run.stepOf('c').message).toBeUndefined();
  expect(run.calls(/^patch/)).toHaveLength(2); // its start, and the uid of its child
  for (const step of ['a', 'b', 'c']) {
    run.end(step, 'Succeeded');
    await run.look(5);
  }
  expect(isRunFinal(run.status())).toBe(true);
  expect(run.status().stepStatuses.map(({ message }) => message)).toEqual(['', '', '']);
});
