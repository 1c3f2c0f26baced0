import { describe, expect, test } from 'vitest';
import type { StoredObject } from '../../src/objects/object.ts';
import type { StepStatus } from '../../src/orchestration/run-status.ts';
import type { Step } from '../../src/orchestration/schema.ts';
import { Annotation } from '../../src/orchestration/vocabulary/metadata.ts';
import { nameChild } from '../../src/reconciler/names.ts';
import { repairSteps } from '../../src/reconciler/repair.ts';
import { fitStatus } from '../../src/reconciler/status-size.ts';
import { NAMESPACE, RUN, RUNS } from '../support/model/engine.ts';
import { tool } from '../support/model/play.ts';
import { type Stage, setStage } from '../support/model/stage.ts';
import { observationOf } from '../support/observations.ts';

const ask = (fields: Partial<Step> = {}): Step => ({ name: 'ask', kind: 'ApprovalGate', dependsOn: [], ...fields });

/** Sets annotations of a run; null removes one. */
function annotate({ api }: Stage, annotations: Readonly<Record<string, string | null>>, name = RUN): void {
  api.patch(RUNS, { namespace: NAMESPACE, name }, { type: 'merge', body: { metadata: { annotations } } });
}

/** Annotates the run with decisions by their keys: `{ 'ask.1': 'approved by ann' }`. */
function decide(stage: Stage, decisions: Readonly<Record<string, string | null>>, run = RUN): void {
  const keys = Object.entries(decisions).map(([key, value]) => [`${Annotation.Approval}${key}`, value] as const);
  annotate(stage, Object.fromEntries(keys), run);
}

const whoOf = ({ approvals = [] }: StepStatus) => approvals.map(({ user, decision }) => `${user} ${decision}`);
const eventsOf = (stage: Stage) => stage.calls(/^event/).map((call) => call.split(' ')[2] ?? '');

async function waiting(fields: Partial<Step> = {}, more: readonly Step[] = []): Promise<Stage> {
  const stage = setStage([ask(fields), ...more]);
  await stage.look(5);
  expect(stage.stepOf('ask')).toMatchObject({ phase: 'Running', reason: 'ApprovalPending' });
  return stage;
}

describe('an ApprovalGate', () => {
  test('opens when enough people have approved, and records who, when and why', async () => {
    const stage = await waiting({ approvers: { count: 2 } }, [tool('ship', ['ask'])]);
    expect(stage.stepOf('ask')).toMatchObject({
      approvers: { count: 2, notCreator: false },
      message: `waits for 2 approvals and has 0: run orchestration-gate approve ${RUN} ask`,
    });
    decide(stage, { 'ask.1': 'approved by ann\nlooks good' });
    const at = new Date(stage.nowMs()).toISOString();
    await stage.look(2);
    expect(stage.stepOf('ask')).toMatchObject({
      phase: 'Running',
      approvals: [{ user: 'ann', decision: 'Approved', at, comment: 'looks good' }],
    });
    decide(stage, { 'ask.2': 'approved by ann', 'ask.3': 'approved by bob' });
    await stage.look(2);
    expect(whoOf(stage.stepOf('ask'))).toEqual(['ann Approved', 'bob Approved']);
    expect(stage.stepOf('ask')).toMatchObject({ phase: 'Succeeded', message: 'approved by "ann", "bob"' });
    expect(stage.children()).toEqual(['ship']);
  });

  test('is denied by one person for good, whatever its retries, and with continueOnFailure its dependents go on', async () => {
    const stage = await waiting({ retries: 3, continueOnFailure: true }, [tool('ship', ['ask'])]);
    decide(stage, { 'ask.1': 'approved by ann', 'ask.2': 'denied by bob\ntoo risky' });
    await stage.look(3);
    expect(stage.stepOf('ask')).toMatchObject({
      ...{ phase: 'Failed', reason: 'ApprovalDenied', attempt: 1, ignored: true },
      message: 'denied by "bob": too risky',
    });
    expect(stage.children()).toEqual(['ship']);
  });

  test('ignores an annotation that cannot be read, and its message says so', async () => {
    const stage = await waiting();
    decide(stage, { 'ask.1': 'yes', 'ask.2': 'approved by', 'other.1': 'approved by ann' });
    await stage.look(2);
    expect(stage.stepOf('ask').message).toMatch(/; ignored because they are malformed: "ask\.1", "ask\.2"$/);
    expect(stage.stepOf('ask').approvals).toBeUndefined();
  });

  test('keeps what it has recorded if an annotation is removed or changed, and counts it after a crash', async () => {
    const stage = await waiting({ approvers: { count: 2 } });
    decide(stage, { 'ask.1': 'approved by ann' });
    await stage.look(2);
    decide(stage, { 'ask.1': 'denied by ann' });
    stage.replaceEngine();
    decide(stage, { 'ask.1': null });
    await stage.look(2);
    expect(whoOf(stage.stepOf('ask'))).toEqual(['ann Approved']);
    decide(stage, { 'ask.1': 'approved by bob' });
    await stage.look(2);
    expect(stage.stepOf('ask').phase).toBe('Succeeded');
  });

  test('opens with an approval from before it waited, since the policy of the chart refuses those', async () => {
    const stage = setStage([tool('build', []), ask({ dependsOn: ['build'] })]);
    await stage.look(3);
    decide(stage, { 'ask.1': 'approved by ann' });
    await stage.look(3);
    expect(stage.stepOf('ask').approvals).toBeUndefined();
    stage.end('build', 'Succeeded');
    await stage.look(3);
    expect(stage.stepOf('ask').phase).toBe('Succeeded');
  });

  test('keeps its approvals over a timeout, and asks for the others in the next attempt', async () => {
    const stage = await waiting({ approvers: { count: 2 }, timeoutSeconds: 60, retries: 1 });
    decide(stage, { 'ask.1': 'approved by ann' });
    await stage.look(2);
    stage.pass(60);
    await stage.look(3);
    expect(stage.stepOf('ask')).toMatchObject({ phase: 'Running', attempt: 2 });
    expect(whoOf(stage.stepOf('ask'))).toEqual(['ann Approved']);
    stage.pass(60);
    await stage.look(3);
    expect(stage.stepOf('ask')).toMatchObject({ phase: 'Failed', reason: 'StepTimedOut' });
  });

  test('tells people once that it waits, with the command', async () => {
    const stage = await waiting({ approvers: { count: 2 } });
    decide(stage, { 'ask.1': 'approved by ann' });
    stage.replaceEngine();
    await stage.look(5);
    expect(eventsOf(stage).filter((event) => event.startsWith('ApprovalPending'))).toEqual(['ApprovalPending']);
  });

  test('does not need ApprovalPolicies to be readable, and with a policyRef people still decide', async () => {
    const stage = setStage([ask(), ask({ name: 'also', policyRef: 'board' })]);
    stage.circumstances.unreadable.set('ApprovalPolicy', 'forbidden');
    await stage.look(3);
    expect(stage.stepOf('ask').reason).toBe('ApprovalPending');
    expect(stage.stepOf('also').reason).toBe('KindUnreadable');
    decide(stage, { 'ask.1': 'approved by ann', 'also.1': 'approved by ann' });
    await stage.look(3);
    expect(stage.status().stepStatuses.map(({ phase }) => phase)).toEqual(['Succeeded', 'Succeeded']);
  });

  test('hands on who approved it, as child.approvals', async () => {
    const outputs = { first: 'child.approvals[0].user', all: 'child.approvals', why: 'child.approvals[0].comment' };
    const stage = await waiting({ outputs });
    decide(stage, { 'ask.1': 'approved by ann\nlooks good' });
    await stage.look(2);
    const { outputs: given = {} } = stage.stepOf('ask');
    expect(given).toMatchObject({ first: 'ann', why: 'looks good' });
    expect(JSON.parse(given['all'] ?? '')).toMatchObject([{ user: 'ann', decision: 'Approved' }]);
  });
});

describe('approvers.notCreator', () => {
  const fields = { approvers: { notCreator: true } };

  test('does not count the decisions of the creator', async () => {
    const stage = setStage([ask(fields)]);
    annotate(stage, { [Annotation.CreatedBy]: 'ann' });
    await stage.look(3);
    decide(stage, { 'ask.1': 'approved by ann', 'ask.2': 'denied by ann' });
    await stage.look(3);
    expect(stage.stepOf('ask')).toMatchObject({ phase: 'Running' });
    expect(stage.stepOf('ask').message).toContain('; not by "ann", who created the run');
    decide(stage, { 'ask.3': 'approved by bob' });
    await stage.look(3);
    expect(whoOf(stage.stepOf('ask'))).toEqual(['bob Approved']);
    expect(stage.stepOf('ask').phase).toBe('Succeeded');
  });

  test('admits nobody if the run does not say who created it', async () => {
    const stage = await waiting(fields);
    decide(stage, { 'ask.1': 'approved by bob' });
    await stage.look(3);
    expect(stage.stepOf('ask').approvals).toBeUndefined();
    expect(stage.stepOf('ask').message).toContain('an approval that nobody can give');
  });

  test('takes the creator of an inner run from the outermost run', async () => {
    const others = { inner: { steps: [ask(fields)] } };
    const stage = setStage([{ name: 'sub', kind: 'SubOrchestration', orchestrationRef: { name: 'inner' } }], {
      others,
    });
    annotate(stage, { [Annotation.CreatedBy]: 'ann' });
    await stage.look(5);
    const inner = () => stage.api.list(RUNS).items.find(({ metadata }) => metadata.name !== RUN) as StoredObject;
    const stepOf = () => Object(inner()['status']).stepStatuses[0];
    decide(stage, { 'ask.1': 'approved by ann' }, inner().metadata.name);
    await stage.look(3);
    expect(stepOf()).toMatchObject({ phase: 'Running' });
    decide(stage, { 'ask.2': 'approved by bob' }, inner().metadata.name);
    await stage.look(3);
    expect(stepOf()).toMatchObject({ phase: 'Succeeded' });
  });
});

describe('recorded approvals', () => {
  const approvals = [{ user: 'ann', decision: 'Approved', at: '2026-01-01T00:00:00Z', comment: 'fine' }] as const;
  const statusOf = (name: string, phase: StepStatus['phase'], kind = 'ApprovalGate'): StepStatus => ({
    ...{ name, kind, phase, attempt: 1, approvals, message: 'x'.repeat(200) },
  });

  test('of an open gate are kept in a status that is too large, without comments', () => {
    const statuses = [statusOf('open', 'Running'), statusOf('over', 'Succeeded')];
    const { stepStatuses } = fitStatus({ conditions: [], stepStatuses: statuses }, 320);
    const [{ comment: _, ...approval }] = approvals;
    expect(stepStatuses.map((step) => [step.message, step.approvals])).toEqual([
      [undefined, [approval]],
      [undefined, undefined],
    ]);
  });

  test('of a step that is no gate are not believed', () => {
    const { run, kinds } = observationOf([]);
    const stepStatuses = [statusOf('ask', 'Running'), statusOf('work', 'Running', 'ToolRun')];
    const steps = [ask(), tool('work')];
    const repaired = repairSteps({ ...run, status: { ...run.status, stepStatuses } }, steps, nameChild, kinds);
    expect(repaired.map((step) => step.approvals)).toEqual([approvals, undefined]);
  });
});
