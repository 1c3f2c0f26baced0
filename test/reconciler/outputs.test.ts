import { describe, expect, test } from 'vitest';
import type { StoredObject } from '../../src/objects/object.ts';
import { decodeRunStatus } from '../../src/orchestration/decode-status.ts';
import { stepKinds } from '../../src/orchestration/kinds/table.ts';
import type { StepStatus } from '../../src/orchestration/run-status.ts';
import type { Step } from '../../src/orchestration/schema.ts';
import { type ToolRunState, writeToolRunState } from '../../src/orchestration/tool-run-state.ts';
import { Annotation } from '../../src/orchestration/vocabulary/metadata.ts';
import { keepObject } from '../../src/reconciler/kept.ts';
import { nameChild } from '../../src/reconciler/names.ts';
import type { Observation } from '../../src/reconciler/observation.ts';
import { planWithOpenings } from '../../src/reconciler/openings.ts';
import type { Cluster } from '../../src/reconciler/ports.ts';
import { repairSteps } from '../../src/reconciler/repair.ts';
import { observationOf } from '../support/observations.ts';

const time = '2026-01-01T00:00:00Z';
const nowMs = Date.parse('2026-01-01T00:01:00Z');
const { run } = observationOf([]);

/** The child of the first attempt of a step, which has succeeded. */
function childOf(step: string, kind: string, fields: Record<string, unknown> = {}): StoredObject {
  const found = stepKinds.ofObject(kind);
  const { metadata, status, ...rest } = fields as Partial<StoredObject>;
  return {
    apiVersion: found?.apiVersion ?? '',
    kind,
    metadata: {
      ...{ name: nameChild(run, step, 1), namespace: 'agents', uid: `uid-${step}`, creationTimestamp: time },
      ownerReferences: [{ apiVersion: '', kind: 'OrchestrationRun', name: run.name, uid: run.uid, controller: true }],
      ...metadata,
    },
    ...rest,
    status: { phase: 'Succeeded', ...(status as object) },
  };
}

function toolRun(step: string, state: Partial<ToolRunState>): StoredObject {
  const outcome = { phase: 'Succeeded', reason: 'Completed', message: '', finishedAt: time } as const;
  const text = writeToolRunState({ uid: `uid-${step}` }, { startedAt: time, outcome, ...state });
  const { metadata } = childOf(step, 'ToolRun');
  return childOf(step, 'ToolRun', { metadata: { ...metadata, annotations: { [Annotation.ToolRunState]: text } } });
}

const isRunningWith = ({ apiVersion, kind, metadata }: StoredObject, name: string): StepStatus => ({
  ...{ name, kind, phase: 'Running', attempt: 1, startedAt: time },
  resourceRef: { apiVersion, kind, name: metadata.name, namespace: 'agents', uid: metadata.uid },
});

interface Stage {
  /** The objects that the API server holds. */
  readonly live?: readonly StoredObject[];
  readonly statuses?: readonly StepStatus[];
  readonly fields?: Partial<Observation>;
  readonly read?: () => Promise<undefined>;
}

/** Plans a run of these steps. The copy holds `objects`. Returns the statuses that the plan writes, and its reads. */
async function plan(steps: readonly Step[], objects: readonly StoredObject[], stage: Stage = {}) {
  const { live = objects, fields = {} } = stage;
  const reads: string[] = [];
  const copy = objects.map((object) => keepObject(object));
  const children = copy.filter(({ kind }) => stepKinds.ofObject(kind)?.type === 'Child');
  const observation: Observation = {
    ...observationOf(
      steps,
      stage.statuses ?? children.map((child, index) => isRunningWith(child, steps[index]?.name ?? '')),
    ),
    children: new Map(children.map((child) => [child.metadata.name, child])),
    watched: new Map(
      steps.map(({ name, kind }) => {
        const gate = stepKinds.get(kind);
        return [name, gate?.type === 'Gate' ? copy.filter((object) => object.kind === gate.kind) : []];
      }),
    ),
    ...fields,
  };
  const readObject: Cluster['readObject'] = async (_, kind, __, name) => {
    reads.push(kind);
    if (stage.read) return stage.read();
    return live.find((object) => object.kind === kind && object.metadata.name === name);
  };
  const options = { nameChild, missingOrchestrationSeconds: 5 };
  const actions = await planWithOpenings({ readObject } as Cluster, observation, nowMs, options);
  const patch = actions.find((action) => action.type === 'PatchStatus');
  const statuses = patch?.status.stepStatuses ?? [];
  return { statuses, first: statuses[0], reads, requeue: actions.find(({ type }) => type === 'RequeueAt') };
}

const step = (fields: Partial<Step> = {}): Step => ({ name: 'build', kind: 'ToolRun', ...fields });

describe('the outputs of a ToolRun', () => {
  test('need no declaration, and no further read', async () => {
    const { first, reads } = await plan([step()], [toolRun('build', { outputs: { digest: 'sha256:1' } })]);
    expect(first).toMatchObject({ phase: 'Succeeded', outputs: { digest: 'sha256:1' } });
    expect(reads).toEqual([]);
  });

  test('stand beside those that the step declares, which take precedence', async () => {
    const outputs = { digest: '"own"', copy: 'child.status.outputs.digest' };
    const { first, reads } = await plan(
      [step({ outputs })],
      [toolRun('build', { outputs: { digest: 'a', tag: 'b' } })],
    );
    expect(first?.outputs).toEqual({ digest: 'own', tag: 'b', copy: 'a' });
    expect(reads).toEqual(['ToolRun']);
  });

  test('that are unknown fail a step whose outputs need them, and say why', async () => {
    const unknown = toolRun('build', { outputs: 'Unknown' });
    const { first } = await plan([step({ outputs: { digest: 'child.status.outputs.digest' } })], [unknown]);
    expect(first).toMatchObject({ phase: 'Failed', reason: 'OutputFailed' });
    expect(first?.message).toContain('output "digest" cannot be evaluated: child.status.outputs.digest: ');
    expect(first?.message).toContain('are unknown, because its pod could not be read');
    expect((await plan([step()], [unknown])).first).toMatchObject({ phase: 'Succeeded' });
  });

  test('that were cut fail the step with the reason of the ToolRun', async () => {
    const outcome = { phase: 'Failed', reason: 'OutputFailed', message: 'too long', finishedAt: time } as const;
    const { first } = await plan([step()], [toolRun('build', { outcome })]);
    expect(first).toMatchObject({ phase: 'Failed', reason: 'OutputFailed', message: 'too long' });
  });
});

describe('a step that declares outputs', () => {
  const agent = (status: object = { vcs: { headBranch: 'fix-7' } }) => childOf('build', 'AgentRun', { status });
  const declares = (outputs: Record<string, string>, fields: Partial<Step> = {}) =>
    step({ kind: 'AgentRun', outputs, ...fields });

  test('evaluates them with its child as the API server holds it, which the copy does not', async () => {
    const outputs = { branch: 'child.status.vcs.headBranch', by: 'run.name + "/" + child.metadata.uid' };
    const { first, reads } = await plan([declares(outputs)], [agent()]);
    expect(first).toMatchObject({ phase: 'Succeeded', reason: 'Completed', message: '' });
    expect(first?.outputs).toEqual({ branch: 'fix-7', by: 'nightly-1/uid-build' });
    expect(reads).toEqual(['AgentRun']);
  });

  test('reads nothing as long as its child works, or if it fails', async () => {
    for (const phase of ['Running', 'Failed'])
      expect((await plan([declares({ branch: 'child.status.phase' })], [agent({ phase })])).reads).toEqual([]);
  });

  test('fails if an output cannot be evaluated, and names the output, its expression and the cause', async () => {
    const { first } = await plan([declares({ ok: '"x"', branch: 'child.status.vcs.headBranch' })], [agent({})]);
    expect(first).toMatchObject({ phase: 'Failed', reason: 'OutputFailed' });
    expect(first?.message).toContain('output "branch" cannot be evaluated: child.status.vcs.headBranch: the child has');
    expect(first).not.toHaveProperty('outputs');
  });

  test('fails if an expression does not compile, although the gate is there to deny it', async () => {
    const { first } = await plan([declares({ branch: 'child.(' })], [agent()]);
    expect(first).toMatchObject({ phase: 'Failed', reason: 'OutputFailed' });
  });

  test.each([
    ['is gone', []],
    ['is another object of that name', [{ ...agent(), metadata: { ...agent().metadata, uid: 'another' } }]],
  ])('fails if its child %s', async (_, live) => {
    const { first } = await plan([declares({ a: '"x"', b: '"y"' })], [agent()], { live });
    expect(first).toMatchObject({
      phase: 'Failed',
      reason: 'OutputFailed',
      message: `cannot evaluate the outputs "a", "b": AgentRun ${agent().metadata.name} is gone`,
    });
  });

  test('retries after a failed output, as after any failed attempt', async () => {
    const { first } = await plan([declares({ a: 'child.x' }, { retries: 1, retryBackoffSeconds: 60 })], [agent()]);
    expect(first).toMatchObject({ phase: 'Retrying', reason: 'OutputFailed' });
  });

  test('waits and reads again if its child cannot be read', async () => {
    const read = () => Promise.reject(new Error('unavailable'));
    const { first, requeue } = await plan([declares({ a: '"x"' })], [agent()], { read });
    expect(first).toMatchObject({
      phase: 'Running',
      reason: 'KindUnreadable',
      message: `cannot check AgentRun ${agent().metadata.name}: unavailable`,
    });
    expect(requeue).toEqual({ type: 'RequeueAt', time: '2026-01-01T00:01:05.000Z' });
  });

  test('records them also if the run is cancelled at the same moment', async () => {
    const fields = { run: { ...run, isCancelled: true, status: { ...run.status } } };
    const status = isRunningWith(agent(), 'build');
    const cancelled = { ...fields.run, status: { ...run.status, stepStatuses: [status] } };
    const { first } = await plan([declares({ a: '"x"' })], [agent()], { fields: { run: cancelled } });
    expect(first).toMatchObject({ phase: 'Succeeded', outputs: { a: 'x' } });
  });

  test('reads the outputs of its ancestors', async () => {
    const before: StepStatus = { name: 'first', kind: 'Checkpoint', phase: 'Succeeded', attempt: 1 };
    const statuses = [{ ...before, outputs: { n: '7' } }, isRunningWith(agent(), 'build')];
    const outputs = { n: 'steps.first.outputs.n + steps.first.phase' };
    const all = [step({ name: 'first', kind: 'Checkpoint' }), declares(outputs)];
    expect((await plan(all, [agent()], { statuses })).statuses[1]?.outputs).toEqual({ n: '7Succeeded' });
  });

  test('that needs no object evaluates them without one', async () => {
    const checkpoint = (outputs: Record<string, string>) => step({ kind: 'Checkpoint', outputs });
    const { first, reads } = await plan([checkpoint({ at: 'run.namespace' })], []);
    expect(first).toMatchObject({ phase: 'Succeeded', outputs: { at: 'agents' } });
    expect(reads).toEqual([]);
    expect((await plan([checkpoint({ at: 'child.x' })], [])).first).toMatchObject({ phase: 'Failed' });
  });

  test('hands valid Unicode and own names on, whatever they are', async () => {
    const outputs = Object.fromEntries([['__proto__', 'child.status.odd']]);
    const { first } = await plan([declares(outputs)], [agent({ odd: 'a"\n{{ x }}\ud800' })]);
    expect(Object.entries(first?.outputs ?? {})).toEqual([['__proto__', 'a"\n{{ x }}\ufffd']]);
  });
});

describe('child is', () => {
  test('the SignalDelivery of a SignalWait, with its payload', async () => {
    const delivery: StoredObject = {
      ...{ apiVersion: 'signals.proompteng.ai/v1alpha1', kind: 'SignalDelivery' },
      metadata: { name: 'd', namespace: 'agents', uid: 'd', creationTimestamp: time },
      spec: { deliveryId: '7', payload: { ref: 'main', list: [1, { a: true }] } },
    };
    const wait = step({
      ...{ kind: 'SignalWait', deliveryId: '7' },
      outputs: { ref: 'child.spec.payload.ref', list: 'child.spec.payload.list' },
    });
    const { first, reads } = await plan([wait], [delivery]);
    expect(first?.outputs).toEqual({ ref: 'main', list: '[1,{"a":true}]' });
    expect(reads).toEqual(['SignalDelivery']);
    const gone = await plan([wait], [delivery], { live: [] });
    expect(gone.first?.message).toBe('cannot evaluate the outputs "ref", "list": the SignalDelivery is gone');
  });

  test('the ApprovalPolicy of an ApprovalGate, at the cost of one read', async () => {
    const policy: StoredObject = {
      ...{ apiVersion: 'approvals.proompteng.ai/v1alpha1', kind: 'ApprovalPolicy' },
      metadata: { name: 'board', namespace: 'agents', uid: 'p' },
      spec: { note: 'go' },
      status: { phase: 'Approved' },
    };
    const gate = step({ kind: 'ApprovalGate', policyRef: 'board', outputs: { note: 'child.spec.note' } });
    const { first, reads } = await plan([gate], [policy]);
    expect(first?.outputs).toEqual({ note: 'go' });
    expect(reads).toEqual(['ApprovalPolicy']);
  });

  test('the run of a SubOrchestration, with its steps by name', async () => {
    const stepStatuses = [
      { name: 'build-it', kind: 'ToolRun', phase: 'Succeeded', attempt: 2, outputs: { digest: 'sha256:1' } },
      { name: 'skip', kind: 'ToolRun', phase: 'Skipped', reason: 'ConditionFalse', attempt: 0 },
    ];
    const inner = childOf('build', 'OrchestrationRun', { status: { stepStatuses } });
    const outputs = {
      digest: 'child.steps["build-it"].outputs.digest',
      why: 'child.steps.skip.phase + child.steps.skip.reason',
      attempt: 'child.steps["build-it"].attempt',
    };
    const { first } = await plan([step({ kind: 'SubOrchestration', outputs })], [inner]);
    expect(first?.outputs).toEqual({ digest: 'sha256:1', why: 'SkippedConditionFalse', attempt: '2' });
  });
});

describe('outputs that are too large', () => {
  test('fail the attempt, with sizes', async () => {
    const outputs = { a: 'x'.repeat(4_089) };
    expect((await plan([step()], [toolRun('build', { outputs: { a: 'x'.repeat(4_088) } })])).first?.phase).toBe(
      'Succeeded',
    );
    expect((await plan([step()], [toolRun('build', { outputs })])).first).toMatchObject({
      phase: 'Failed',
      reason: 'OutputFailed',
      message: 'the outputs take 4097 bytes as JSON, and those of one step may take 4096',
    });
  });

  test('together fail the attempts that find no room, and no others', async () => {
    const names = Array.from({ length: 18 }, (_, index) => `s${index}`);
    const children = names.map((name) => toolRun(name, { outputs: { a: 'x'.repeat(4_000) } }));
    const { statuses } = await plan(
      names.map((name) => step({ name, dependsOn: [] })),
      children,
    );
    expect(statuses.filter(({ phase }) => phase === 'Succeeded')).toHaveLength(16);
    expect(statuses.at(-1)).toMatchObject({
      phase: 'Failed',
      reason: 'OutputFailed',
      message: 'the outputs take 4008 bytes as JSON, and 64128 of the 65536 that those of a run may take are used',
    });
  });

  test('for a run whose spec leaves little room leave the room that its steps need', async () => {
    const bytesBeside = 1.5 * 1024 * 1024 - 64 * 1024 - 8 * 1024 - 268 - 3_000;
    const child = toolRun('build', { outputs: { a: 'x'.repeat(4_000) } });
    const crowded = {
      ...run,
      bytesBeside,
      status: { ...run.status, stepStatuses: [isRunningWith(child, 'build')] },
    };
    const { first } = await plan([step()], [child], { fields: { run: crowded } });
    expect(first?.message).toBe(
      'the outputs take 4008 bytes as JSON, and 0 of the 3000 that those of a run may take are used',
    );
  });
});

test('stored outputs of the wrong type count as absent, and crash nothing', () => {
  const read = (outputs: unknown) =>
    decodeRunStatus({ stepStatuses: [{ name: 'a', phase: 'Succeeded', outputs }] }).stepStatuses[0];
  for (const odd of [7, 'x', [], ['a'], null, {}, { a: {} }, undefined])
    expect(read(odd)).not.toHaveProperty('outputs');
  expect(read({ a: '1', b: 2 })).toHaveProperty('outputs', { a: '1' });
  expect(Object.keys(read(JSON.parse('{"__proto__":"x"}'))?.outputs ?? {})).toEqual(['__proto__']);
});

test('outputs of a step that has not succeeded are those of another client, and are dropped', () => {
  const forged = { ...isRunningWith(toolRun('build', {}), 'build'), outputs: { digest: 'forged' } };
  const status = { ...run.status, stepStatuses: [forged] };
  expect(repairSteps({ ...run, status }, [step()], nameChild, stepKinds)[0]).not.toHaveProperty('outputs');
  const kept = { ...run.status, stepStatuses: [{ ...forged, phase: 'Succeeded' as const }] };
  expect(repairSteps({ ...run, status: kept }, [step()], nameChild, stepKinds)[0]).toHaveProperty('outputs');
});
