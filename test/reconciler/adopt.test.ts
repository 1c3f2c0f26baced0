import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../src/objects/object.ts';
import { formatTraceparent, spanOfRun } from '../../src/objects/trace-context.ts';
import { GROUP } from '../../src/orchestration/schema.ts';
import { Annotation } from '../../src/orchestration/vocabulary/metadata.ts';
import { nameChild, nameSnapshot } from '../../src/reconciler/names.ts';
import type { Cluster } from '../../src/reconciler/ports.ts';
import { connectModel } from '../support/model/cluster.ts';
import {
  createWorld,
  listChildren,
  NAMESPACE,
  REVISIONS,
  RUN,
  RUNS,
  resourceOf,
  storedStatus,
  TOOL_RUNS,
} from '../support/model/engine.ts';
import { type Step, tool } from '../support/model/play.ts';
import { setStage, startEngine } from '../support/model/stage.ts';

const run = { namespace: NAMESPACE, name: RUN };

/**
 * Runs a scan and a step that depends on it. Before the run starts, another client creates the child of the scan.
 * `change` makes this child from the one that we would create.
 */
async function preCreate(
  change: (child: KubeObject) => KubeObject,
  more: Partial<Cluster> = {},
  options: Parameters<typeof startEngine>[2] = {},
) {
  const steps = [tool('scan'), tool('ship', ['scan'])];
  const world = createWorld(
    { steps, policies: {} },
    { ancestry: [], tell: () => {} },
    { [`${GROUP}/suspend`]: 'true' },
  );
  const { api } = world;
  const { uid = '' } = api.get(RUNS, run).metadata;
  const name = nameChild({ name: RUN, uid }, 'scan', 1);
  const texts = {
    'agents.proompteng.ai/orchestration-run': RUN,
    'agents.proompteng.ai/orchestration-step': 'scan',
  };
  const owner = { apiVersion: `${GROUP}/v1alpha1`, kind: 'OrchestrationRun', name: RUN, uid, controller: true };
  const child = {
    apiVersion: 'tools.proompteng.ai/v1alpha1',
    kind: 'ToolRun',
    metadata: { name, namespace: NAMESPACE, labels: texts, annotations: texts, ownerReferences: [owner] },
    spec: { toolRef: { name: 'scan' }, parameters: {} },
  };
  api.create(TOOL_RUNS, change(child));
  api.patch(
    TOOL_RUNS,
    child.metadata,
    { type: 'merge', body: { status: { phase: 'Succeeded' } } },
    { subresource: 'status' },
  );
  api.patch(RUNS, run, { type: 'merge', body: { metadata: { annotations: { [`${GROUP}/suspend`]: null } } } });
  const engine = startEngine({ ...connectModel(api), ...more }, world, options);
  for (let round = 0; round < 20; round++) {
    await engine.reconcile(`${NAMESPACE}/${RUN}`);
    world.nowMs += 1000;
  }
  const [scan, ship] = storedStatus(world).stepStatuses;
  return { scan, ship, children: listChildren(api) };
}

describe('an object that has the name of a child and was not created by this process', () => {
  test.each<[string, (child: KubeObject) => KubeObject, string]>([
    [
      'another Tool',
      (child) => ({ ...child, spec: { toolRef: { name: 'harmless' }, parameters: {} } }),
      'spec.toolRef.name is "harmless", not "scan"',
    ],
    [
      'an additional field',
      (child) => ({ ...child, spec: { ...(child['spec'] as object), ttlSecondsAfterFinished: 0 } }),
      'spec.ttlSecondsAfterFinished is 0, not absent',
    ],
    [
      'another label',
      (child) => ({
        ...child,
        metadata: { ...child.metadata, labels: { 'agents.proompteng.ai/orchestration-step': 'x' } },
      }),
      'metadata.labels.agents.proompteng.ai/orchestration-run is absent, not "nightly-1"',
    ],
  ])('with %s is not used as the child: the step fails and reports the difference', async (_, change, difference) => {
    const { scan, ship } = await preCreate(change);
    expect(scan).toMatchObject({ phase: 'Failed', reason: 'ChildNameTaken' });
    expect(scan?.message).toContain(`exists but is not what this step would create: ${difference}`);
    expect(ship).toMatchObject({ phase: 'Skipped' });
  });

  test('is used as the child if it is what we would create, as after a crash', async () => {
    expect(await preCreate((child) => child)).toMatchObject({
      scan: { phase: 'Succeeded' },
      ship: { phase: 'Running' },
    });
  });

  test.each([
    [true, 'no trace context', {}],
    [true, 'another one', { traceparent: formatTraceparent(spanOfRun('x')) }],
    [false, 'a trace context', { traceparent: formatTraceparent(spanOfRun('x')) }],
  ])(
    'may have been created before the setting for trace contexts became %s: it has %s',
    async (passesTraceparent, _, parameters) => {
      const handed = (child: KubeObject) => ({ ...child, spec: { toolRef: { name: 'scan' }, parameters } });
      expect(await preCreate(handed, {}, { passesTraceparent })).toMatchObject({ scan: { phase: 'Succeeded' } });
      const forged = (child: KubeObject) => ({
        ...child,
        spec: { toolRef: { name: 'scan' }, parameters: { traceparent: '$(x)' } },
      });
      expect(await preCreate(forged, {}, { passesTraceparent })).toMatchObject({ scan: { reason: 'ChildNameTaken' } });
    },
  );

  test.each([
    ['none, as 0.2 wrote it', null],
    ['another', '0'],
  ])('may have another lifetime annotation, and gets the lifetime of its step: %s', async (_, asked) => {
    const agentRefs = { agentRef: { name: 'coder' }, implementationSpecRef: { name: 'fix' } };
    const scan: Step = { name: 'scan', kind: 'AgentRun', ...agentRefs, ttlSecondsAfterFinished: 5 };
    const stage = setStage([scan]);
    stage.circumstances.after = (call) => {
      if (!call.startsWith('create AgentRun')) return;
      const [child] = listChildren(stage.api) as [KubeObject];
      const ownerReferences = child.metadata.ownerReferences?.map((owner) => ({
        ...owner,
        blockOwnerDeletion: undefined,
      }));
      const body = { metadata: { annotations: { [Annotation.ChildTtl]: asked }, ownerReferences } };
      stage.api.patch(resourceOf('AgentRun'), child.metadata, { type: 'merge', body });
      stage.replaceEngine();
    };
    await stage.look();
    expect(stage.stepOf('scan')).toMatchObject({ phase: 'Running', reason: 'Started', attempt: 1 });
    stage.end('scan', 'Succeeded');
    await stage.look();
    expect(stage.status().phase).toBe('Succeeded');
    expect(stage.calls(/^(create|limit) AgentRun/)).toHaveLength(2);
  });

  test('may have what the API server adds to such a child, and nothing more', async () => {
    const withDefault = (child: object) => ({
      ...child,
      spec: { ...((child as KubeObject)['spec'] as object), timeout: 60 },
    });
    const dryRunCreate: Cluster['dryRunCreate'] = (object) => Promise.resolve(withDefault(object) as never);
    const { scan } = await preCreate((child) => withDefault(child) as unknown as KubeObject, { dryRunCreate });
    expect(scan).toMatchObject({ phase: 'Succeeded' });
    const other = await preCreate((child) => child, { dryRunCreate: () => Promise.reject(new Error('not asked')) });
    expect(other.scan).toMatchObject({ phase: 'Succeeded' });
  });

  test('is neither used nor rejected if it cannot be verified, and the run can be reconciled again', async () => {
    const dryRunCreate = () => Promise.reject(new Error('exceeded quota'));
    const { scan } = await preCreate((child) => ({ ...child, spec: { toolRef: { name: 'x' } } }), { dryRunCreate });
    expect(scan).toMatchObject({ phase: 'Running', attempt: 1 });
  });
});

describe('a ControllerRevision that has the name of the snapshot of a run that has not started', () => {
  async function preStore(orchestration: object) {
    const world = createWorld({ steps: [tool('scan')], policies: {} }, { ancestry: [], tell: () => {} });
    const { api } = world;
    const { uid = '' } = api.get(RUNS, run).metadata;
    api.create(REVISIONS, {
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: {
        name: nameSnapshot(uid),
        namespace: NAMESPACE,
        ownerReferences: [
          { apiVersion: `${GROUP}/v1alpha1`, kind: 'OrchestrationRun', name: RUN, uid, controller: true },
        ],
      },
      data: { orchestration },
    });
    const engine = startEngine(connectModel(api), world);
    for (let round = 0; round < 5; round++) await engine.reconcile(`${NAMESPACE}/${RUN}`);
    const { phase, conditions } = storedStatus(world);
    return { phase, reason: conditions[0]?.reason, children: listChildren(api).map(({ spec }) => spec) };
  }
  const stored = { name: 'nightly', namespace: NAMESPACE, policies: {} };

  test('does not replace the Orchestration: the run fails, and nothing runs', async () => {
    const forged = { ...stored, steps: [tool('harmless')] };
    expect(await preStore(forged)).toEqual({ phase: 'Failed', reason: 'SnapshotNameTaken', children: [] });
  });

  test('is followed if it holds the current Orchestration, as after a crash', async () => {
    const same = { ...stored, steps: [tool('scan')] };
    expect(await preStore(same)).toMatchObject({ phase: 'Running', children: [{ toolRef: { name: 'scan' } }] });
  });
});
