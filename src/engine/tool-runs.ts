import { KubeError } from '../kube/errors.ts';
import { createInterests } from '../kube/interests.ts';
import { CONFIG_MAPS, EVENTS, PODS, TOOL_RUNS } from '../kube/kinds.ts';
import { createQueue, type Queue } from '../kube/queue.ts';
import { apiVersionOf } from '../kube/resources.ts';
import { controllerOf, type KubeObject, type StoredObject } from '../objects/object.ts';
import { within } from '../objects/outcomes.ts';
import { follows } from '../orchestration/buckets.ts';
import { asRecord } from '../orchestration/decode.ts';
import type { EventReason } from '../orchestration/vocabulary/event-reasons.ts';
import { KubeErrorReason } from '../orchestration/vocabulary/kube-error-reasons.ts';
import { Label } from '../orchestration/vocabulary/metadata.ts';
import { createExecutor } from '../toolrun/executor.ts';
import type { PlanOptions } from '../toolrun/plan.ts';
import { POLL_MS, type See, type WorkOptions } from './runs.ts';

export interface ToolRunOptions extends PlanOptions, WorkOptions {
  readonly emitEvent: (about: StoredObject, type: 'Warning', reason: EventReason, message: string) => Promise<void>;
  readonly workers: number;
}

/**
 * Creates the queue that executes ToolRuns as Jobs. Call `see` for every change in the cache. It adds the ToolRuns that
 * the change can affect.
 */
export function createToolRunQueue({
  followed,
  rivals,
  division,
  emitEvent,
  timing,
  workers,
  onError,
  observer,
  guard,
  track,
  ...options
}: ToolRunOptions): Queue & { readonly see: See } {
  const interests = createInterests();
  /** The keys of ToolRuns whose Job the copy does not follow. */
  const polls = new Set<string>();
  const apiVersion = apiVersionOf(TOOL_RUNS);
  const { reconcile } = createExecutor({
    ...options,
    cluster: {
      division,
      getToolRun: (key) => followed.getObject(apiVersion, 'ToolRun', key),
      getTool: (namespace, name, forToolRun) => {
        interests.add(forToolRun, `${namespace}/${name}`);
        return followed.getObject(apiVersion, 'Tool', `${namespace}/${name}`);
      },
      getJob: (namespace, name) => followed.getObject('batch/v1', 'Job', `${namespace}/${name}`),
      readJob: async (namespace, name, forToolRun) => {
        const job = await followed.readObject('batch/v1', 'Job', namespace, name);
        if (job !== undefined && !follows(division, job)) polls.add(forToolRun);
        return job;
      },
      readConfigMap: (namespace, name) => followed.read(CONFIG_MAPS, namespace, name),
      readPodRefusal: async (namespace, jobUid) => {
        const fieldSelector = `involvedObject.uid=${jobUid},reason=FailedCreate`;
        return newestMessage(await followed.list(EVENTS, { namespace, fieldSelector }));
      },
      listPods: ({ metadata: { namespace, uid } }) =>
        followed.list(PODS, { namespace, labelSelector: `${Label.Job}=${uid}` }).catch((error: unknown) => {
          if (error instanceof KubeError && error.reason === KubeErrorReason.Forbidden) return undefined;
          throw error;
        }),
      statusWriters: followed.statusWriters,
      rivalUntilMs: ({ metadata }) => rivals.leaveUntilMs(metadata.namespace, madeByRivalMs(metadata)),
      untilOwnWritesSeenMs: (key) => followed.untilOwnWritesSeenMs(ownKey(key)),
      create: (manifest, key) =>
        followed.create(manifest.kind === 'ConfigMap' ? CONFIG_MAPS : undefined, manifest, ownKey(key)),
      annotate: ({ metadata }, annotation, text) =>
        followed.annotate(TOOL_RUNS, metadata, annotation, text, writesOf(metadata)),
      patchStatus: ({ metadata }, status) => followed.patchStatus(TOOL_RUNS, metadata, status, writesOf(metadata)),
      clearStatus: ({ metadata: { resourceVersion: _, ...metadata } }, fields) =>
        followed.patchStatus(TOOL_RUNS, metadata, Object.fromEntries(fields.map((f) => [f, null])), writesOf(metadata)),
      setTtl: ({ namespace, name, uid }, seconds) =>
        followed.merge('batch/v1', 'Job', { namespace, name, uid }, { spec: { ttlSecondsAfterFinished: seconds } }),
      emitEvent,
    },
  });
  const process = async (key: string) => {
    interests.forget(key);
    polls.delete(key);
    const outcome = await reconcile(key);
    return within(polls.has(key) ? POLL_MS : Infinity, outcome);
  };
  const queue = createQueue({ workers, process: guard(track(process)), onError, timing, observer });
  return {
    ...queue,
    see: (changed, concerns = () => true) => {
      for (const key of affectedToolRuns(changed, interests.keysOf)) if (concerns(key)) queue.add(key);
    },
  };
}

/**
 * Returns the time when the orchestration controller of the agents chart created this ToolRun for a step. Such a
 * ToolRun has the same labels as ours, and no owner. Undefined for other ToolRuns.
 */
function madeByRivalMs({
  ownerReferences = [],
  labels,
  creationTimestamp,
}: StoredObject['metadata']): number | undefined {
  const isTheirs = ownerReferences.length === 0 && asRecord(labels)[Label.Run] !== undefined;
  return isTheirs ? Date.parse(String(creationTimestamp)) : undefined;
}

function newestMessage(events: readonly KubeObject[]): string | undefined {
  const times = events.map(({ lastTimestamp }) => (typeof lastTimestamp === 'string' ? Date.parse(lastTimestamp) : 0));
  const message = events[times.indexOf(Math.max(...times))]?.['message'];
  return typeof message === 'string' ? message : undefined;
}

/** Returns the keys of the ToolRuns that a changed object can affect. */
function affectedToolRuns(changed: KubeObject, waitingFor: (tool: string) => Iterable<string>): readonly string[] {
  const { kind, metadata } = changed;
  const key = (name: string) => `${metadata.namespace}/${name}`;
  if (kind === 'ToolRun') return [key(metadata.name)];
  if (kind === 'Tool') return [...waitingFor(key(metadata.name))];
  const name = controllerOf(changed, 'ToolRun')?.name ?? asRecord(metadata['labels'])[Label.ToolRun];
  return typeof name === 'string' ? [key(name)] : [];
}

function writesOf({ namespace, name }: StoredObject['metadata']): string {
  return ownKey(`${namespace}/${name}`);
}

/** A ToolRun and an OrchestrationRun can have the same name, so their writes are tracked under different keys. */
function ownKey(key: string): string {
  return `${key}#ToolRun`;
}
