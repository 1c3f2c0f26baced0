import { onTestFinished } from 'vitest';
import { createOrchestrationQueue } from '../../src/engine/orchestrations.ts';
import { createRunQueue } from '../../src/engine/runs.ts';
import { followCluster } from '../../src/kube/cluster.ts';
import { followedResources, RUNS } from '../../src/kube/kinds.ts';
import { namespacedResource } from '../../src/kube/resources.ts';
import type { KubeObject, StoredObject } from '../../src/objects/object.ts';
import { WHOLE } from '../../src/orchestration/buckets.ts';
import { defaultPolicy } from '../../src/orchestration/judge.ts';
import { API_VERSION } from '../../src/orchestration/schema.ts';
import { keepObject } from '../../src/reconciler/kept.ts';
import { nameSnapshot } from '../../src/reconciler/names.ts';
import { createRivals } from '../../src/reconciler/rivals.ts';
import { topicsOf } from '../../src/reconciler/topics.ts';
import { connectModel } from './model/client.ts';
import { REVISIONS } from './model/engine.ts';
import type { Model } from './model/model.ts';
import { settle, silentLog, systemTiming } from './timing.ts';

const DELIVERIES = namespacedResource('signals.proompteng.ai', 'v1alpha1', 'SignalDelivery', 'signaldeliveries');
export const nowMs = Date.parse('2026-01-01T00:00:00Z');
const time = '2026-01-01T00:00:00Z';

export const named = (kind: string, name: string, namespace = 'agents', apiVersion = API_VERSION) => ({
  apiVersion,
  kind,
  metadata: { name, namespace },
});

export type Steps = readonly { readonly name: string; readonly kind: string; readonly [field: string]: unknown }[];

export interface RunOptions {
  /** The phase of all its steps, and so of the run. */
  readonly phase: 'Running' | 'Succeeded' | 'Cancelled';
  readonly policies?: object;
  readonly conditions?: readonly object[];
  readonly resourceRefs?: readonly object[];
  readonly finishedAt?: string;
  readonly ownerReferences?: readonly object[];
}

/** The condition of a finished run that is kept without a time limit. */
const kept = { type: 'Expires', status: 'False', reason: 'NoTTL', message: 'kept', lastTransitionTime: time };

/** A run with a snapshot of its own. Returns its uid. */
export function addRun(
  model: Model,
  name: string,
  steps: Steps,
  {
    phase,
    policies = {},
    finishedAt = time,
    ownerReferences = [],
    conditions = phase === 'Running' ? [] : [kept],
    resourceRefs = [],
  }: RunOptions,
): string {
  const namespace = 'agents';
  const spec = { orchestrationRef: { name: 'nightly' } };
  const { metadata } = model.create(RUNS, {
    ...named('OrchestrationRun', name, namespace),
    metadata: { name, namespace, ownerReferences },
    spec,
  } as unknown as KubeObject);
  const owner = { apiVersion: API_VERSION, kind: 'OrchestrationRun', name, uid: metadata.uid ?? '', controller: true };
  const revision = named('ControllerRevision', nameSnapshot(metadata.uid ?? ''), namespace, 'apps/v1');
  const data = { orchestration: { name: 'nightly', namespace, policies, steps } };
  model.create(REVISIONS, { ...revision, metadata: { ...revision.metadata, ownerReferences: [owner] }, data });
  const reason = phase === 'Cancelled' ? 'RunCancelled' : 'Completed';
  const stepStatuses = steps.map((step, index) => ({
    ...{ name: step.name, kind: step.kind, phase, attempt: 1, startedAt: time, lastTransitionTime: time },
    ...(phase !== 'Running' && { reason, message: '', finishedAt: time }),
    ...(resourceRefs[index] && { resourceRef: resourceRefs[index] }),
  }));
  const status = { phase, runId: name, startedAt: time, conditions, stepStatuses };
  const body = { status: { ...status, ...(phase !== 'Running' && { finishedAt }) } };
  model.patch(RUNS, { namespace, name }, { type: 'merge', body }, { subresource: 'status' });
  return metadata.uid ?? '';
}

export function addDelivery(model: Model, name: string, signal: string): void {
  const object = named('SignalDelivery', name, 'agents', 'signals.proompteng.ai/v1alpha1');
  model.create(DELIVERIES, { ...object, spec: { signalRef: { name: signal } } } as KubeObject);
}

function throwError(key: string, error: unknown): void {
  throw new Error(`${key} could not be looked at`, { cause: error });
}

/** A real queue of runs over a real copy of the model. It counts reads of steps and of snapshots, and looks at runs. */
export async function followRuns(
  model: Model,
  onError: (key: string, error: unknown) => void = throwError,
  policy = defaultPolicy,
  division = WHOLE,
) {
  const resources = followedResources(policy.kinds);
  const counts = { statuses: 0, looks: 0, snapshots: 0 };
  const client = connectModel(model, (object) => (object.kind === RUNS.kind ? countReads(object, counts) : object));
  const followed = followCluster({
    client: {
      ...client,
      get: (resource, name) => {
        if (resource.kind === REVISIONS.kind) counts.snapshots++;
        return client.get(resource, name);
      },
    },
    resources,
    namespaces: undefined,
    fieldManager: 'test',
    keep: (object) => keepObject(object as StoredObject, policy.kinds) as KubeObject,
    topicsOf: (object) => topicsOf(object as StoredObject, policy.kinds),
    onChange: (object) => {
      queue.see(object as StoredObject);
      orchestrations.see(object as StoredObject);
    },
    timing: systemTiming,
    log: silentLog,
  });
  const common = {
    followed: { ...followed, statusWriters: () => ({ isOurs: true, isForeign: false, others: [] }) },
    rivals: createRivals(() => nowMs + systemTiming.now()),
    division,
    now: () => nowMs + systemTiming.now(),
    timing: systemTiming,
    policy: () => policy,
    onError,
    observer: { setDepth: () => {}, finish: () => counts.looks++, countRetry: () => {} },
    guard: <T>(process: T) => process,
    track: <T>(process: T) => process,
  };
  const queue = createRunQueue({
    ...common,
    workers: 16,
    nameChild: ({ name }, step, attempt) => `${name}.${step}.${attempt}`,
    missingOrchestrationSeconds: 300,
    emitEvent: () => Promise.resolve(),
    runObserver: { observeReaction: () => {}, countEnded: () => {} },
  });
  const orchestrations = createOrchestrationQueue({
    ...common,
    followed: { ...followed, statusWriters: () => ({ isOurs: true, isForeign: false, others: [] }) },
    historyLimit: undefined,
  });
  const stop = () => Promise.all([queue.stop(), orchestrations.stop(), followed.stop()]);
  onTestFinished(async () => {
    await stop();
  });
  await followed.whenSynced(resources.map(({ kind }) => kind));
  queue.start();
  orchestrations.start();
  return { client, counts };
}

/** The same object, with a count of how often its steps are read. */
function countReads(object: KubeObject, counts: { statuses: number }): KubeObject {
  const { stepStatuses, ...status } = object['status'] as Record<string, unknown>;
  const counted = Object.defineProperty(status, 'stepStatuses', {
    enumerable: true,
    get: () => {
      counts.statuses++;
      return stepStatuses;
    },
  });
  return { ...object, status: counted };
}

/** Resolves when nothing has been read for a while. */
export async function untilQuiet(counts: { readonly statuses: number; readonly looks: number }): Promise<void> {
  for (let quiet = 0, before = -1; quiet < 20; before = counts.statuses + counts.looks) {
    await settle();
    quiet = before === counts.statuses + counts.looks ? quiet + 1 : 0;
  }
}
