import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { createProcessMetrics } from './gate-metrics.ts';
import { WORK_KINDS, type WorkKind } from './supervisor-metrics.ts';

const DROP_REASONS = ['overflow', 'rejected'] as const;
const DIRECTIONS = ['gained', 'lost'] as const;
const ENDED_PHASES = ['Succeeded', 'Failed', 'Cancelled'] as const;

/** From a reconcile that writes nothing to one that waits for an API server that does not answer. */
const WORK_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Around the objectives: 50% within 60 ms, 99% within 250 ms. */
const REACTION_BUCKETS = [0.005, 0.01, 0.02, 0.03, 0.045, 0.06, 0.09, 0.125, 0.25, 0.5, 1, 2.5, 5];

/** The engine's own metrics. They start at zero in each engine. Names and labels are API and never change. */
export const ENGINE_METRICS = {
  leader: {
    name: 'orchestration_gate_leader',
    help: '1 if this replica holds buckets, and so executes runs.',
  },
  buckets: {
    name: 'orchestration_gate_buckets',
    help: 'Buckets that this replica holds, of 64. All replicas together hold 64.',
  },
  handOvers: {
    name: 'orchestration_gate_bucket_hand_overs_total',
    help: 'Buckets that this replica has gained or lost.',
    labelNames: ['direction'],
  },
  members: {
    name: 'orchestration_gate_replicas',
    help: 'Replicas that divide the buckets, as this one sees their Leases.',
  },
  unowned: {
    name: 'orchestration_gate_buckets_unowned_seconds',
    help: 'Time since a replica that holds the bucket last renewed its Lease; the maximum over all buckets. Less than 3 in normal operation.',
  },
  queueDepth: {
    name: 'orchestration_gate_workqueue_depth',
    help: 'Keys that wait for a worker.',
    labelNames: ['kind'],
  },
  queueWait: {
    name: 'orchestration_gate_workqueue_queue_duration_seconds',
    help: 'Time that a key waited for a worker.',
    labelNames: ['kind'],
    buckets: WORK_BUCKETS,
  },
  work: {
    name: 'orchestration_gate_workqueue_work_duration_seconds',
    help: 'Time that one reconcile of an object took, with all its calls.',
    labelNames: ['kind'],
    buckets: WORK_BUCKETS,
  },
  queueRetries: {
    name: 'orchestration_gate_workqueue_retries_total',
    help: 'Reconciles that are retried with backoff, because an object changed meanwhile or a call failed.',
    labelNames: ['kind'],
  },
  queueOverdue: {
    name: 'orchestration_gate_workqueue_overdue_seconds',
    help: 'Time that keys have been due without a successful reconcile. 0 in normal operation.',
    labelNames: ['kind'],
  },
  heapLimit: {
    name: 'orchestration_gate_engine_heap_limit_bytes',
    help: 'Limit of the heap of the engine, which crashes beyond it. orchestration_gate_engine_nodejs_heap_size_used_bytes has the used size.',
  },
  requests: {
    name: 'orchestration_gate_api_requests_total',
    help: 'Requests to the API server by outcome: ok, or the reason for the failure. The verbs create and patch are the writes. Conflict: the object changed meanwhile. AlreadyExists: an earlier engine had created the child.',
    labelNames: ['verb', 'resource', 'outcome'],
  },
  requestDuration: {
    name: 'orchestration_gate_api_request_duration_seconds',
    help: 'Time from a request to the end of its answer. For a watch, to the start of its answer.',
    labelNames: ['verb'],
    buckets: WORK_BUCKETS,
  },
  requestRetries: {
    name: 'orchestration_gate_api_retries_total',
    help: 'Requests that are sent again, by the reason for the previous failure.',
    labelNames: ['verb', 'reason'],
  },
  sockets: {
    name: 'orchestration_gate_api_sockets',
    help: 'Open connections to the API server: at most 40, and one for each watch.',
  },
  lists: {
    name: 'orchestration_gate_watch_lists_total',
    help: 'Complete lists of a resource: at the start, every ten minutes or less often, and if a watch cannot continue.',
    labelNames: ['resource', 'cause'],
  },
  watchFailures: {
    name: 'orchestration_gate_watch_failures_total',
    help: 'Lists and watches that failed and are retried.',
    labelNames: ['resource', 'reason'],
  },
  mended: {
    name: 'orchestration_gate_watch_mended_total',
    help: 'Changes that a watch lost and a periodic list found. 0 in normal operation.',
    labelNames: ['resource'],
  },
  watchAge: {
    name: 'orchestration_gate_watch_age_seconds',
    help: 'Time since the API server last sent anything about a resource. It does so at least every 75 seconds.',
    labelNames: ['resource'],
  },
  runs: {
    name: 'orchestration_gate_runs',
    help: 'OrchestrationRuns in the buckets of this replica that have not ended, by state: Pending has not started, Queued waits for a place in its concurrency group, Running executes steps.',
    labelNames: ['state'],
  },
  runsEnded: {
    name: 'orchestration_gate_runs_ended_total',
    help: 'OrchestrationRuns that ended, by final phase.',
    labelNames: ['phase'],
  },
  reaction: {
    name: 'orchestration_gate_reaction_seconds',
    help: 'Time from the observation that a child ended to the creation of the next child of its run.',
    buckets: REACTION_BUCKETS,
  },
  contested: {
    name: 'orchestration_gate_status_contested_total',
    help: 'Objects that another controller also executes, or whose status it also writes (StatusContested).',
    labelNames: ['kind'],
  },
  auditJudged: {
    name: 'orchestration_gate_audit_judged',
    help: 'Stored Orchestrations that the audit of this replica has judged.',
  },
  auditDenied: {
    name: 'orchestration_gate_audit_denied',
    help: 'Stored Orchestrations that the gate would deny if they were created now.',
    labelNames: ['resource_namespace'],
  },
  auditProblems: {
    name: 'orchestration_gate_audit_orchestrations',
    help: 'Stored Orchestrations with a problem of this code. Severity deny: the gate would deny them.',
    labelNames: ['resource_namespace', 'code', 'severity'],
  },
  telemetryDelivered: {
    name: 'orchestration_gate_telemetry_delivered_total',
    help: 'Messages that a receiver of telemetry has taken: a trace of a run, or a CloudEvent.',
    labelNames: ['receiver'],
  },
  telemetryFailed: {
    name: 'orchestration_gate_telemetry_failed_total',
    help: 'Attempts to deliver a message that failed and are repeated.',
    labelNames: ['receiver'],
  },
  telemetryDropped: {
    name: 'orchestration_gate_telemetry_dropped_total',
    help: 'Messages that are lost, because the queue is full (overflow) or the receiver does not take them (rejected).',
    labelNames: ['receiver', 'reason'],
  },
  telemetryQueue: {
    name: 'orchestration_gate_telemetry_queue_length',
    help: 'Messages that wait to be delivered.',
    labelNames: ['receiver'],
  },
} as const;

/** Records the engine's metrics. The shapes match the observers that it is passed to. Nothing here throws. */
export interface EngineMetrics {
  readonly registry: Registry;
  readonly buckets: {
    setHeld(buckets: number): void;
    countHandOvers(direction: (typeof DIRECTIONS)[number], buckets: number): void;
  };
  /** Call it before rendering. */
  setReplicas(replicas: { readonly members: number; readonly unownedMs: number }): void;
  observeQueue(kind: WorkKind): {
    setDepth(waiting: number): void;
    finish(work: { readonly waitedMs: number; readonly durationMs: number }): void;
    countRetry(): void;
  };
  readonly client: {
    finishRequest(request: { verb: string; resource: string; outcome: string; durationMs: number }): void;
    countRetry(request: { verb: string; reason: string }): void;
  };
  readonly reflector: {
    countList(resource: string, cause: string): void;
    countFailure(resource: string, reason: string): void;
    countRepairs(resource: string, changes: number): void;
  };
  setSockets(open: number): void;
  /** Call it before rendering. */
  setOverdue(kind: WorkKind, ms: number): void;
  setHeapLimit(bytes: number): void;
  /** Call it before rendering. */
  setWatchAge(resource: string, ageMs: number): void;
  /** Call it before rendering. */
  setRuns(live: Readonly<Record<string, number>>): void;
  countEnded(phase: (typeof ENDED_PHASES)[number]): void;
  observeReaction(ms: number): void;
  countContested(kind: string): void;
  /** Replaces the counts of the audit. Call it before rendering. */
  setAudit(counts: {
    readonly judged: number;
    readonly denied: ReadonlyMap<string, number>;
    readonly problems: readonly { namespace: string; code: string; severity: string; orchestrations: number }[];
  }): void;
  /** Starts the series of the receiver at zero. A receiver that is not configured has no series. */
  observeDelivery(receiver: Receiver): {
    countDelivered(): void;
    countFailed(): void;
    countDropped(reason: (typeof DROP_REASONS)[number]): void;
    setLength(messages: number): void;
  };
}

/** A receiver of telemetry. */
export type Receiver = 'otlp' | 'cloudevents';

/**
 * Creates the engine's metrics. The default process metrics get a prefix, because the supervisor's on the same page
 * have the plain names.
 */
export function createEngineMetrics(): EngineMetrics {
  const registry = createProcessMetrics('orchestration_gate_engine_');
  const registers = [registry];
  const counter = <L extends string>(metric: { name: string; help: string; labelNames?: readonly L[] }) =>
    new Counter<L>({ ...metric, registers });
  const gauge = <L extends string>(metric: { name: string; help: string; labelNames?: readonly L[] }) =>
    new Gauge<L>({ ...metric, registers });
  const histogram = <L extends string>(metric: {
    name: string;
    help: string;
    labelNames?: readonly L[];
    buckets: readonly number[];
  }) => new Histogram<L>({ ...metric, buckets: [...metric.buckets], registers });

  const leader = gauge(ENGINE_METRICS.leader);
  const buckets = gauge(ENGINE_METRICS.buckets);
  const handOvers = counter(ENGINE_METRICS.handOvers);
  const members = gauge(ENGINE_METRICS.members);
  const unowned = gauge(ENGINE_METRICS.unowned);
  const queueDepth = gauge(ENGINE_METRICS.queueDepth);
  const queueWait = histogram(ENGINE_METRICS.queueWait);
  const work = histogram(ENGINE_METRICS.work);
  const queueRetries = counter(ENGINE_METRICS.queueRetries);
  const queueOverdue = gauge(ENGINE_METRICS.queueOverdue);
  const heapLimit = gauge(ENGINE_METRICS.heapLimit);
  const requests = counter(ENGINE_METRICS.requests);
  const requestDuration = histogram(ENGINE_METRICS.requestDuration);
  const requestRetries = counter(ENGINE_METRICS.requestRetries);
  const sockets = gauge(ENGINE_METRICS.sockets);
  const lists = counter(ENGINE_METRICS.lists);
  const watchFailures = counter(ENGINE_METRICS.watchFailures);
  const repairs = counter(ENGINE_METRICS.mended);
  const watchAge = gauge(ENGINE_METRICS.watchAge);
  const runs = gauge(ENGINE_METRICS.runs);
  const runsEnded = counter(ENGINE_METRICS.runsEnded);
  const reaction = histogram(ENGINE_METRICS.reaction);
  const contested = counter(ENGINE_METRICS.contested);
  const auditJudged = gauge(ENGINE_METRICS.auditJudged);
  const auditDenied = gauge(ENGINE_METRICS.auditDenied);
  const auditProblems = gauge(ENGINE_METRICS.auditProblems);
  const telemetryDelivered = counter(ENGINE_METRICS.telemetryDelivered);
  const telemetryFailed = counter(ENGINE_METRICS.telemetryFailed);
  const telemetryDropped = counter(ENGINE_METRICS.telemetryDropped);
  const telemetryQueue = gauge(ENGINE_METRICS.telemetryQueue);

  // A series that starts at 1 shows no increase. Alerts need the zero before it.
  for (const kind of WORK_KINDS) {
    queueDepth.set({ kind }, 0);
    queueRetries.inc({ kind }, 0);
    contested.inc({ kind }, 0);
  }
  for (const direction of DIRECTIONS) handOvers.inc({ direction }, 0);
  for (const phase of ENDED_PHASES) runsEnded.inc({ phase }, 0);

  return {
    registry,
    buckets: {
      setHeld(held) {
        leader.set(held > 0 ? 1 : 0);
        buckets.set(held);
      },
      countHandOvers: (direction, count) => handOvers.inc({ direction }, count),
    },
    setReplicas(replicas) {
      members.set(replicas.members);
      unowned.set(replicas.unownedMs / 1_000);
    },
    observeQueue: (kind) => ({
      setDepth: (waiting) => queueDepth.set({ kind }, waiting),
      finish({ waitedMs, durationMs }) {
        queueWait.observe({ kind }, waitedMs / 1_000);
        work.observe({ kind }, durationMs / 1_000);
      },
      countRetry: () => queueRetries.inc({ kind }),
    }),
    client: {
      finishRequest({ verb, resource, outcome, durationMs }) {
        requests.inc({ verb, resource, outcome });
        requestDuration.observe({ verb }, durationMs / 1_000);
      },
      countRetry: ({ verb, reason }) => requestRetries.inc({ verb, reason }),
    },
    reflector: {
      countList: (resource, cause) => lists.inc({ resource, cause }),
      countFailure: (resource, reason) => watchFailures.inc({ resource, reason }),
      countRepairs: (resource, changes) => repairs.inc({ resource }, changes),
    },
    setOverdue: (kind, ms) => queueOverdue.set({ kind }, ms / 1_000),
    setHeapLimit: (bytes) => heapLimit.set(bytes),
    setSockets: (open) => sockets.set(open),
    setWatchAge: (resource, ageMs) => watchAge.set({ resource }, ageMs / 1_000),
    setRuns(live) {
      for (const [state, count] of Object.entries(live)) runs.set({ state }, count);
    },
    countEnded: (phase) => runsEnded.inc({ phase }),
    observeReaction: (ms) => reaction.observe(ms / 1_000),
    countContested: (kind) => contested.inc({ kind }),
    setAudit({ judged, denied, problems }) {
      auditJudged.set(judged);
      auditDenied.reset();
      for (const [namespace, count] of denied) auditDenied.set({ resource_namespace: namespace }, count);
      auditProblems.reset();
      for (const { namespace, code, severity, orchestrations } of problems)
        auditProblems.set({ resource_namespace: namespace, code, severity }, orchestrations);
    },
    observeDelivery: (receiver) => {
      telemetryDelivered.inc({ receiver }, 0);
      telemetryFailed.inc({ receiver }, 0);
      for (const reason of DROP_REASONS) telemetryDropped.inc({ receiver, reason }, 0);
      telemetryQueue.set({ receiver }, 0);
      return {
        countDelivered: () => telemetryDelivered.inc({ receiver }),
        countFailed: () => telemetryFailed.inc({ receiver }),
        countDropped: (reason) => telemetryDropped.inc({ receiver, reason }),
        setLength: (messages) => telemetryQueue.set({ receiver }, messages),
      };
    },
  };
}
