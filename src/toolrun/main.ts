import type { FollowedCluster } from '../kube/cluster.ts';
import { createInterests } from '../kube/interests.ts';
import type { Timing } from '../kube/ports.ts';
import { createQueue, type Outcome, type Queue, type QueueObserver } from '../kube/queue.ts';
import { EVENTS, namespacedResource, type Resource, type KubeObject as StoredObject } from '../kube/resources.ts';
import { asRecord } from '../orchestration/decode.ts';
import type { EventReason } from '../orchestration/vocabulary/event-reasons.ts';
import { Label } from '../orchestration/vocabulary/metadata.ts';
import type { Rivals } from '../reconciler/rivals.ts';
import { createExecutor } from './executor.ts';
import type { PlanOptions } from './plan.ts';
import type { KubeObject } from './snapshot.ts';

const TOOLS = 'tools.proompteng.ai';
export const TOOL_RUNS = namespacedResource(TOOLS, 'v1alpha1', 'ToolRun', 'toolruns');
/** What is followed beside the ToolRuns. */
export const TOOL_RUN_RESOURCES: readonly Resource[] = [
  namespacedResource(TOOLS, 'v1alpha1', 'Tool', 'tools'),
  namespacedResource('batch', 'v1', 'Job', 'jobs'),
];
const CONFIG_MAPS = namespacedResource('', 'v1', 'ConfigMap', 'configmaps');

export interface ToolRunOptions extends PlanOptions {
  readonly followed: FollowedCluster;
  readonly rivals: Rivals;
  readonly emitEvent: (about: KubeObject, type: 'Warning', reason: EventReason, message: string) => Promise<void>;
  readonly now: () => number;
  readonly timing: Timing;
  readonly workers: number;
  readonly onError: (key: string, error: unknown) => void;
  readonly observer: QueueObserver;
  /** Put around the look at a ToolRun. */
  readonly guard: (process: (key: string) => Promise<Outcome>) => (key: string) => Promise<Outcome>;
}

/** Carries out ToolRuns as Jobs. `see` is to be called for every change in the copy, and adds the ToolRuns that it may move. */
export function createToolRunQueue({
  followed,
  rivals,
  emitEvent,
  timing,
  workers,
  onError,
  observer,
  guard,
  ...options
}: ToolRunOptions): Queue & { readonly see: (changed: StoredObject) => void } {
  const interests = createInterests();
  const apiVersion = `${TOOLS}/v1alpha1`;
  const { reconcile } = createExecutor({
    ...options,
    cluster: {
      getToolRun: (key) => followed.getObject(apiVersion, 'ToolRun', key),
      getTool: (namespace, name, forToolRun) => {
        interests.add(forToolRun, `${namespace}/${name}`);
        return followed.getObject(apiVersion, 'Tool', `${namespace}/${name}`);
      },
      getJob: (namespace, name) => followed.getObject('batch/v1', 'Job', `${namespace}/${name}`),
      readJob: (namespace, name) => followed.readObject('batch/v1', 'Job', namespace, name),
      readConfigMap: (namespace, name) => followed.read(CONFIG_MAPS, namespace, name),
      readPodRefusal: async (namespace, jobUid) => {
        const fieldSelector = `involvedObject.uid=${jobUid},reason=FailedCreate`;
        return newestMessage(await followed.list(EVENTS, { namespace, fieldSelector }));
      },
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
        followed.patchSpec('batch/v1', 'Job', { namespace, name, uid }, { ttlSecondsAfterFinished: seconds }),
      emitEvent,
    },
  });
  const process = (key: string) => {
    interests.forget(key);
    return reconcile(key);
  };
  const queue = createQueue({ workers, process: guard(process), onError, timing, observer });
  return {
    ...queue,
    see: (changed) => {
      for (const key of affectedToolRuns(changed, interests.keysOf)) queue.add(key);
    },
  };
}

/** When the agents chart's orchestration controller made a ToolRun for a step: with our labels, and without an owner. */
function madeByRivalMs({
  ownerReferences = [],
  labels,
  creationTimestamp,
}: KubeObject['metadata']): number | undefined {
  const isTheirs = ownerReferences.length === 0 && asRecord(labels)[Label.Run] !== undefined;
  return isTheirs ? Date.parse(String(creationTimestamp)) : undefined;
}

function newestMessage(events: readonly StoredObject[]): string | undefined {
  const times = events.map(({ lastTimestamp }) => (typeof lastTimestamp === 'string' ? Date.parse(lastTimestamp) : 0));
  const message = events[times.indexOf(Math.max(...times))]?.['message'];
  return typeof message === 'string' ? message : undefined;
}

/** The keys of the ToolRuns that a changed object may move. */
function affectedToolRuns(changed: StoredObject, waitingFor: (tool: string) => Iterable<string>): readonly string[] {
  const { kind, metadata } = changed;
  const key = (name: string) => `${metadata.namespace}/${name}`;
  if (kind === 'ToolRun') return [key(metadata.name)];
  if (kind === 'Tool') return [...waitingFor(key(metadata.name))];
  const owner = metadata.ownerReferences?.find(
    (reference) => reference.controller === true && reference.kind === 'ToolRun',
  );
  const name = owner?.name ?? asRecord(metadata['labels'])[Label.ToolRun];
  return typeof name === 'string' ? [key(name)] : [];
}

function writesOf({ namespace, name }: KubeObject['metadata']): string {
  return ownKey(`${namespace}/${name}`);
}

/** A ToolRun and an OrchestrationRun may have one name: what was written for each is remembered apart. */
function ownKey(key: string): string {
  return `${key}#ToolRun`;
}
