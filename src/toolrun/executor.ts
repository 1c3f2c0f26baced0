import type { KubeObject, StoredObject } from '../objects/object.ts';
import type { ReconcileResult, WriteOutcome } from '../objects/outcomes.ts';
import type { Division } from '../orchestration/buckets.ts';
import { readToolRunState, writeToolRunState } from '../orchestration/tool-run-state.ts';
import { EventReason } from '../orchestration/vocabulary/event-reasons.ts';
import { Annotation } from '../orchestration/vocabulary/metadata.ts';
import { buildConfigMap, nameTool } from './job.ts';
import { findJobRef } from './job-ref.ts';
import type { Action, Manifest, Observation, ObservedToolRun, ToolRunStatus } from './observation.ts';
import { findJob, isSameEnd, podsAreDueMs, readOutcome } from './outcome.ts';
import { type PlanOptions, planToolRun } from './plan.ts';
import { readStatus } from './status.ts';

/** The cluster as the executor needs it. Methods that return no promise read a copy that has our own last write. */
export interface Cluster {
  /** Which buckets the copy has. If it does not have all of them, only a live read shows that a Job is absent. */
  readonly division: Division;
  getToolRun(key: string): StoredObject | undefined;
  /**
   * Also subscribes the ToolRun to the Tool, even if there is no such Tool: until the next reconcile of the ToolRun, a
   * change of the Tool triggers one.
   */
  getTool(namespace: string, name: string, forToolRun: string): StoredObject | undefined;
  getJob(namespace: string, name: string): StoredObject | undefined;
  /**
   * Reads the current object from the API server, not from the copy. If the copy does not follow it, the ToolRun is
   * reconciled again within ten seconds.
   */
  readJob(namespace: string, name: string, forToolRun: string): Promise<StoredObject | undefined>;
  readConfigMap(namespace: string, name: string): Promise<StoredObject | undefined>;
  /** What the newest event of this Job says about a pod that could not be created. */
  readPodRefusal(namespace: string, jobUid: string): Promise<string | undefined>;
  /** The pods of a Job, from the API server. Undefined if this process may not list pods there. */
  listPods(job: StoredObject): Promise<readonly KubeObject[] | undefined>;
  statusWriters(object: StoredObject): { readonly isOurs: boolean; readonly isForeign: boolean };
  /**
   * Until when a ToolRun that has not begun is left to the agents chart's own executor, in milliseconds since 1970;
   * undefined if it need not be.
   */
  rivalUntilMs(toolRun: StoredObject): number | undefined;
  /** How long to wait until the copy has our own writes for this ToolRun, in milliseconds: 0 if it has them. */
  untilOwnWritesSeenMs(key: string): number;
  /** If the object exists already, the outcome is Outdated. The next reconcile checks who owns that object. */
  create(manifest: Manifest, forToolRun: string): Promise<WriteOutcome>;
  /**
   * Writes an annotation if it is still as in `toolRun`, whatever else has changed. If it is not, the outcome is
   * Refused.
   */
  annotate(toolRun: StoredObject, key: string, text: string): Promise<WriteOutcome>;
  patchStatus(toolRun: StoredObject, status: ToolRunStatus): Promise<WriteOutcome>;
  /** Removes fields from the status, whatever the resourceVersion of the ToolRun. */
  clearStatus(toolRun: StoredObject, fields: readonly string[]): Promise<WriteOutcome>;
  setTtl(job: StoredObject['metadata'], seconds: number): Promise<WriteOutcome>;
  emitEvent(toolRun: StoredObject, type: 'Warning', reason: EventReason, message: string): Promise<void>;
}

export interface ExecutorOptions extends PlanOptions {
  readonly cluster: Cluster;
  /** Milliseconds since 1970 on the API server's clock, which may be adjusted. */
  readonly now: () => number;
}

/** Each call of `reconcile` observes one ToolRun, plans, and acts. If it throws, the ToolRun is to be retried. */
export function createExecutor({ cluster, now, ...options }: ExecutorOptions): {
  reconcile: (key: string) => Promise<ReconcileResult>;
} {
  /**
   * The API server's messages for children that it refused, by the child's name. After a restart, the creates are tried
   * again.
   */
  const refusals = new Map<string, string>();
  /** The uids of ToolRuns for which another executor was reported, by key. It is reported once for each. */
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

  /**
   * Carries out the actions in order. Stops at the first that does not succeed, because each action relies on those
   * before it.
   */
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
    // Once there is a Job, no decision needs its ConfigMap.
    const configMap = wanted && !job ? await cluster.readConfigMap(namespace, wanted.metadata.name) : undefined;
    const podRefusal = job && (await askForPods(job));
    const pods = job && (await readPods(toolRun, job));
    const rivalUntilMs = toolRun.state === undefined ? cluster.rivalUntilMs(object) : undefined;
    return { toolRun, tool, job, podRefusal, pods, configMap, rivalUntilMs, refusals };
  }

  /**
   * Reads the Job. The copy of Jobs may be older than that of ToolRuns, so a Job that contradicts the record is read
   * from the API server. So is a Job whose create may have met one of another bucket.
   */
  async function observeJob(toolRun: ObservedToolRun): Promise<StoredObject | undefined> {
    const { object, state } = toolRun;
    const { namespace, name } = object.metadata;
    const ref = findJobRef(toolRun, options.nameChild);
    const job = cluster.getJob(namespace, ref.name);
    const found = findJob({ toolRun, job }, ref);
    const { outcome } = state ?? {};
    const isDoubtful = found
      ? outcome !== undefined && !isSameEnd(outcome, readOutcome(found))
      : outcome === undefined && (ref.isRecorded || (state?.job !== undefined && !cluster.division.isWhole()));
    return isDoubtful ? cluster.readJob(namespace, ref.name, `${namespace}/${name}`) : job;
  }

  async function askForPods(job: StoredObject): Promise<string | undefined> {
    const dueMs = podsAreDueMs(job);
    if (dueMs === undefined || now() < dueMs) return undefined;
    return cluster.readPodRefusal(job.metadata.namespace, job.metadata.uid);
  }

  /** Reads the pods of a Job once: after the Job has completed, and before its end is recorded. */
  async function readPods(toolRun: ObservedToolRun, job: StoredObject): Promise<readonly KubeObject[] | undefined> {
    const { outcome } = toolRun.state ?? {};
    const standing = readOutcome(job);
    const isOver = standing.phase !== 'Succeeded' || (outcome !== undefined && isSameEnd(outcome, standing));
    if (isOver || findJob({ toolRun, job }, findJobRef(toolRun, options.nameChild)) === undefined) return undefined;
    return cluster.listPods(job);
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
