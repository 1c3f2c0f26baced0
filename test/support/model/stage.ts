import { createServerClock } from '../../../src/kube/server-clock.ts';
import { defaultPolicy } from '../../../src/orchestration/judge.ts';
import { API_VERSION, GROUP } from '../../../src/orchestration/schema.ts';
import { nameChild } from '../../../src/reconciler/names.ts';
import type { Cluster } from '../../../src/reconciler/ports.ts';
import { createReconciler, type Reconciler, type ReconcilerOptions } from '../../../src/reconciler/reconcile.ts';
import { type Call, connectModel } from './cluster.ts';
import { listChildren, NAMESPACE, ORCHESTRATIONS, RUN, RUNS, setPhase, storedStatus, type World } from './engine.ts';
import { createModel } from './model.ts';
import { type Step, statusOf } from './play.ts';

export interface StageOptions {
  readonly policies?: object;
  /** Specs of other Orchestrations, by name. */
  readonly others?: Readonly<Record<string, { readonly steps: readonly Step[]; readonly policies?: object }>>;
  /** How far the clock of the first engine is ahead of the API server's, in seconds. */
  readonly aheadSeconds?: number;
  /** Whether engines hear the API server's time, as they do in production. */
  readonly isAnchored?: boolean;
}

/** The reconciler's own engine as in production, but for the time. */
export function startEngine(
  cluster: Cluster,
  time: { readonly nowMs: number },
  more: Partial<ReconcilerOptions> = {},
): Reconciler {
  return createReconciler({
    cluster,
    nameChild,
    now: () => time.nowMs,
    elapsed: () => time.nowMs,
    missingOrchestrationSeconds: 300,
    policy: () => defaultPolicy,
    ...more,
  });
}

export type Stage = ReturnType<typeof setStage>;

/**
 * Sets a run of these steps before the reconciler's own engine, on an API server that can fail at any call. The engine
 * looks at the run and its nested runs once a second of the API server's time, the innermost first.
 */
export function setStage(
  steps: readonly Step[],
  { policies = {}, others = {}, aheadSeconds = 0, isAnchored = true }: StageOptions = {},
) {
  const startMs = Date.parse('2026-01-01T00:00:00Z');
  let nowMs = startMs;
  const api = createModel(() => nowMs);
  const cluster = connectModel(api);
  const { circumstances } = cluster;
  let engine = startAhead(aheadSeconds);

  function startAhead(ahead: number): Reconciler {
    const elapsed = () => nowMs - startMs;
    const clock = createServerClock(elapsed, nowMs + ahead * 1_000);
    if (isAnchored) clock.hear(new Date(nowMs).toUTCString(), elapsed());
    return startEngine(
      cluster,
      { nowMs },
      {
        elapsed,
        now: clock.now,
        nameChild: ({ uid }, step, attempt) => [step, attempt, ...uid.split('/').slice(1)].join('.'),
      },
    );
  }

  const create = (resource: typeof RUNS, name: string, spec: object) => {
    const { kind } = resource;
    api.create(resource, { apiVersion: API_VERSION, kind, metadata: { name, namespace: NAMESPACE }, spec });
  };
  for (const [name, spec] of Object.entries({ ...others, nightly: { steps, policies } })) {
    create(ORCHESTRATIONS, name, spec);
  }
  create(RUNS, RUN, { orchestrationRef: { name: 'nightly' } });
  const world = { api } as unknown as World;

  /** Returns what the last look at the outermost run asks for. `Nested` leaves that run out. */
  async function look(times = 10, which: 'All' | 'Nested' = 'All'): Promise<unknown> {
    let outcome: unknown;
    for (let time = 0; time < times; time++) {
      for (const { kind, metadata } of api.all().toReversed()) {
        if (kind !== RUNS.kind || (which === 'Nested' && metadata.name === RUN)) continue;
        const look = await engine
          .reconcile(`${NAMESPACE}/${metadata.name}`)
          .catch((error: unknown) => ({ thrown: error }));
        if (metadata.name === RUN) outcome = look;
      }
      nowMs += 1_000;
    }
    return outcome;
  }

  return {
    api,
    circumstances,
    cluster,
    look,
    /** Looks at the run of this name, whether or not it exists. */
    lookAt: (name: string) => engine.reconcile(`${NAMESPACE}/${name}`),
    restOf: (name: string) => engine.rest(`${NAMESPACE}/${name}`),
    forgetAbsent: () => engine.forgetAbsent(),
    /** As before another process continues the runs of this one. */
    recordChildren: async () => {
      for (const key of engine.listUnrecorded()) await engine.recordChildren(key);
    },
    nowMs: () => nowMs,
    pass: (seconds: number) => {
      nowMs += seconds * 1_000;
    },
    /** The engine dies, and another takes over, whose clock is `ahead` seconds ahead. */
    replaceEngine: (ahead = 0) => {
      engine = startAhead(ahead);
    },
    status: () => storedStatus(world),
    stepOf: (name: string) => statusOf({ world }, name),
    conditionOf: (type: string) => storedStatus(world).conditions.find((condition) => condition.type === type),
    /** The steps of the children that there are. */
    children: () => listChildren(api).map(({ metadata }) => metadata.name.split('.')[0]),
    end: (step: string, phase: string) => {
      const child = listChildren(api).find(({ metadata }) => metadata.name.startsWith(`${step}.`));
      if (child) setPhase(world, child, phase);
    },
    annotate: (name: string, value = 'true') => {
      const body = { metadata: { annotations: { [`${GROUP}/${name}`]: value } } };
      api.patch(RUNS, { namespace: NAMESPACE, name: RUN }, { type: 'merge', body });
    },
    collectGarbage: () => {
      while (api.collectGarbage());
    },
    calls: (wanted: RegExp) => circumstances.calls.filter((call: Call) => wanted.test(call)),
  };
}
