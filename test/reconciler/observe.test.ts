import { expect, test } from 'vitest';
import type { StoredObject } from '../../src/objects/object.ts';
import { WHOLE } from '../../src/orchestration/buckets.ts';
import { defaultPolicy } from '../../src/orchestration/judge.ts';
import { API_VERSION } from '../../src/orchestration/schema.ts';
import { type NameChild, nameSnapshot } from '../../src/reconciler/names.ts';
import { observeRun } from '../../src/reconciler/observe.ts';
import { planRun } from '../../src/reconciler/plan.ts';
import type { Cluster } from '../../src/reconciler/ports.ts';

const RUN_UID = 'run-uid';
const owner = { apiVersion: API_VERSION, kind: 'OrchestrationRun', name: 'nightly', uid: RUN_UID };
const steps = [{ name: 'a', kind: 'ToolRun', toolRef: { name: 'echo' }, retries: 1, retryBackoffSeconds: 60 }];
const nameChild: NameChild = () => 'child';
const child = { apiVersion: 'tools.proompteng.ai/v1alpha1', kind: 'ToolRun', name: 'child', namespace: 'agents' };

/** A started run with one step, which has this status, and with more entries of its status. */
function runWith(step: object, more: readonly object[]): StoredObject {
  return {
    apiVersion: API_VERSION,
    kind: 'OrchestrationRun',
    metadata: { name: 'nightly', namespace: 'agents', uid: RUN_UID, resourceVersion: '7' },
    spec: { orchestrationRef: { name: 'nightly' } },
    status: {
      phase: 'Running',
      runId: 'nightly',
      stepStatuses: [{ name: 'a', kind: 'ToolRun', attempt: 1, resourceRef: child, ...step }, ...more],
    },
  };
}

/** A cluster whose copy has the run and no child, and whose API server has these objects. `more` are steps of the run. */
function clusterOf(run: StoredObject, stored: readonly StoredObject[], more: readonly object[]): Cluster {
  const unused = () => {
    throw new Error('not to be called');
  };
  return {
    division: WHOLE,
    poll: unused,
    labelRun: unused,
    getRun: () => run,
    getOrchestration: unused,
    getObject: () => undefined,
    listOffers: () => [],
    unreadable: () => undefined,
    listUnsettledChildren: () => [],
    listHeldChildren: () => [],
    listGroup: unused,
    listUntried: unused,
    listPlaces: unused,
    deletePlace: unused,
    statusWriters: () => ({ isOurs: true, isForeign: false }),
    rivalOf: () => undefined,
    untilOwnWritesSeenMs: () => 0,
    readObject: (_, __, ___, name) => Promise.resolve(stored.find(({ metadata }) => metadata.name === name)),
    readSnapshot: (namespace, name) =>
      Promise.resolve({
        apiVersion: 'apps/v1',
        kind: 'ControllerRevision',
        metadata: { name, namespace, uid: nameSnapshot(RUN_UID), ownerReferences: [owner] },
        data: { orchestration: { name: 'nightly', namespace: 'agents', steps: [...steps, ...more], policies: {} } },
      }),
    create: unused,
    dryRunCreate: unused,
    patchRunStatus: unused,
    setChildTtl: unused,
    cancelChild: unused,
    setFinalizers: unused,
    delete: unused,
    emitEvent: unused,
  };
}

interface Circumstances {
  readonly stored?: StoredObject[];
  readonly created?: string[];
  /** Another step of the run, which cleans up. */
  readonly cleanup?: object;
}

async function planWith(step: object, { stored = [], created = [], cleanup }: Circumstances) {
  const memory = {
    snapshots: new Map(),
    latest: new Map(),
    refusals: new Map(),
    waits: new Map(),
    holds: new Map(),
    groups: new Map(),
    places: new Map(),
    takers: new Set<string>(),
    met: new Map(),
    created: new Map([[RUN_UID, new Map(created.map((name) => [name, `uid of ${name}`]))]]),
  };
  const policy = () => defaultPolicy;
  const steps = cleanup === undefined ? [] : [cleanup];
  const run = runWith(
    step,
    steps.map((each) => ({ ...each, phase: 'Pending', attempt: 0, cleanup: true })),
  );
  const observation = await observeRun(clusterOf(run, stored, steps), 'agents/nightly', memory, {
    policy,
    nameChild,
    now: () => Date.parse('2026-01-01T00:00:00Z'),
  });
  if (observation === undefined) throw new Error('the run was not observed');
  return planRun(observation, Date.parse('2026-01-01T00:00:00Z'), {
    nameChild,
    missingOrchestrationSeconds: 300,
  });
}

test('a child that was created and deleted without being observed is not created again', async () => {
  const actions = await planWith({ phase: 'Running' }, { created: ['child'] });
  expect(actions.map(({ type }) => type)).not.toContain('CreateChild');
  expect(actions[0]).toMatchObject({
    status: { stepStatuses: [{ phase: 'Retrying', reason: 'ChildDeleted', resourceRef: { uid: 'uid of child' } }] },
  });
  // If this process has not created the child, the plan creates it.
  expect((await planWith({ phase: 'Running' }, {})).map(({ type }) => type)).toContain('CreateChild');
});

const running: StoredObject = {
  ...child,
  metadata: { ...child, uid: 'u1', ownerReferences: [{ ...owner, controller: true }] },
};

test('the next attempt waits for a timed-out child that the copy does not have yet', async () => {
  const timedOut = {
    phase: 'Retrying',
    reason: 'StepTimedOut',
    nextRetryAt: '2025-12-31T23:59:00Z',
    resourceRef: { ...child, uid: 'u1' },
  };
  const actions = await planWith(timedOut, { stored: [running] });
  expect(actions.map(({ type }) => type)).toContain('DeleteChild');
  expect(actions.map(({ type }) => type)).not.toContain('CreateChild');
  expect((await planWith(timedOut, {})).map(({ type }) => type)).toContain('CreateChild');
});

test('the cleanup of a cancelled run waits for a child that neither the status nor the copy has yet', async () => {
  const ended = { phase: 'Cancelled', reason: 'RunCancelled' };
  const cleanup = { name: 'down', kind: 'Checkpoint', dependsOn: ['a'], runIf: 'Always' };
  const actions = await planWith(ended, { stored: [running], cleanup });
  expect(actions).toContainEqual({ type: 'DeleteChild', ref: { ...child, uid: 'u1' } });
});
