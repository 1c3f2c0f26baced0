import { createHash } from 'node:crypto';
import type { StoredObject } from '../../src/objects/object.ts';
import { readToolRunState, type ToolRunState, writeToolRunState } from '../../src/orchestration/tool-run-state.ts';
import { Annotation } from '../../src/orchestration/vocabulary/metadata.ts';
import type { NameChild } from '../../src/toolrun/job.ts';
import { buildConfigMap } from '../../src/toolrun/job.ts';
import { findJobRef } from '../../src/toolrun/job-ref.ts';
import type { Action, Manifest, Observation, ToolRunStatus } from '../../src/toolrun/observation.ts';
import { type PlanOptions, planToolRun } from '../../src/toolrun/plan.ts';
import { readStatus } from '../../src/toolrun/status.ts';

export const nameChild: NameChild = ({ name, uid }, ...parts) =>
  `${name.slice(0, 20)}-${createHash('sha256')
    .update([uid, ...parts].join('\0'))
    .digest('hex')
    .slice(0, 20)}`;

export const options: PlanOptions = {
  nameChild,
  missingToolSeconds: 300,
  ownServiceAccount: { namespace: 'agents', name: 'orchestration-gate' },
};

export function toolRun(fields: Record<string, unknown> = {}): StoredObject {
  return {
    apiVersion: 'tools.proompteng.ai/v1alpha1',
    kind: 'ToolRun',
    metadata: {
      name: 'lint',
      namespace: 'agents',
      uid: 'run-uid',
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: { toolRef: { name: 'echo' }, parameters: { message: 'hello' } },
    ...fields,
  };
}

export function tool(spec: Record<string, unknown> = {}): StoredObject {
  return {
    apiVersion: 'tools.proompteng.ai/v1alpha1',
    kind: 'Tool',
    metadata: { name: 'echo', namespace: 'agents', uid: 'tool-uid', resourceVersion: '7' },
    spec: { image: 'alpine:3.20', command: ['/bin/sh', '-c'], args: ['echo {{parameters.message}}'], ...spec },
  };
}

export const complete = { type: 'Complete', status: 'True', lastTransitionTime: '2026-01-01T00:05:00Z' };
export const failed = {
  type: 'Failed',
  status: 'True',
  reason: 'PodFailurePolicy',
  message: 'Container tool-runner for pod agents/lint-abc-x2v failed with exit code 3 matching FailJob rule at index 1',
  lastTransitionTime: '2026-01-01T00:05:00Z',
};

/** The pod of a Job, as the kubelet leaves it after it has succeeded. */
export function podOf({ name, namespace, uid }: StoredObject['metadata'], message?: string): StoredObject {
  const terminated = { exitCode: 0, reason: 'Completed', ...(message !== undefined && { message }) };
  const owner = { apiVersion: 'batch/v1', kind: 'Job', name, uid, controller: true };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${name}-x2v`, namespace, uid: `pod-of-${uid}`, ownerReferences: [owner] },
    status: { phase: 'Succeeded', containerStatuses: [{ name: 'tool-runner', state: { terminated } }] },
  };
}

/**
 * The minimal API server that a ToolRun needs: versions, conflicts, AlreadyExists and uids. It also records the calls.
 */
export function createCluster(storedToolRun: StoredObject, storedTool?: StoredObject) {
  let version = 1;
  let run = storedToolRun;
  const world = {
    tool: storedTool,
    jobs: new Map<string, StoredObject>(),
    configMaps: new Map<string, StoredObject>(),
    refusals: new Map<string, string>(),
    jobsCreated: 0,
    statuses: [] as ToolRunStatus[],
    states: [] as ToolRunState[],
    /** Whether another controller also writes the status. */
    isShared: false,
    events: [] as string[],
    requeueAt: '',
    rivalUntilMs: undefined as number | undefined,
    /** Why its Job has no pod. */
    podRefusal: undefined as string | undefined,
    /** The termination message of the pod of its Job. */
    message: '',
    /** The pods of its Job; undefined if they may not be listed. */
    pods: (): readonly StoredObject[] | undefined =>
      [...world.jobs.values()].map(({ metadata }) => podOf(metadata, world.message)),
    /** How its Job ended. */
    ending: undefined as 'Complete' | 'Failed' | undefined,
    run: () => run,
    status: () => readStatus(run['status']),
    state: () => readToolRunState(run.metadata),
    annotate,
    setStatus,
    job: (): StoredObject | undefined => [...world.jobs.values()][0],
    observe,
    perform,
    reconcile,
    endJob,
    changeJob: (fields: object) => changeJob(world.job()?.metadata.uid, () => fields),
    deleteJob: () => world.jobs.clear(),
  };

  function observe(): Observation {
    const observed = { object: run, status: world.status(), state: world.state(), isShared: world.isShared };
    const configMap = world.tool && buildConfigMap(run, world.tool, nameChild);
    return {
      toolRun: observed,
      tool: world.tool,
      job: world.jobs.get(findJobRef(observed, nameChild).name),
      podRefusal: world.podRefusal,
      pods: world.pods(),
      rivalUntilMs: observed.state === undefined ? world.rivalUntilMs : undefined,
      configMap: world.configMaps.get(configMap?.metadata.name ?? ''),
      refusals: new Map(world.refusals),
    };
  }

  function create(objects: Map<string, StoredObject>, manifest: Manifest): boolean {
    const { name } = manifest.metadata;
    if (objects.has(name)) return false;
    const uid = `uid-${++version}`;
    // Undefined fields are not sent.
    const sent = JSON.parse(JSON.stringify(manifest));
    objects.set(name, { ...sent, metadata: { ...sent.metadata, uid, creationTimestamp: '2026-01-01T00:00:00Z' } });
    return true;
  }

  function patchStatus(status: ToolRunStatus, { toolRun: { object } }: Observation): boolean {
    const isCurrent = object.metadata.resourceVersion === run.metadata.resourceVersion;
    if (!isCurrent) return false;
    setStatus(status);
    world.statuses.push(status);
    return true;
  }

  /** A merge patch, which replaces all fields that are given. */
  function setStatus(fields: object): void {
    const merged = Object.entries({ ...(run['status'] as object), ...fields }).filter(([, value]) => value !== null);
    store({ ...run, status: Object.fromEntries(merged) });
  }

  function store(changed: StoredObject): void {
    run = { ...changed, metadata: { ...changed.metadata, resourceVersion: String(++version) } };
  }

  function annotate(text: string | undefined): void {
    const { annotations: _, ...metadata } = run.metadata;
    store({
      ...run,
      metadata: { ...metadata, ...(text !== undefined && { annotations: { [Annotation.ToolRunState]: text } }) },
    });
  }

  function writeState(state: ToolRunState, { toolRun: { object } }: Observation): boolean {
    const textOf = ({ metadata }: StoredObject) =>
      (metadata['annotations'] as Record<string, string>)?.[Annotation.ToolRunState];
    const text = writeToolRunState(run.metadata, state);
    if (textOf(object) !== textOf(run)) return false;
    if (text === textOf(run)) return true;
    annotate(text);
    world.states.push(state);
    return true;
  }

  /** Carries out an action, and returns whether it succeeded: the first failure ends a plan. */
  function perform(action: Action, seen: Observation): boolean {
    switch (action.type) {
      case 'WriteState':
        return writeState(action.state, seen);
      case 'ClearStatus':
        setStatus(Object.fromEntries(action.fields.map((field) => [field, null])));
        return true;
      case 'PatchStatus':
        return patchStatus(action.status, seen);
      case 'CreateConfigMap':
        return create(world.configMaps, action.manifest);
      case 'CreateJob': {
        const isCreated = create(world.jobs, action.manifest);
        if (isCreated) world.jobsCreated++;
        return isCreated;
      }
      case 'SetTtl':
        changeJob(action.job.uid, (job) => ({
          spec: { ...(job['spec'] as object), ttlSecondsAfterFinished: action.seconds },
        }));
        return true;
      case 'EmitEvent':
        world.events.push(`${action.reason}: ${action.message}`);
        return true;
      case 'RequeueAt':
        world.requeueAt = action.time;
        return true;
    }
  }

  /**
   * Plans from what is observed and acts, up to the first failure or, as if the process were killed, up to `most`
   * actions.
   */
  function reconcile({ nowMs = Date.parse('2026-01-01T00:00:00Z'), most = Infinity, seen = observe() } = {}): string[] {
    const actions = planToolRun(seen, nowMs, options);
    const done: string[] = [];
    for (const action of actions.slice(0, most)) {
      if (!perform(action, seen)) break;
      done.push(action.type);
    }
    return done;
  }

  function changeJob(uid: string | undefined, change: (job: StoredObject) => object): void {
    for (const [name, job] of world.jobs)
      if (job.metadata.uid === uid) world.jobs.set(name, { ...job, ...change(job) });
  }

  function endJob(condition: object): void {
    changeJob(world.job()?.metadata.uid, () => {
      if ('type' in condition && (condition.type === 'Complete' || condition.type === 'Failed'))
        world.ending = condition.type;
      return { status: { conditions: [condition] } };
    });
  }

  return world;
}
