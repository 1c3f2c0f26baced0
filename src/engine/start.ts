import type { AuditCounts } from '../audit/tally.ts';
import { createKubeClient, type KubeClient } from '../kube/client.ts';
import { type FollowedCluster, followCluster } from '../kube/cluster.ts';
import type { LoadCredentials } from '../kube/credentials.ts';
import { createRecorder, type RecordEvent } from '../kube/events.ts';
import { followedResources, JOBS, ORCHESTRATIONS, RUNS, TOOL_RUNS, TOOLS } from '../kube/kinds.ts';
import type { Timing } from '../kube/ports.ts';
import type { Queue } from '../kube/queue.ts';
import type { ReflectorObserver } from '../kube/reflector-options.ts';
import { apiVersionOf, type Resource } from '../kube/resources.ts';
import { createServerClock } from '../kube/server-clock.ts';
import { createTransport, type Transport } from '../kube/transport.ts';
import { BUCKETS, follows } from '../orchestration/buckets.ts';
import { stepKinds } from '../orchestration/kinds/table.ts';
import type { Settings } from '../orchestration/settings.ts';
import { EventReason } from '../orchestration/vocabulary/event-reasons.ts';
import { FieldManager } from '../orchestration/vocabulary/metadata.ts';
import { announceQuarantine } from '../quarantine/announce.ts';
import { AUDIT_FAULT_MESSAGE, versionOf } from '../quarantine/condition.ts';
import type { Work } from '../quarantine/suspects.ts';
import { createWorkTracker } from '../quarantine/work.ts';
import { keepObject } from '../reconciler/kept.ts';
import { countLiveRuns } from '../reconciler/live-runs.ts';
import { createRivals, RIVAL } from '../reconciler/rivals.ts';
import { createTextSharing } from '../reconciler/shared-texts.ts';
import { topicsOf } from '../reconciler/topics.ts';
import type { EngineMetrics } from '../runtime/engine-metrics.ts';
import type { Logger } from '../runtime/log.ts';
import type { WorkKind } from '../runtime/supervisor-metrics.ts';
import { keepForJobs } from '../toolrun/kept.ts';
import { createAudit } from './audit.ts';
import { keyBuckets } from './key-buckets.ts';
import type { Parent } from './parent.ts';
import { createQueues, noQueues, type Queues, type QueuesConfiguration } from './queues.ts';
import { ALONE, createReplicas } from './replicas.ts';
import { createTelemetry, type TelemetryOptions } from './telemetry.ts';

/** The kinds that the engine tries to list before it reconciles anything. */
const GATHERED = [RUNS.kind, ORCHESTRATIONS.kind];

/** Half of the 10 s after which a replica that could not renew its Lease gives up. */
const LEASE_DEADLINE_MS = 5_000;

/**
 * The kinds that are divided into buckets: runs, the kinds that steps create, and Jobs. Every replica follows all
 * objects of the other kinds.
 */
function dividedOf(resources: readonly Resource[]): readonly Resource[] {
  const isChild = ({ kind }: Resource) => stepKinds.ofObject(kind)?.type === 'Child';
  return resources.filter((resource) => resource === RUNS || resource === JOBS || isChild(resource));
}

/** The resources that the engine reconciles, by kind. */
const WORKED_ON: Readonly<Record<string, Resource>> = {
  [RUNS.kind]: RUNS,
  [ORCHESTRATIONS.kind]: ORCHESTRATIONS,
  [TOOL_RUNS.kind]: TOOL_RUNS,
  Audit: ORCHESTRATIONS,
};

export interface EngineOptions {
  readonly configuration: QueuesConfiguration & {
    /** Whether runs are executed. */
    readonly isEnabled: boolean;
    /** The namespaces whose runs are executed; `*` is every one. */
    readonly namespaces: readonly string[];
    /** The namespaces whose stored Orchestrations are judged; `*` is every one. */
    readonly auditedNamespaces: readonly string[] | undefined;
  };
  readonly load: LoadCredentials;
  readonly log: Logger;
  readonly metrics: EngineMetrics;
  readonly parent: Pick<Parent, 'send'>;
  readonly started: Awaited<Parent['started']>;
  readonly settings: () => Pick<Settings, 'mode' | 'policy'>;
  readonly timing: Timing;
  /** The receivers of telemetry, if there are any. */
  readonly receivers: TelemetryOptions['receivers'] | undefined;
  /** The time of this machine, in milliseconds since 1970. It is used until the API server sends its time. */
  readonly ownMs: number;
  /** The name of this replica among those that divide the buckets. Undefined if it does all work by itself. */
  readonly identity: string | undefined;
}

/** An engine that follows the cluster, and reconciles nothing before `start`. */
export interface Engine {
  readonly transport: Transport;
  /** Milliseconds since 1970 on the API server's clock. */
  readonly now: () => number;
  readonly queues: Queues['byKind'];
  readonly watchAges: FollowedCluster['ages'];
  /** How many runs of this replica have not ended. */
  readonly countRuns: () => ReturnType<typeof countLiveRuns>;
  /** The counts of the audit, if there is one. */
  readonly countAudit: () => AuditCounts | undefined;
  readonly judgeAgain: Queues['judgeAgain'];
  /**
   * Joins the other replicas. Resolves when the engine has tried to list Orchestrations, and the runs of its buckets, in
   * each namespace. False if it was stopped before that.
   */
  readonly begin: () => Promise<boolean>;
  /** How many replicas there are, and the longest time that a bucket has had none, in milliseconds. */
  readonly replicas: () => { readonly members: number; readonly unownedMs: number };
  /** Starts to report to the supervisor what cannot be listed. */
  readonly reportListed: () => Promise<void>;
  readonly start: () => Promise<void>;
  /** Resolves when the work in progress has ended and the buckets are given back. */
  readonly stop: () => Promise<void>;
  /** Sends the waiting telemetry, for at most a few seconds. Call it after `stop`. */
  readonly flush: () => Promise<void>;
}

/** Connects the parts of an engine, and starts to follow the cluster. */
export function startEngine(options: EngineOptions): Engine {
  const { configuration, load, log, metrics, parent, started, settings, timing, receivers, ownMs, identity } = options;
  const { isEnabled, namespaces, auditedNamespaces = [] } = configuration;
  const resources = isEnabled ? [...followedResources(stepKinds)] : [];
  if (isEnabled && configuration.executesToolRuns) resources.push(TOOLS, JOBS);
  const { now, hear } = createServerClock(timing.now, ownMs);
  const watches = resources.length * namespaces.length + auditedNamespaces.length;
  const transport = createTransport({
    load,
    timing,
    log,
    watches,
    onSockets: (open) => metrics.setSockets(open),
    onDate: hear,
  });
  const client = createKubeClient({ transport, timing, observer: metrics.client });
  const rivals = createRivals(now);
  const shareTexts = createTextSharing();
  const lacking = reportLacking(() => [...followed.unlisted(GATHERED), ...(audit?.unlisted() ?? [])], parent);
  const reflectorObserver: ReflectorObserver = {
    ...metrics.reflector,
    countFailure: (...failure) => {
      metrics.reflector.countFailure(...failure);
      lacking.report();
    },
  };
  const followed = followCluster({
    client,
    resources,
    namespaces: namespaces.includes('*') ? undefined : namespaces,
    divided: identity === undefined ? [] : dividedOf(resources),
    fieldManager: FieldManager.Reconciler,
    rival: RIVAL,
    onListed: (kind) => {
      rivals.begin();
      queues.seeList(kind);
      lacking.report();
    },
    keep: (object) =>
      shareTexts((configuration.executesToolRuns ? keepForJobs(object) : undefined) ?? keepObject(object)),
    topicsOf,
    pause: () => tracker.probing(),
    onChange: (object) => {
      const writtenMs = followed.rivalWroteMs(object);
      if (writtenMs !== undefined) rivals.see(object.metadata.namespace, writtenMs);
      queues.see(object);
      telemetry?.see(object);
    },
    timing,
    log,
    observer: reflectorObserver,
  });
  const replicas =
    identity === undefined
      ? ALONE
      : createReplicas({
          client: createKubeClient({ transport, timing, lane: 'lease', deadlineMs: LEASE_DEADLINE_MS }),
          ...{ namespace: configuration.ownNamespace, identity, timing, log, observer: metrics.buckets },
          now: () => new Date(now()),
          follow: followed.followBuckets,
          recordChildren: (buckets) => queues.recordChildren(buckets),
          onGained: (buckets) => {
            // Until the start, the queues collect the keys of all buckets.
            if (isStarted) void queues.resume(buckets);
            telemetry?.resume(buckets);
            audit?.divide();
          },
          onDropped() {
            queues.forget();
            audit?.divide();
          },
        });
  const { division } = replicas;
  const telemetry = receivers && createTelemetry({ receivers, followed, division, now, timing, log });
  const record = recordEvents(client, now, log, metrics);
  const onError = (key: string, error: unknown) => log.warn({ key, error }, 'reconcile failed, will retry');
  const find = (kind: string, key: string) => {
    const resource = WORKED_ON[kind];
    if (kind === 'Audit') return { resource, object: audit?.find(key) };
    return resource && { resource, object: followed.getObject(apiVersionOf(resource), kind, key) };
  };
  const tracker = createWorkTracker({
    ...started,
    versionOf: (kind, key) => versionOf(find(kind, key)?.object),
    announce: async (kind, key) => {
      const { resource, object } = find(kind, key) ?? {};
      if (resource && object && kind === 'Audit')
        await record(
          resource,
          object.metadata,
          'Warning',
          EventReason.EngineFault,
          AUDIT_FAULT_MESSAGE,
          versionOf(object),
        );
      else if (resource && object)
        await announceQuarantine({ followed, record }, resource, object, new Date(now()).toISOString());
    },
    send: parent.send,
    nextTurn,
    onError,
  });
  const bucketsOf = keyBuckets(followed);
  const queues: Queues = isEnabled
    ? createQueues({
        ...{ configuration, policy: () => settings().policy, metrics, record, tracker, recordEnd: telemetry?.record },
        ...{ replicas, bucketsOf, nextTurn, followed, rivals, division, now, timing, onError },
      })
    : noQueues;
  const audit =
    auditedNamespaces.length === 0
      ? undefined
      : createAudit({
          ...{ client, namespaces: auditedNamespaces, settings, record, timing, log, onError, reflectorObserver },
          isMine: (key) => division.holds(bucketsOf.Audit(key)),
          onListed: lacking.report,
          pause: () => tracker.probing(),
          guard: (process) => tracker.guard('Audit', process),
          quarantined: keysOf('Audit', started.quarantined),
          observer: metrics.observeQueue('Audit'),
        });
  const byKind = new Map<WorkKind, Queue>(queues.byKind);
  if (audit) byKind.set('Audit', audit.queue);
  let isStarted = false;
  let isStopping = false;
  return {
    transport,
    now,
    queues: byKind,
    *watchAges() {
      yield* followed.ages();
      if (audit) yield* audit.ages();
    },
    countRuns: () => countLiveRuns(followed.values(RUNS.kind).filter((run) => follows(division, run))),
    countAudit: () => audit?.count(),
    judgeAgain() {
      queues.judgeAgain();
      audit?.judgeAgain();
    },
    async begin() {
      if (replicas === ALONE) metrics.buckets.setHeld(BUCKETS);
      await replicas.begin();
      return (await followed.whenTried(GATHERED)).every(Boolean);
    },
    replicas: () => ({ members: replicas.members(), unownedMs: replicas.unownedMs() }),
    reportListed: lacking.begin,
    async start() {
      // If a kind is not listed, a reconcile can end early, which would clear a suspect without testing it.
      if (started.suspects.length > 0) await followed.whenTried(resources.map(({ kind }) => kind));
      await audit?.readAhead(keysOf('Audit', started.suspects));
      const isOwn = ({ kind, key }: Work) => division.holds(bucketsOf[kind as WorkKind](key));
      await tracker.probe(() => isStopping, isOwn);
      // There are no watch events for a deleted object, and only a reconcile ends its quarantine.
      for (const { kind, key } of started.quarantined) queues.byKind.get(kind as WorkKind)?.add(key);
      telemetry?.start();
      isStarted = true;
      for (const queue of queues.byKind.values()) queue.start();
      audit?.start();
    },
    stop: async () => {
      isStopping = true;
      await Promise.all([...queues.byKind.values()].map((queue) => queue.stop()));
      await queues.recordChildren();
      await replicas.stop();
      await Promise.all([followed.stop(), audit?.stop()]);
    },
    flush: async () => telemetry?.stop(),
  };
}

const nextTurn = () => new Promise(setImmediate);

function keysOf(kind: WorkKind, works: readonly Work[]): readonly string[] {
  return works.filter((work) => work.kind === kind).map(({ key }) => key);
}

/** Reports to the supervisor what cannot be listed: when work begins, and again after each change. */
function reportLacking(list: () => readonly string[], parent: Pick<Parent, 'send'>) {
  let reported: string | undefined;
  async function report(): Promise<void> {
    const lacking = list();
    if (reported === lacking.join()) return;
    reported = lacking.join();
    await parent.send({ type: 'listed', lacking });
  }
  return {
    begin: report,
    report: () => {
      if (reported !== undefined) void report();
    },
  };
}

/** Writes Events, and counts those with the reason StatusContested. */
function recordEvents(client: KubeClient, now: () => number, log: Logger, metrics: EngineMetrics): RecordEvent {
  const record = createRecorder({ client, component: FieldManager.Reconciler, now: () => new Date(now()), log });
  return (resource, object, type, reason, ...text) => {
    if (reason === EventReason.StatusContested) metrics.countContested(resource.kind);
    return record(resource, object, type, reason, ...text);
  };
}
