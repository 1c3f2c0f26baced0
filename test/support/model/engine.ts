import { KubeError } from '../../../src/kube/errors.ts';
import { LEASES } from '../../../src/kube/lease.ts';
import type { Resource } from '../../../src/kube/resources.ts';
import type { KubeObject, StoredObject } from '../../../src/objects/object.ts';
import type { Orchestration } from '../../../src/orchestration/decode.ts';
import { stepKinds } from '../../../src/orchestration/kinds/table.ts';
import { isRunFinal, isStepFinal, type RunStatus } from '../../../src/orchestration/run-status.ts';
import { API_VERSION, GROUP, VERSION } from '../../../src/orchestration/schema.ts';
import { Annotation } from '../../../src/orchestration/vocabulary/metadata.ts';
import { buildChild, buildSnapshot } from '../../../src/reconciler/child-object.ts';
import { finalizersOf, isHeld } from '../../../src/reconciler/finalizer.ts';
import { nameSnapshot } from '../../../src/reconciler/names.ts';
import type { Action, Observation, ObservedOrchestration, ObservedRun } from '../../../src/reconciler/observation.ts';
import { planRun } from '../../../src/reconciler/plan.ts';
import { readRun, trustRun } from '../../../src/reconciler/read-run.ts';
import { ownerRunOf } from '../../../src/reconciler/topics.ts';
import { createModel, type Model } from './model.ts';

export const NAMESPACE = 'agents';
export const RUN = 'nightly-1';
export const ORCHESTRATION = 'nightly';

const resource = (kind: string, plural: string, group: string, version = VERSION): Resource => ({
  group,
  version,
  plural,
  kind,
  namespaced: true,
});
export const RUNS = resource('OrchestrationRun', 'orchestrationruns', GROUP);
export const ORCHESTRATIONS = resource('Orchestration', 'orchestrations', GROUP);
export const REVISIONS = resource('ControllerRevision', 'controllerrevisions', 'apps', 'v1');
export const POLICIES = resource('ApprovalPolicy', 'approvalpolicies', 'approvals.proompteng.ai');
export const TOOL_RUNS = resource('ToolRun', 'toolruns', 'tools.proompteng.ai');
const KINDS = [RUNS, TOOL_RUNS, resource('AgentRun', 'agentruns', 'agents.proompteng.ai')];

/** Something that happened to the stored run or its children, with what the invariants compare it to. */
export type Moment =
  | {
      readonly type: 'Planned';
      readonly observation: Observation;
      readonly actions: readonly Action[];
      readonly nowMs: number;
    }
  /** `observation` is what the plan saw; `before` and `after` are what was stored. */
  | {
      readonly type: 'Recorded';
      readonly observation: Observation;
      readonly before: RunStatus;
      readonly after: RunStatus;
      readonly nowMs: number;
    }
  /** `stored` was the status at the creation, `children` are all children, `count` is how often the child was created. */
  | {
      readonly type: 'Created';
      readonly step: string;
      readonly child: KubeObject;
      readonly stored: RunStatus;
      readonly children: readonly KubeObject[];
      readonly count: number;
    }
  /** Our finalizer was taken from a child. */
  | { readonly type: 'Released'; readonly child: KubeObject; readonly stored: RunStatus }
  | { readonly type: 'Deleted'; readonly child: KubeObject; readonly stored: RunStatus };

/** What stays the same in one world, and who is told what happens there. */
export interface Setting {
  readonly ancestry: readonly string[];
  /** Children are created and wait for somebody to start them; otherwise their work begins with their creation. */
  readonly startsLate?: boolean;
  readonly tell: (moment: Moment) => void;
}

/**
 * A process that works on the run. It sees the cluster through a `view`, which may be older than the cluster, though never
 * older than the answers it got, and has one plan at a time to carry out.
 */
export interface Process {
  view: Map<string, KubeObject>;
  refusals: Map<string, string>;
  plan: { readonly observation: Observation; readonly actions: readonly Action[]; readonly nowMs: number } | undefined;
}

/** A cluster with one run, and the process that works on it. */
export interface World extends Process {
  readonly setting: Setting;
  /** Objects never change, so that each is read once. */
  readonly runs: WeakMap<KubeObject, ObservedRun>;
  readonly api: Model;
  nowMs: number;
  /** Children that the API server will refuse. */
  refused: ReadonlySet<string>;
  /** Another process that works on the run, as long as it stands still. */
  standby: Process | undefined;
}

/** How a call ends: answered; carried out, but the answer is lost; not carried out, and the caller learns only that. */
export type Reply = 'Answered' | 'Lost' | 'Failed';

/** A world with a fresh run of an Orchestration (`undefined`: of none), of which the process knows nothing yet. */
export function createWorld(
  orchestration: Pick<Orchestration, 'steps' | 'policies'> | undefined,
  setting: Setting,
  annotations: Readonly<Record<string, string>> = {},
  parameters?: Readonly<Record<string, string>>,
): World {
  const nowMs = Date.parse('2026-01-01T00:00:00Z');
  const world: World = {
    setting,
    runs: new WeakMap(),
    api: createModel(() => world.nowMs),
    nowMs,
    view: new Map(),
    refusals: new Map(),
    refused: new Set(),
    plan: undefined,
    standby: undefined,
  };
  const named = (kind: string, name: string) => ({
    apiVersion: API_VERSION,
    kind,
    metadata: { name, namespace: NAMESPACE },
  });
  if (orchestration !== undefined)
    world.api.create(ORCHESTRATIONS, { ...named('Orchestration', ORCHESTRATION), spec: orchestration });
  const run = named('OrchestrationRun', RUN);
  const spec = { orchestrationRef: { name: ORCHESTRATION }, ...(parameters && { parameters }) };
  world.api.create(RUNS, { ...run, metadata: { ...run.metadata, annotations }, spec });
  return world;
}

/** The same world, which from now on goes its own way. */
export function forkWorld(world: World): World {
  const api = world.api.fork(() => fork.nowMs);
  const standby = world.standby && copyProcess(world.standby);
  const fork: World = { ...world, ...copyProcess(world), api, standby };
  return fork;
}

function copyProcess({ view, refusals, plan: current }: Process): Process {
  return { view: new Map(view), refusals: new Map(refusals), plan: current };
}

/** The process that worked stands still, wherever it is; the other goes on from wherever it was. */
export function switchProcess(world: World): void {
  const standby = copyProcess(world);
  const { view, refusals, plan: paused } = world.standby ?? { view: new Map(), refusals: new Map(), plan: undefined };
  Object.assign(world, { view, refusals, plan: paused, standby });
}

/** All objects that the process can see, by key: everything but snapshots. */
export function listVisible({ api }: World): ReadonlyMap<string, KubeObject> {
  const visible = api.all().filter(({ kind }) => kind !== REVISIONS.kind);
  return new Map(visible.map((object) => [keyOf(object.kind, object.metadata.name), object]));
}

/** The process hears of an object's newest state, or of its end. */
export function deliver(world: World, key: string): void {
  see(world, key, listVisible(world).get(key));
}

function see({ view }: World, key: string, object: KubeObject | undefined): void {
  if (object === undefined) view.delete(key);
  else view.set(key, object);
}

/** The process dies, and another starts from a list of everything. */
export function crash(world: World): void {
  world.plan = undefined;
  world.refusals.clear();
  world.view = new Map(listVisible(world));
}

/** Whether an action of a plan is a call to the API server. */
function isCall({ type }: Action): boolean {
  return type !== 'EmitEvent' && type !== 'RequeueAt';
}

/** Plans from what the process sees; true if there is anything to carry out. */
export function plan(world: World): boolean {
  const { setting, nowMs } = world;
  const observation = observe(world);
  if (observation === undefined) return false;
  const all = planRun(observation, nowMs, { nameChild, missingOrchestrationSeconds: 300 });
  setting.tell({ type: 'Planned', observation, actions: all, nowMs });
  const actions = all.filter(isCall);
  world.plan = actions.length > 0 ? { observation, actions, nowMs } : undefined;
  return actions.length > 0;
}

/** Gives a child a readable name, which `attemptOf` can take apart. */
export function nameChild({ uid }: { readonly uid: string }, step: string, attempt: number): string {
  return [step, attempt, uid.split('/').at(-1)].join('.');
}

export function attemptOf(child: { readonly metadata: { readonly name: string } }): number {
  return Number(child.metadata.name.split('.').at(-2));
}

/** Carries out the next call of the plan. */
export function act(world: World, reply: Reply = 'Answered'): void {
  const { plan: current } = world;
  const [action, ...rest] = current?.actions ?? [];
  if (current === undefined || action === undefined) return;
  world.plan = rest.length > 0 && reply === 'Answered' ? { ...current, actions: rest } : undefined;
  if (reply === 'Failed') return;
  try {
    const written = write(world, current, action);
    if (written !== undefined && reply === 'Answered') see(world, ...written);
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    if (error.reason !== 'AlreadyExists') world.plan = undefined;
  }
}

/** Makes one call. Returns the key and new state of the written object, if an answer would contain them. */
function write(
  { api, setting, refused, refusals }: World,
  { observation, nowMs }: NonNullable<World['plan']>,
  action: Action,
): [string, KubeObject] | undefined {
  const { run } = observation;
  const name = { namespace: NAMESPACE, name: run.name };
  const stored = () => storedStatus({ api });
  switch (action.type) {
    case 'CreateSnapshot':
      api.create(REVISIONS, buildSnapshot(run, action) as unknown as KubeObject);
      return undefined;
    case 'PatchStatus': {
      const before = stored();
      const body = { metadata: { uid: run.uid, resourceVersion: run.resourceVersion }, status: action.status };
      const patched = api.patch(RUNS, name, { type: 'merge', body }, { subresource: 'status' });
      setting.tell({ type: 'Recorded', observation, before, after: stored(), nowMs });
      return [keyOf(RUNS.kind, run.name), patched];
    }
    case 'CreateChild': {
      const { ref, step } = action;
      const kind = resourceOf(ref.kind);
      if (refused.has(ref.name) && api.countCreates(kind, ref) === 0) {
        refusals.set(ref.name, 'exceeded quota');
        return undefined;
      }
      const built = buildChild(run, action) as unknown as KubeObject;
      const child = setting.startsLate === true ? api.create(kind, built) : createBegun(api, kind, built);
      const count = api.countCreates(kind, ref);
      setting.tell({ type: 'Created', step, child, stored: stored(), children: listChildren(api), count });
      return [keyOf(ref.kind, ref.name), child];
    }
    case 'DeleteChild': {
      const { ref } = action;
      const child = api.get(resourceOf(ref.kind), ref);
      const preconditions = { uid: ref.uid };
      api.delete(resourceOf(ref.kind), ref, { propagationPolicy: 'Foreground', preconditions });
      setting.tell({ type: 'Deleted', child, stored: stored() });
      return undefined;
    }
    case 'ReleaseChild':
    case 'HoldChild': {
      const { child } = action;
      const finalizers = finalizersOf(child, action.type === 'HoldChild' ? 'Held' : 'Released');
      const body = { metadata: { resourceVersion: child.metadata.resourceVersion, finalizers } };
      const kind = resourceOf(child.kind);
      const patched = api.patch(kind, child.metadata, { type: 'merge', body });
      if (action.type === 'ReleaseChild')
        setting.tell({ type: 'Released', child: child as KubeObject, stored: stored() });
      return findChild(api, child.metadata.name) && [keyOf(child.kind, child.metadata.name), patched];
    }
    case 'CancelChild': {
      const { ref } = action;
      const body = { metadata: { uid: ref.uid, annotations: { [Annotation.Cancel]: 'true' } } };
      return [keyOf(ref.kind, ref.name), api.patch(resourceOf(ref.kind), ref, { type: 'merge', body })];
    }
    case 'SetChildTtl': {
      const body = { metadata: { uid: action.ref.uid }, spec: { ttlSecondsAfterFinished: action.seconds } };
      const child = api.patch(resourceOf(action.ref.kind), action.ref, { type: 'merge', body });
      return [keyOf(action.ref.kind, action.ref.name), child];
    }
    case 'DeleteRun':
      api.delete(RUNS, name, { preconditions: { uid: run.uid } });
      return undefined;
    // No run of this model has a group, and no other process shares its buckets.
    case 'LabelRun':
    case 'CreatePlace':
    case 'DeletePlace':
    case 'EmitEvent':
    case 'RequeueAt':
      return undefined;
  }
}

/** Creates a child whose work begins at once, which its controller would report. A nested run reports it itself. */
export function createBegun(api: Model, kind: Resource, child: KubeObject): KubeObject {
  const created = api.create(kind, child);
  if (kind.kind !== 'ToolRun' && kind.kind !== 'AgentRun') return created;
  const body = { status: { phase: 'Running' } };
  return api.patch(kind, created.metadata, { type: 'merge', body }, { subresource: 'status' });
}

/** All children there are, of any kind. */
export function listChildren(api: Model): KubeObject[] {
  const isChild = ({ kind }: KubeObject) => kind !== REVISIONS.kind && kind !== LEASES.kind;
  return api.all().filter((object) => isChild(object) && object.metadata.ownerReferences !== undefined);
}

function findChild(api: Model, name: string): KubeObject | undefined {
  return listChildren(api).find(({ metadata }) => metadata.name === name);
}

/** Plays the controller of a child, which has reached `phase`. */
export function setPhase({ api, nowMs }: World, { kind, metadata }: KubeObject, phase: string, message?: string): void {
  const start = phase === 'Running' && { startedAt: new Date(nowMs).toISOString() };
  const body = { status: { phase, ...start, ...(message !== undefined && { message }) } };
  api.patch(resourceOf(kind), metadata, { type: 'merge', body }, { subresource: 'status' });
}

export function phaseOf({ status }: { readonly kind: string; readonly status?: unknown }): unknown {
  return (status as { phase?: unknown } | undefined)?.phase;
}

/** The run as it is stored, or nothing if it is gone. */
export function storedRun({ api }: Pick<World, 'api'>): KubeObject | undefined {
  return api.all().find(({ kind, metadata }) => kind === RUNS.kind && metadata.name === RUN);
}

export function storedStatus(world: Pick<World, 'api'>): RunStatus {
  return statusOf(storedRun(world));
}

function statusOf(run: KubeObject | undefined): RunStatus {
  return (run?.['status'] as RunStatus | undefined) ?? { conditions: [], stepStatuses: [] };
}

export function resourceOf(kind: string): Resource {
  const found = KINDS.find((candidate) => candidate.kind === kind);
  if (found === undefined) throw new Error(`no children of kind ${kind} in this model`);
  return found;
}

export function keyOf(kind: string, name: string): string {
  return `${kind}/${name}`;
}

/** What the process sees, as the plan needs it; the run's own snapshot is read from the API server. */
function observe({ api, view, setting, refusals, runs }: World): Observation | undefined {
  const object = view.get(keyOf(RUNS.kind, RUN));
  if (object === undefined) return undefined;
  const known = runs.get(object);
  const read = known ?? readRun(object as StoredObject, false);
  if (known === undefined) runs.set(object, read);
  const orchestration = observeOrchestration(api, view, read.uid);
  const run = trustRun(read, orchestration, nameChild, stepKinds);
  const awaitsCleanup = run.status.stepStatuses.some(({ cleanup, phase }) => cleanup === true && phase === 'Pending');
  const children = run.status.stepStatuses.flatMap(({ resourceRef: ref, ...step }) => {
    if (ref === undefined) return [];
    // A view may know a run's newest status before the child that it speaks of.
    const isDoubtful = isStepFinal(step)
      ? awaitsCleanup && ['RunCancelled', 'RunTimedOut'].includes(step.reason ?? '')
      : ref.uid !== undefined;
    const child = view.get(keyOf(ref.kind, ref.name)) ?? (isDoubtful ? findChild(api, ref.name) : undefined);
    return child === undefined ? [] : [[ref.name, child as StoredObject] as const];
  });
  const steps = orchestration.state === 'Snapshotted' ? orchestration.orchestration.steps : [];
  const candidates = [...view.values()] as StoredObject[];
  const watched = steps.flatMap((step) => {
    const kind = stepKinds.get(step.kind);
    if (kind?.type !== 'Gate') return [];
    const matching = candidates.filter(
      (candidate) => candidate.kind === kind.kind && kind.matches(step, candidate, run),
    );
    return [[step.name, matching] as const];
  });
  return {
    run,
    orchestration,
    kinds: stepKinds,
    ancestry: setting.ancestry,
    children: new Map(children),
    taken: new Map(),
    owned: [],
    held: listReleasable(api, view, run),
    created: new Map(), // what was created is seen as soon as it is answered
    refusals,
    waits: new Map(),
    isAwaited: false,
    unreadable: new Map(),
    watched: new Map(watched),
  };
}

function listReleasable(api: Model, view: World['view'], run: ObservedRun): readonly StoredObject[] {
  const held = ([...view.values()] as StoredObject[]).filter(
    (object) => isHeld(object) && ownerRunOf(object)?.uid === run.uid,
  );
  const isNewest = storedRun({ api })?.metadata.resourceVersion === run.resourceVersion;
  const named = new Set(run.status.stepStatuses.map(({ resourceRef }) => resourceRef?.name));
  return isNewest || isRunFinal(run.status) ? held : held.filter(({ metadata }) => named.has(metadata.name));
}

function observeOrchestration(api: Model, view: World['view'], runUid: string): ObservedOrchestration {
  const name = nameSnapshot(runUid);
  const revision = api.all().find(({ kind, metadata }) => kind === REVISIONS.kind && metadata.name === name);
  if (revision !== undefined) {
    const isOurs = revision.metadata.ownerReferences?.some(({ uid }) => uid === runUid);
    const { orchestration } = revision['data'] as { orchestration: Orchestration };
    return isOurs ? { state: 'Snapshotted', orchestration } : { state: 'Foreign' };
  }
  const current = view.get(keyOf(ORCHESTRATIONS.kind, ORCHESTRATION));
  if (current === undefined) return { state: 'Missing' };
  const spec = current['spec'] as Pick<Orchestration, 'steps' | 'policies'>;
  return { state: 'Found', orchestration: { name: ORCHESTRATION, namespace: NAMESPACE, ...spec } };
}
