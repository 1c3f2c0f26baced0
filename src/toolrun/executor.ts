import type { StoredObject } from '../objects/object.ts';
import type { ReconcileResult, WriteOutcome } from '../objects/outcomes.ts';
import { readToolRunState, writeToolRunState } from '../orchestration/tool-run-state.ts';
import { EventReason } from '../orchestration/vocabulary/event-reasons.ts';
import { Annotation } from '../orchestration/vocabulary/metadata.ts';
import { buildConfigMap, nameTool } from './job.ts';
import { findJobRef } from './job-ref.ts';
import type { Action, Manifest, Observation, ObservedToolRun, ToolRunStatus } from './observation.ts';
import { findJob, podsAreDueMs, readOutcome } from './outcome.ts';
import { type PlanOptions, planToolRun } from './plan.ts';
import { readStatus } from './status.ts';

/** The cluster as the executor needs it. What has no promise comes from a copy that has seen our own last write. */
export interface Cluster {
  getToolRun(key: string): StoredObject | undefined;
  /** From now until its next look, the ToolRun hears of changes of this Tool, there or not. */
  getTool(namespace: string, name: string, forToolRun: string): StoredObject | undefined;
  getJob(namespace: string, name: string): StoredObject | undefined;
  /** As it is now, past the copy. */
  readJob(namespace: string, name: string): Promise<StoredObject | undefined>;
  readConfigMap(namespace: string, name: string): Promise<StoredObject | undefined>;
  /** What the newest event of this Job says about a pod of it that could not be created. */
  readPodRefusal(namespace: string, jobUid: string): Promise<string | undefined>;
  statusWriters(object: StoredObject): { readonly isOurs: boolean; readonly isForeign: boolean };
  /** Until when a ToolRun that nobody has begun is left to the agents chart's own executor; undefined where it need not be. */
  rivalUntilMs(toolRun: StoredObject): number | undefined;
  /** How long to wait for the copy to have caught up with what we wrote for this ToolRun: 0 where it has. */
  untilOwnWritesSeenMs(key: string): number;
  /** An object that exists already counts as Outdated: whose it is, the next look tells. */
  create(manifest: Manifest, forToolRun: string): Promise<WriteOutcome>;
  /** If the annotation of this key still is as in `toolRun`, whatever else has changed; Refused if it is not. */
  annotate(toolRun: StoredObject, key: string, text: string): Promise<WriteOutcome>;
  patchStatus(toolRun: StoredObject, status: ToolRunStatus): Promise<WriteOutcome>;
  /** Whatever the version. */
  clearStatus(toolRun: StoredObject, fields: readonly string[]): Promise<WriteOutcome>;
  setTtl(job: StoredObject['metadata'], seconds: number): Promise<WriteOutcome>;
  emitEvent(toolRun: StoredObject, type: 'Warning', reason: EventReason, message: string): Promise<void>;
}

export interface ExecutorOptions extends PlanOptions {
  readonly cluster: Cluster;
  /** Milliseconds since 1970, on a clock that does not jump while the process lives. */
  readonly now: () => number;
}

/** Observes, plans and acts, one ToolRun at a time. What `reconcile` throws is to be tried again. */
export function createExecutor({ cluster, now, ...options }: ExecutorOptions): {
  reconcile: (key: string) => Promise<ReconcileResult>;
} {
  /** By child name; forgotten on restart, and then said anew. */
  const refusals = new Map<string, string>();
  /** The ToolRuns of which is said that another executor runs them too, by key: that is said once. */
  const contested = new Map<string, string>();

  async function reconcile(key: string): Promise<ReconcileResult> {
    const afterMs = cluster.untilOwnWritesSeenMs(key);
    if (afterMs > 0) return { afterMs };
    const object = cluster.getToolRun(key);
    if (object === undefined) {
      contested.delete(key);
      return 'done';
    }
    return act(object, key, planToolRun(await observe(object), now(), options));
  }

  /** In order; what does not go as planned ends it, since everything behind rests on it. */
  async function act(object: StoredObject, key: string, actions: readonly Action[]): Promise<ReconcileResult> {
    let outcome: ReconcileResult = 'done';
    for (const action of actions) {
      if (action.type === 'RequeueAt') outcome = { afterMs: Math.max(0, Date.parse(action.time) - now()) };
      const written = await write(object, key, action);
      if (written.outcome === 'Outdated') return 'retry';
      if (written.outcome === 'Refused') return rememberRefusal(action, written.message);
    }
    return outcome;
  }

  async function observe(object: StoredObject): Promise<Observation> {
    const { metadata } = object;
    const { isForeign: isShared } = cluster.statusWriters(object);
    const toolRun = { object, status: readStatus(object['status']), state: readToolRunState(metadata), isShared };
    const { namespace } = metadata;
    const toolName = nameTool(object);
    const tool =
      toolName === undefined ? undefined : cluster.getTool(namespace, toolName, `${namespace}/${metadata.name}`);
    const wanted = tool && buildConfigMap(object, tool, options.nameChild);
    const job = await observeJob(toolRun);
    // Once there is a Job, its ConfigMap has done its part.
    const configMap = wanted && !job ? await cluster.readConfigMap(namespace, wanted.metadata.name) : undefined;
    const podRefusal = job && (await askForPods(job));
    const rivalUntilMs = toolRun.state === undefined ? cluster.rivalUntilMs(object) : undefined;
    return { toolRun, tool, job, podRefusal, configMap, rivalUntilMs, refusals };
  }

  /** The copy of Jobs may be older than that of ToolRuns: what contradicts the record is believed of the API server alone. */
  async function observeJob(toolRun: ObservedToolRun): Promise<StoredObject | undefined> {
    const { object, state } = toolRun;
    const { namespace } = object.metadata;
    const ref = findJobRef(toolRun, options.nameChild);
    const job = cluster.getJob(namespace, ref.name);
    const found = findJob({ toolRun, job }, ref);
    const { outcome } = state ?? {};
    const isDoubtful = found
      ? outcome !== undefined && readOutcome(found).phase !== outcome.phase
      : outcome === undefined && ref.isRecorded;
    return isDoubtful ? cluster.readJob(namespace, ref.name) : job;
  }

  async function askForPods(job: StoredObject): Promise<string | undefined> {
    const dueMs = podsAreDueMs(job);
    if (dueMs === undefined || now() < dueMs) return undefined;
    return cluster.readPodRefusal(job.metadata.namespace, job.metadata.uid);
  }

  async function write(object: StoredObject, key: string, action: Action): Promise<WriteOutcome> {
    switch (action.type) {
      case 'RequeueAt':
        return { outcome: 'Done' };
      case 'EmitEvent':
        if (isNews(object, key, action.reason))
          await cluster.emitEvent(object, action.eventType, action.reason, action.message);
        return { outcome: 'Done' };
      case 'WriteState':
        return cluster.annotate(object, Annotation.ToolRunState, writeToolRunState(object.metadata, action.state));
      case 'ClearStatus':
        return cluster.clearStatus(object, action.fields);
      case 'PatchStatus':
        return cluster.patchStatus(object, action.status);
      case 'CreateConfigMap':
      case 'CreateJob':
        return cluster.create(action.manifest, key);
      case 'SetTtl':
        return cluster.setTtl(action.job, action.seconds);
    }
  }

  function isNews({ metadata: { uid } }: StoredObject, key: string, reason: EventReason): boolean {
    if (reason !== EventReason.StatusContested) return true;
    const isKnown = contested.get(key) === uid;
    contested.set(key, uid);
    return !isKnown;
  }

  function rememberRefusal(action: Action, message: string): ReconcileResult {
    if (action.type !== 'CreateJob' && action.type !== 'CreateConfigMap')
      throw new Error(`${action.type} was refused: ${message}`);
    refusals.set(action.manifest.metadata.name, message);
    return { afterMs: 0 };
  }

  return { reconcile };
}
