import { createRunQueue } from '../../../src/engine/runs.ts';
import { followCluster } from '../../../src/kube/cluster.ts';
import { followedResources } from '../../../src/kube/kinds.ts';
import type { Resource } from '../../../src/kube/resources.ts';
import { createServerClock } from '../../../src/kube/server-clock.ts';
import type { KubeObject, StoredObject } from '../../../src/objects/object.ts';
import { WHOLE } from '../../../src/orchestration/buckets.ts';
import type { Orchestration } from '../../../src/orchestration/decode.ts';
import { defaultPolicy } from '../../../src/orchestration/judge.ts';
import { stepKinds } from '../../../src/orchestration/kinds/table.ts';
import { isRunFinal } from '../../../src/orchestration/run-status.ts';
import { API_VERSION } from '../../../src/orchestration/schema.ts';
import { keepObject } from '../../../src/reconciler/kept.ts';
import { nameChild } from '../../../src/reconciler/names.ts';
import { createRivals } from '../../../src/reconciler/rivals.ts';
import { topicsOf } from '../../../src/reconciler/topics.ts';
import { silentLog } from '../timing.ts';
import { NAMESPACE, ORCHESTRATIONS, phaseOf, RUNS, resourceOf, TOOL_RUNS } from './engine.ts';
import type { Law } from './laws.ts';
import { createModel, type Model } from './model.ts';
import { createModelClient, type Fate, type OnItsWay } from './network.ts';
import { createVirtualTime } from './time.ts';

/** The name under which our engines write: the one that `src/engine` gives them. */
export const FIELD_MANAGER = 'orchestration-gate-reconciler';
export const AGENT_RUNS = resourceOf('AgentRun');
export const DELIVERIES: Resource = {
  ...TOOL_RUNS,
  group: 'signals.proompteng.ai',
  plural: 'signaldeliveries',
  kind: 'SignalDelivery',
};
const CHILD_KINDS = [RUNS, TOOL_RUNS, AGENT_RUNS];
const STEP = 'agents.proompteng.ai/orchestration-step';
const EPOCH_MS = Date.parse('2026-01-01T00:00:00Z');
/** How soon the garbage collector notices, and how long a child takes. */
const COLLECT_MS = 20;
const CHILD_MS = 100;
const START_MS = 1;

/** Something that happened to an object. */
export interface Happening {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
  readonly atMs: number;
}

export interface SimulationOptions {
  readonly orchestrations: Readonly<Record<string, Pick<Orchestration, 'steps' | 'policies'>>>;
  /** How the child of a step ends, the `nth` of its step from 1, or undefined if it hangs. */
  readonly outcomeOf?: (step: string, nth: number) => string | undefined;
  /** How long a child of this step stays after its deletion was requested: its controller holds it by a finalizer. */
  readonly lingersMs?: (step: string) => number;
  /** How long after their end somebody deletes finished children. Without it, nobody does. */
  readonly keepsMs?: number;
  readonly laws?: readonly Law[];
  /** Asked of every call of an engine as it arrives. */
  readonly decide?: (call: OnItsWay, simulation: Simulation) => Fate | undefined;
}

/**
 * The real reconciler, but for HTTP: reflectors, stores, queue, observation, plan and acts work on a model of the API
 * server. Time passes only when something is due. The same options give the same history.
 */
export interface Simulation {
  readonly model: Model;
  /** All that happened to runs and children, in order. */
  readonly happenings: readonly Happening[];
  /** Every call of an engine that reached the API server, and what was in it. */
  readonly calls: readonly OnItsWay[];
  /** The API server's clock. */
  readonly nowMs: () => number;
  /** Starts an engine whose clock is `aheadMs` ahead. Dead engines stay dead. */
  readonly startEngine: (aheadMs?: number) => void;
  readonly killEngine: () => void;
  /** Changes something, as somebody other than our engines. */
  readonly change: <T>(by: (model: Model) => T) => T;
  readonly laws: () => readonly Law[];
  readonly govern: (laws: readonly Law[]) => void;
  readonly createRun: (
    name: string,
    orchestration: string,
    parameters?: Readonly<Record<string, string>>,
  ) => KubeObject;
  readonly get: (resource: Resource, name: string) => KubeObject | undefined;
  /** Calls `then` after `ms`. */
  readonly after: (ms: number, then: () => void) => void;
  /** Lets time pass until it is so; false if that takes longer than `withinMs`. */
  readonly until: (isSo: () => boolean, withinMs: number) => Promise<boolean>;
  /** Lets `ms` pass. */
  readonly pass: (ms: number) => Promise<void>;
}

interface Engine {
  isDead: boolean;
  readonly wake: () => void;
}

export function createSimulation(options: SimulationOptions): Simulation {
  const {
    orchestrations,
    outcomeOf = () => 'Succeeded',
    lingersMs = () => 0,
    keepsMs,
    decide = () => undefined,
  } = options;
  const time = createVirtualTime();
  const nowMs = () => EPOCH_MS + time.now();
  const model = createModel(nowMs);
  const happenings: Happening[] = [];
  const calls: OnItsWay[] = [];
  const engines: Engine[] = [];
  const made = new Map<string, number>();
  let version = '0';
  let isCollecting = false;

  /** Tells everybody that something has changed: watches, the garbage collector, the controllers of children. */
  function tell(): void {
    const events = lawlessly(() => CHILD_KINDS.flatMap((kind) => model.watch(kind, { resourceVersion: version })));
    version = lawlessly(() => model.list(RUNS).resourceVersion);
    for (const { type, object } of events) if (type !== 'BOOKMARK') happen({ type, object, atMs: nowMs() });
    for (const { wake } of engines) wake();
    if (isCollecting) return;
    isCollecting = true;
    time.schedule(COLLECT_MS, () => {
      isCollecting = false;
      if (model.collectGarbage()) tell();
    });
  }

  function happen(happening: Happening): void {
    happenings.push(happening);
    const { type, object } = happening;
    const { kind, metadata } = object;
    const step = stepOf(object);
    if (kind === RUNS.kind || step === '') return;
    if (type === 'ADDED') carryOut(object, step);
    const isLet = type === 'MODIFIED' && metadata.deletionTimestamp !== undefined && isHeld(object);
    if (isLet) time.schedule(lingersMs(step), () => letGo(object));
  }

  /** Lets the controller of a child release it, unless it is released already. */
  function letGo({ kind, metadata }: KubeObject): void {
    const child = find(resourceOf(kind), metadata.name);
    if (child !== undefined && child.metadata.uid === metadata.uid && isHeld(child))
      edit(child, { metadata: { finalizers: withoutHold(child) } });
  }

  /** Plays the controllers of children. */
  function carryOut(child: KubeObject, step: string): void {
    const nth = (made.get(step) ?? 0) + 1;
    made.set(step, nth);
    if (lingersMs(step) > 0)
      time.schedule(1, () => edit(child, { metadata: { finalizers: [...withoutHold(child), HOLD] } }));
    const startedAt = new Date(nowMs()).toISOString();
    time.schedule(START_MS, () => {
      if (phaseOf(find(resourceOf(child.kind), child.metadata.name) ?? child) === undefined)
        edit(child, { status: { phase: 'Running', startedAt } }, true);
    });
    const phase = outcomeOf(step, nth);
    if (phase === undefined) return;
    time.schedule(CHILD_MS, () => edit(child, { status: { phase } }, true));
    if (keepsMs !== undefined) time.schedule(CHILD_MS + keepsMs, () => removeIfThere(child));
  }

  function edit({ kind, metadata }: KubeObject, body: object, isOfStatus = false): void {
    const resource = resourceOf(kind);
    const name = { name: metadata.name, ...(metadata.namespace !== undefined && { namespace: metadata.namespace }) };
    const current = find(resource, metadata.name);
    if (current?.metadata.uid !== metadata.uid) return;
    change(() => model.patch(resource, name, { type: 'merge', body }, isOfStatus ? { subresource: 'status' } : {}));
  }

  function removeIfThere({ kind, metadata: { name, uid } }: KubeObject): void {
    if (find(resourceOf(kind), name)?.metadata.uid === uid)
      change(() => model.delete(resourceOf(kind), { namespace: NAMESPACE, name }));
  }

  /** Changes something regardless of the laws, because this is not a call. */
  function change<T>(by: (model: Model) => T): T {
    const result = lawlessly(() => by(model));
    tell();
    return result;
  }

  let laws: readonly Law[] = options.laws ?? [];
  function lawlessly<T>(go: () => T): T {
    model.govern([]);
    try {
      return go();
    } finally {
      model.govern(laws);
    }
  }

  const find = (resource: Resource, name: string) =>
    model.all().find((object) => object.kind === resource.kind && object.metadata.name === name);

  function startEngine(aheadMs = 0): void {
    const engine = { isDead: false, wake: () => client.wake() };
    const timing = {
      ...time,
      schedule: (delayMs: number, callback: () => void) =>
        time.schedule(delayMs, () => {
          if (!engine.isDead) callback();
        }),
    };
    const clock = createServerClock(time.now, nowMs() + aheadMs);
    const client = createModelClient({
      model,
      serverNow: nowMs,
      onDate: clock.hear,
      timing,
      isDead: () => engine.isDead,
      die: () => {
        engine.isDead = true;
      },
      onCommit: tell,
      decide: (call) => {
        const arrived = { ...call, number: calls.length + 1 };
        calls.push(arrived);
        return decide(arrived, simulation);
      },
    });
    const followed = followCluster({
      client,
      resources: followedResources(stepKinds),
      namespaces: [NAMESPACE],
      fieldManager: FIELD_MANAGER,
      onChange: (object) => runs.see(object as StoredObject),
      onListed: (kind) => runs.seeList(kind),
      keep: (object) => keepObject(object as StoredObject) as KubeObject,
      topicsOf: (object) => topicsOf(object as StoredObject),
      timing,
      log: silentLog,
    });
    const runs = createRunQueue({
      followed,
      rivals: createRivals(clock.now),
      division: WHOLE,
      now: clock.now,
      timing,
      workers: 4,
      nameChild,
      policy: () => defaultPolicy,
      missingOrchestrationSeconds: 300,
      onError: () => {},
      observer: { setDepth: () => {}, finish: () => {}, countRetry: () => {} },
      guard: (process) => process,
      track: (process) => process,
      emitEvent: () => Promise.resolve(),
      runObserver: { observeReaction: () => {}, countEnded: () => {} },
    });
    engines.push(engine);
    void followed.whenTried([RUNS.kind, ORCHESTRATIONS.kind]).then(() => runs.start());
  }

  const simulation: Simulation = {
    model,
    happenings,
    calls,
    nowMs,
    startEngine,
    killEngine: () => {
      for (const engine of engines) engine.isDead = true;
    },
    change,
    laws: () => laws,
    govern(next) {
      laws = next;
      model.govern(laws);
    },
    createRun: (name, orchestration, parameters) =>
      change(() =>
        model.create(RUNS, {
          apiVersion: API_VERSION,
          kind: RUNS.kind,
          metadata: { name, namespace: NAMESPACE },
          spec: { orchestrationRef: { name: orchestration }, ...(parameters && { parameters }) },
        }),
      ),
    get: find,
    after: (ms, then) => void time.schedule(ms, then),
    async until(isSo, withinMs) {
      const end = time.now() + withinMs;
      while (!isSo()) if (!(await time.step(end))) return isSo();
      return true;
    },
    async pass(ms) {
      const end = time.now() + ms;
      while (await time.step(end));
    },
  };
  for (const [name, spec] of Object.entries(orchestrations))
    model.create(ORCHESTRATIONS, {
      apiVersion: API_VERSION,
      kind: ORCHESTRATIONS.kind,
      metadata: { name, namespace: NAMESPACE },
      spec,
    });
  model.govern(laws);
  return simulation;
}

const HOLD = 'example.com/at-work';

function isHeld({ metadata }: KubeObject): boolean {
  return ((metadata['finalizers'] ?? []) as readonly string[]).includes(HOLD);
}

function withoutHold({ metadata }: KubeObject): readonly string[] {
  return ((metadata['finalizers'] ?? []) as readonly string[]).filter((name) => name !== HOLD);
}

export function stepOf({ metadata }: KubeObject): string {
  return metadata.annotations?.[STEP] ?? '';
}

/** Whether a run is there and over. */
export function hasRunEnded(simulation: Simulation, name: string): boolean {
  const run = simulation.get(RUNS, name);
  return run !== undefined && isRunFinal({ phase: phaseOf(run) } as Parameters<typeof isRunFinal>[0]);
}
