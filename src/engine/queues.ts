import type { RecordEvent } from '../kube/events.ts';
import { ORCHESTRATIONS, RUNS, TOOL_RUNS } from '../kube/kinds.ts';
import type { Queue } from '../kube/queue.ts';
import { nameFrom } from '../objects/names.ts';
import { keyOf, type StoredObject } from '../objects/object.ts';
import type { Policy } from '../orchestration/judge.ts';
import type { WorkTracker } from '../quarantine/work.ts';
import { nameChild } from '../reconciler/names.ts';
import type { EngineMetrics } from '../runtime/engine-metrics.ts';
import type { WorkKind } from '../runtime/supervisor-metrics.ts';
import type { KeyBuckets } from './key-buckets.ts';
import { createOrchestrationQueue } from './orchestrations.ts';
import type { Replicas } from './replicas.ts';
import { createRunQueue, type RunObserver, type WorkOptions } from './runs.ts';
import { createToolRunQueue } from './tool-runs.ts';

/** The part of the `reconcile` configuration that the queues use. */
export interface QueuesConfiguration {
  /** The number of runs that are reconciled at the same time. The number of ToolRuns is the same. */
  readonly workers: number;
  /** How long a run waits for its Orchestration, and a ToolRun for its Tool. */
  readonly missingOrchestrationSeconds: number;
  /** The number of finished runs to keep if an Orchestration sets no limit. If undefined, all are kept. */
  readonly historyLimit: number | undefined;
  /** Whether children get the trace context of their attempt as a parameter. */
  readonly passesTraceparent: boolean;
  readonly executesToolRuns: boolean;
  readonly ownNamespace: string;
  readonly ownServiceAccount: string;
  /** The only service accounts that Tools may run under. */
  readonly allowedServiceAccounts: readonly string[] | undefined;
  readonly toolSecurityContext: object | undefined;
  readonly toolContainerSecurityContext: object | undefined;
}

export interface QueuesOptions extends Omit<WorkOptions, 'observer' | 'guard' | 'track'> {
  readonly configuration: QueuesConfiguration;
  /** The current limits and severities of the gate. */
  readonly policy: () => Policy;
  readonly metrics: EngineMetrics;
  readonly record: RecordEvent;
  readonly recordEnd: RunObserver['recordEnd'];
  readonly tracker: Pick<WorkTracker, 'guard'>;
  /** Resolves in another turn of the event loop. */
  readonly nextTurn: () => Promise<unknown>;
  readonly replicas: Pick<Replicas, 'guard'>;
  readonly bucketsOf: KeyBuckets;
}

/** The queues of an engine, one for each kind that it reconciles. */
export interface Queues {
  readonly byKind: ReadonlyMap<WorkKind, Queue>;
  /** Call this for every change in the cache. It adds the affected keys. */
  readonly see: (changed: StoredObject) => void;
  /** Call this when a kind has been listed. It adds the keys that wait for the list. */
  readonly seeList: (kind: string) => void;
  /** Call this with buckets that are held from now on. It adds the keys in them that cached objects affect. */
  readonly resume: (buckets: ReadonlySet<number>) => Promise<void>;
  /**
   * Call this when the cache has dropped the objects of buckets. It forgets their runs, and adds every Orchestration,
   * because the cache may not have all of its finished runs any more.
   */
  readonly forget: () => void;
  /**
   * Call this before another replica continues the runs of these buckets, or of all. It records the children that no
   * status records yet. It does not throw.
   */
  readonly recordChildren: (buckets?: ReadonlySet<number>) => Promise<void>;
  /** Call this when the policy has changed. It adds every Orchestration, because the result can change. */
  readonly judgeAgain: () => void;
}

/** How many objects are looked at before timers and I/O run. */
const OBJECTS_A_TURN = 1_000;

/** The queues of an engine that only audits. */
export const noQueues: Queues = {
  byKind: new Map(),
  see: () => {},
  seeList: () => {},
  resume: async () => {},
  forget: () => {},
  recordChildren: async () => {},
  judgeAgain: () => {},
};

/** Creates the queues, empty and not started. */
export function createQueues(options: QueuesOptions): Queues {
  const { configuration, policy, metrics, record, recordEnd, tracker, nextTurn, replicas, bucketsOf, ...shared } =
    options;
  const { workers, missingOrchestrationSeconds, passesTraceparent } = configuration;
  const optionsOf = (kind: WorkKind) => ({
    ...shared,
    observer: metrics.observeQueue(kind),
    guard: (process: Parameters<WorkOptions['guard']>[0]) => replicas.guard(bucketsOf[kind], process),
    track: (process: Parameters<WorkOptions['track']>[0]) => tracker.guard(kind, process),
  });
  const runs = createRunQueue({
    ...optionsOf('OrchestrationRun'),
    workers,
    emitEvent: (run, ...event) => record(RUNS, run, ...event),
    runObserver: { ...metrics, ...(recordEnd && { recordEnd }) },
    passesTraceparent,
    nameChild,
    missingOrchestrationSeconds,
    policy,
  });
  const orchestrations = createOrchestrationQueue({
    ...optionsOf('Orchestration'),
    policy,
    historyLimit: configuration.historyLimit,
  });
  const toolRuns = configuration.executesToolRuns
    ? createToolRunQueue({
        ...optionsOf('ToolRun'),
        workers,
        emitEvent: (toolRun, ...event) => record(TOOL_RUNS, toolRun.metadata, ...event),
        nameChild: ({ name, uid }, ...parts) => nameFrom(name, [uid, ...parts]),
        ownServiceAccount: { namespace: configuration.ownNamespace, name: configuration.ownServiceAccount },
        allowedServiceAccounts: configuration.allowedServiceAccounts,
        securityContext: configuration.toolSecurityContext,
        containerSecurityContext: configuration.toolContainerSecurityContext,
        missingToolSeconds: missingOrchestrationSeconds,
      })
    : undefined;
  const byKind = new Map<WorkKind, Queue>([
    ['OrchestrationRun', runs],
    ['Orchestration', orchestrations],
  ]);
  if (toolRuns) byKind.set('ToolRun', toolRuns);
  function judgeAgain(): void {
    for (const { metadata } of shared.followed.values(ORCHESTRATIONS.kind)) orchestrations.add(keyOf(metadata));
  }
  return {
    byKind,
    see(changed) {
      runs.see(changed);
      toolRuns?.see(changed);
      orchestrations.see(changed);
    },
    seeList: runs.seeList,
    async resume(buckets) {
      let objects = 0;
      for (const object of shared.followed.all()) {
        if (++objects % OBJECTS_A_TURN === 0) await nextTurn();
        runs.see(object, (key) => buckets.has(bucketsOf.OrchestrationRun(key)));
        toolRuns?.see(object, (key) => buckets.has(bucketsOf.ToolRun(key)));
        orchestrations.see(object, (key) => buckets.has(bucketsOf.Orchestration(key)));
      }
    },
    forget() {
      // The copy may lack runs because they could not be listed.
      if (shared.followed.unlisted([RUNS.kind]).length === 0) runs.forgetAbsent();
      judgeAgain();
    },
    recordChildren: (buckets) => runs.recordChildren((key) => buckets?.has(bucketsOf.OrchestrationRun(key)) ?? true),
    judgeAgain,
  };
}
