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

/** Plans a run of these steps, of which the copy holds the objects. Returns the statuses that the plan writes. */
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

  test('that were cut fail the step with the reason of the ToolRun', async () => {
    const outcome = { phase: 'Failed', reason: 'OutputFailed', message: 'too long', finishedAt: time } as const;
    const { first } = await plan([step()], [toolRun('build', { outcome })]);
    expect(first).toMatchObject({ phase: 'Failed', reason: 'OutputFailed', message: 'too long' });
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

test('outputs of a step that has not succeeded are those of another client, and are dropped', async () => {
  const forged = { ...isRunningWith(toolRun('build', {}), 'build'), outputs: { digest: 'forged' } };
  const status = { ...run.status, stepStatuses: [forged] };
  expect(repairSteps({ ...run, status }, [step()], nameChild, stepKinds)[0]).not.toHaveProperty('outputs');
  const kept = { ...run.status, stepStatuses: [{ ...forged, phase: 'Succeeded' as const }] };
  expect(repairSteps({ ...run, status: kept }, [step()], nameChild, stepKinds)[0]).toHaveProperty('outputs');
});
