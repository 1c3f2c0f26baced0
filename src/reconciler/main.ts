import { createHash, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { suggestName } from '../dag/suggest.ts';
import { chooseCredentials } from '../kube/choose-credentials.ts';
import { createKubeClient, type KubeClient } from '../kube/client.ts';
import { type FollowedCluster, followCluster } from '../kube/cluster.ts';
import type { LoadCredentials } from '../kube/credentials.ts';
import { type Election, startElection } from '../kube/lease.ts';
import { createTiming } from '../kube/ports.ts';
import { createQueue, type Queue } from '../kube/queue.ts';
import { apiVersionOf, namespacedResource, type Resource } from '../kube/resources.ts';
import { createTransport, type Transport } from '../kube/transport.ts';
import { defaultPolicy } from '../orchestration/judge.ts';
import { API_VERSION, GROUP, VERSION } from '../orchestration/schema.ts';
import { createLogger, type Logger } from '../runtime/log.ts';
import { type ReconcileConfiguration, readReconcileConfiguration } from '../runtime/reconcile-configuration.ts';
import { createEngineMetrics, type EngineMetrics } from '../runtime/reconcile-metrics.ts';
import { EXIT, type FromEngine, type ToEngine } from '../supervisor/messages.ts';
import { createWorkTracker } from '../supervisor/work.ts';
import { affectedToolRuns, createToolRunQueue, TOOL_RUN_RESOURCES, TOOL_RUNS } from '../toolrun/main.ts';
import { affectedRuns } from './affected.ts';
import { createEngine } from './engine.ts';
import { ENGINE_FAULT, ENGINE_FAULT_MESSAGE, versionOf, withEngineFault } from './engine-fault.ts';
import { nameChild, nameFrom } from './names.ts';
import { planOrchestration } from './orchestrations.ts';
import type { Cluster } from './ports.ts';
import { createReactions, type Reactions } from './reactions.ts';
import type { KubeObject } from './snapshot.ts';

/** Half of the 10 s after which a leader that could not renew gives up. */
const LEASE_DEADLINE_MS = 5_000;

/** How often the supervisor hears that the event loop turns. */
const BEAT_MS = 1_000;

const FIELD_MANAGER = 'orchestration-gate-reconciler';

const RUNS = namespacedResource(GROUP, VERSION, 'OrchestrationRun', 'orchestrationruns');
const ORCHESTRATIONS = namespacedResource(GROUP, VERSION, 'Orchestration', 'orchestrations');
const REVISIONS = namespacedResource('apps', 'v1', 'ControllerRevision', 'controllerrevisions');
const EVENTS = namespacedResource('', 'v1', 'Event', 'events');
const FOLLOWED = [
  RUNS,
  ORCHESTRATIONS,
  namespacedResource('agents.proompteng.ai', 'v1alpha1', 'AgentRun', 'agentruns'),
  TOOL_RUNS,
  namespacedResource('approvals.proompteng.ai', 'v1alpha1', 'ApprovalPolicy', 'approvalpolicies'),
  namespacedResource('signals.proompteng.ai', 'v1alpha1', 'SignalDelivery', 'signaldeliveries'),
];

/**
 * `orchestration-gate engine`: executes runs, as a child of `reconcile`, which alone starts it. Wiring only; it ends when it
 * is told to, by a signal, and at once when it is no longer leader, at an exception that nobody caught, or without its parent.
 */
export async function runEngine(args: readonly string[], process: NodeJS.Process): Promise<void> {
  const suggest = (wanted: string, candidates: readonly string[]) => suggestName(wanted, candidates);
  const parsed = readReconcileConfiguration({ args, environment: process.env, suggest });
  if (!parsed.ok || process.send === undefined) {
    process.stderr.write('orchestration-gate: engine is no command for people; run `orchestration-gate reconcile`\n');
    return process.exit(2);
  }
  const { configuration } = parsed;
  const log = createLogger({ level: configuration.logLevel });
  process.on('uncaughtException', (error, origin) => {
    log.fatal({ error, origin }, 'the engine ends: nobody caught this');
    process.exit(EXIT.fault);
  });
  const parent = connectParent(process);
  const metrics = createEngineMetrics();
  const load = await chooseCredentials(configuration.kubeconfig, process.env);
  const engine = startEngine(configuration, load, log, metrics, await parent.started, parent.tell);
  parent.onScrape(async () => {
    for (const { resource, ageMs } of engine.watchAges()) metrics.setWatchAge(resource, ageMs);
    await parent.tell({ type: 'metrics', text: await metrics.registry.metrics() });
  });
  let election: Election | undefined;
  // A terminal sends its signal to us as well as to our parent: that is no second one.
  const drain = once(async () => {
    await engine.stop();
    await election?.stop();
    await engine.transport.close();
    process.exit(0);
  });
  parent.onStop(drain);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, drain);
  if (!(await engine.whenSynced).every(Boolean)) return;
  await parent.tell({ type: 'synced' });
  log.info({ namespaces: configuration.namespaces ?? [configuration.ownNamespace] }, 'following runs');
  const begin = () => {
    metrics.setLeader(true);
    void engine.start();
  };
  if (configuration.electsLeader) election = stand(configuration, engine.transport, log, process, begin);
  else begin();
}

/** It only saves work: two engines at once do nothing twice, since names and conditional writes keep them apart. */
function stand(
  { ownNamespace }: ReconcileConfiguration,
  transport: Transport,
  log: Logger,
  process: NodeJS.Process,
  onElected: () => void,
): Election {
  return startElection({
    client: createKubeClient({ transport, timing, lane: 'lease', deadlineMs: LEASE_DEADLINE_MS }),
    namespace: ownNamespace,
    name: FIELD_MANAGER,
    identity: `${hostname()}_${randomUUID()}`,
    timing,
    now: () => new Date(),
    log,
    onElected,
    onLost: () => process.exit(EXIT.leaseLost),
  });
}

/** The channel to the supervisor. Without it there is nothing to live for. */
function connectParent(process: NodeJS.Process) {
  const started = Promise.withResolvers<Extract<ToEngine, { type: 'start' }>>();
  let scrape: () => Promise<void> = async () => {};
  let stop: () => void = () => process.exit(0);
  // The callback comes when the message is in the kernel's hands, or the channel is closed.
  const tell = (message: FromEngine) => new Promise<void>((resolve) => process.send?.(message, () => resolve()));
  process.on('disconnect', () => process.exit(EXIT.fault));
  process.on('message', (message) => {
    const told = message as ToEngine;
    if (told.type === 'start') started.resolve(told);
    else if (told.type === 'scrape') void scrape();
    else stop();
  });
  setInterval(() => void tell({ type: 'beat' }), BEAT_MS);
  return {
    started: started.promise,
    tell,
    onScrape: (answer: () => Promise<void>) => {
      scrape = answer;
    },
    onStop: (drain: () => void) => {
      stop = drain;
    },
  };
}

function once(action: () => Promise<unknown>): () => void {
  let isCalled = false;
  return () => {
    if (!isCalled) void action();
    isCalled = true;
  };
}

/** Time that goes on evenly while the process lives: a wall clock that is set moves no deadline. */
function steadyClock(): () => number {
  const bootMs = Date.now() - performance.now();
  return () => bootMs + performance.now();
}

const timing = createTiming(() => performance.now());

function startEngine(
  configuration: ReconcileConfiguration,
  load: LoadCredentials,
  log: Logger,
  metrics: EngineMetrics,
  { suspects, quarantined }: Pick<Extract<ToEngine, { type: 'start' }>, 'suspects' | 'quarantined'>,
  tell: (message: FromEngine) => Promise<void>,
) {
  const now = steadyClock();
  const hash = (text: string) => base32(createHash('sha256').update(text).digest());
  const resources = configuration.executesToolRuns ? [...FOLLOWED, ...TOOL_RUN_RESOURCES] : FOLLOWED;
  const transport = createTransport({
    load,
    timing,
    log,
    watches: resources.length * (configuration.namespaces?.length ?? 1),
    onSockets: (open) => metrics.setSockets(open),
  });
  const client = createKubeClient({ transport, timing, observer: metrics.client });
  const { namespaces = [configuration.ownNamespace], missingOrchestrationSeconds, workers } = configuration;
  const reactions = createReactions();
  const followed = followCluster({
    client,
    resources,
    namespaces: namespaces.includes('*') ? undefined : namespaces,
    fieldManager: FIELD_MANAGER,
    onChange: (object) => {
      reactions.see(object as KubeObject, timing.now());
      for (const key of affectedRuns(object as KubeObject, () => followed.values('OrchestrationRun'))) runs.add(key);
      for (const key of affectedToolRuns(object, () => followed.values('ToolRun'))) toolRuns?.add(key);
      if (object.kind === 'Orchestration') orchestrations.add(`${object.metadata.namespace}/${object.metadata.name}`);
    },
    timing,
    log,
    observer: metrics.reflector,
  });
  const onError = (key: string, error: unknown) => log.warn({ key, error }, 'will look again');
  const record = countContested(createRecorder(client, log, hash), metrics);
  const tracker = createWorkTracker({
    suspects,
    quarantined,
    versionOf: (kind, key) => versionOf(findWork(followed, kind, key)),
    announce: (kind, key) => announceFault(followed, record, kind, key, new Date(now()).toISOString()),
    tell,
    nextTurn: () => setImmediate(),
    onError,
  });
  const engine = createEngine({
    cluster: measure(connect(followed, record), reactions, metrics),
    hash,
    now,
    nameChild: nameChild(hash),
    missingOrchestrationSeconds,
  });
  const runs = createQueue({
    workers,
    process: tracker.guard('OrchestrationRun', async (key) => {
      const outcome = await engine.reconcile(key);
      reactions.settle(key, outcome === 'done' ? Infinity : outcome === 'retry' ? 0 : outcome.afterMs);
      return outcome;
    }),
    onError,
    timing,
    observer: metrics.observeQueue('OrchestrationRun'),
  });
  const orchestrations = createQueue({
    workers: 2,
    process: tracker.guard('Orchestration', (key) =>
      writeOrchestrationStatus(followed, key, new Date(now()).toISOString()),
    ),
    onError,
    timing,
    observer: metrics.observeQueue('Orchestration'),
  });
  const toolRuns = configuration.executesToolRuns
    ? createToolRunQueue({
        followed,
        emitEvent: (toolRun, ...event) => record(toolRun.metadata, 'ToolRun', ...event),
        now,
        timing,
        workers,
        onError,
        observer: metrics.observeQueue('ToolRun'),
        guard: (process) => tracker.guard('ToolRun', process),
        nameChild: ({ name, uid }, ...parts) => nameFrom(hash, name, [uid, ...parts]),
        ownServiceAccount: { namespace: configuration.ownNamespace, name: configuration.ownServiceAccount },
        allowedServiceAccounts: configuration.allowedServiceAccounts,
        securityContext: configuration.toolSecurityContext,
        containerSecurityContext: configuration.toolContainerSecurityContext,
        missingToolSeconds: missingOrchestrationSeconds,
      })
    : undefined;
  const queues = new Map<string, Queue>([
    ['OrchestrationRun', runs],
    ['Orchestration', orchestrations],
    ...(toolRuns ? ([['ToolRun', toolRuns]] as const) : []),
  ]);
  let isStopping = false;
  return {
    transport,
    whenSynced: followed.whenSynced(['OrchestrationRun', 'Orchestration']),
    watchAges: () => followed.ages(),
    async start() {
      await tracker.probe(() => isStopping);
      // What is gone is not heard of, and its quarantine ends only with a look.
      for (const { kind, key } of quarantined) queues.get(kind)?.add(key);
      for (const queue of queues.values()) queue.start();
    },
    stop: async () => {
      isStopping = true;
      await Promise.all([...queues.values()].map((queue) => queue.stop()));
      await followed.stop();
    },
  };
}

/** What is worked on, by kind. */
const WORKED_ON: Readonly<Record<string, Resource>> = {
  OrchestrationRun: RUNS,
  ToolRun: TOOL_RUNS,
  Orchestration: ORCHESTRATIONS,
};

function findWork(followed: FollowedCluster, kind: string, key: string) {
  const worked = WORKED_ON[kind];
  return worked && followed.getObject(apiVersionOf(worked), kind, key);
}

/** Says on an object that it is quarantined: once, even if many engines come upon it. */
async function announceFault(
  followed: FollowedCluster,
  record: RecordEvent,
  kind: string,
  key: string,
  now: string,
): Promise<void> {
  const object = findWork(followed, kind, key);
  const worked = WORKED_ON[kind];
  const conditions = object && withEngineFault(object as KubeObject, now);
  if (object === undefined || worked === undefined || conditions === undefined) return;
  const { namespace, name, uid, resourceVersion = '' } = object.metadata;
  // Another controller's status is not ours to write; on its own the event has to do.
  if (!followed.statusWriters(object).isForeign) {
    const version = { namespace, name, uid, resourceVersion };
    const { outcome } = await followed.patchStatus(worked, version, { conditions }, `${key}#${ENGINE_FAULT}`);
    if (outcome === 'Outdated')
      throw new Error(`${kind} ${key} has just been changed: its quarantine is yet to be said`);
  }
  await record(object.metadata, kind, 'Warning', ENGINE_FAULT, ENGINE_FAULT_MESSAGE);
}

/** The same cluster, with what is done to it counted. */
function measure(cluster: Cluster, reactions: Reactions, metrics: EngineMetrics): Cluster {
  return {
    ...cluster,
    async create(object, forRun) {
      const written = await cluster.create(object, forRun);
      const isChild = object['kind'] !== REVISIONS.kind;
      const reactionMs = isChild && written.outcome === 'Done' ? reactions.create(forRun, timing.now()) : undefined;
      if (reactionMs !== undefined) metrics.observeReaction(reactionMs);
      return written;
    },
    async patchRunStatus(run, status) {
      const written = await cluster.patchRunStatus(run, status);
      const { phase } = status;
      const hasEnded = phase === 'Succeeded' || phase === 'Failed' || phase === 'Cancelled';
      if (hasEnded && phase !== run.status.phase && written.outcome === 'Done') metrics.countEnded(phase);
      return written;
    },
  };
}

function countContested(record: RecordEvent, metrics: EngineMetrics): RecordEvent {
  return (about, kind, type, reason, message) => {
    if (reason === 'StatusContested') metrics.countContested(kind);
    return record(about, kind, type, reason, message);
  };
}

async function writeOrchestrationStatus(
  followed: FollowedCluster,
  key: string,
  now: string,
): Promise<'done' | 'retry'> {
  const object = followed.getObject(API_VERSION, 'Orchestration', key);
  const writers = object && followed.statusWriters(object);
  if (object === undefined || writers?.isForeign) return 'done';
  const status = planOrchestration(object as KubeObject, defaultPolicy, now);
  if (status === undefined) return 'done';
  const { namespace, name, uid, resourceVersion = '' } = object.metadata;
  const { outcome } = await followed.patchStatus(
    ORCHESTRATIONS,
    { namespace, name, uid, resourceVersion },
    status,
    `${key}#Orchestration`,
  );
  return outcome === 'Outdated' ? 'retry' : 'done';
}

/** The reconciler's port to the cluster. */
function connect(followed: FollowedCluster, record: RecordEvent): Cluster {
  return {
    getRun: (key) => followed.getObject(API_VERSION, 'OrchestrationRun', key),
    getOrchestration: (namespace, name) => followed.getObject(API_VERSION, 'Orchestration', `${namespace}/${name}`),
    getObject: followed.getObject,
    listObjects: (...kind) => followed.listObjects(...kind),
    statusWriters: followed.statusWriters,
    hasSeenOwnWrites: followed.hasSeenOwnWrites,
    readObject: followed.readObject,
    readSnapshot: (namespace, name) => followed.read(REVISIONS, namespace, name),
    create: (object, forRun) =>
      followed.create(object['kind'] === REVISIONS.kind ? REVISIONS : undefined, object, forRun),
    patchRunStatus: ({ namespace, name, uid, resourceVersion }, status) =>
      followed.patchStatus(RUNS, { namespace, name, uid, resourceVersion }, status, `${namespace}/${name}`),
    setChildTtl: (apiVersion, kind, namespace, name, uid, seconds) =>
      followed.patchSpec(apiVersion, kind, { namespace, name, uid }, { ttlSecondsAfterFinished: seconds }),
    delete: (apiVersion, kind, namespace, name, uid) => followed.delete(apiVersion, kind, { namespace, name, uid }),
    emitEvent: (run, ...event) => record(run, 'OrchestrationRun', ...event),
  };
}

type RecordEvent = (
  about: { readonly namespace: string; readonly name: string; readonly uid: string },
  kind: string,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
) => Promise<void>;

/** An event is a courtesy: nothing waits for it, and one that is lost is only logged. */
function createRecorder(client: KubeClient, log: Logger, hash: (text: string) => string): RecordEvent {
  return async ({ namespace, name, uid }, kind, type, reason, message) => {
    const time = new Date().toISOString();
    const apiVersion = kind === TOOL_RUNS.kind ? apiVersionOf(TOOL_RUNS) : API_VERSION;
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { namespace, name: nameFrom(hash, name, [uid, reason, time]) },
      involvedObject: { apiVersion, kind, namespace, name, uid },
      type,
      reason,
      message,
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
      source: { component: FIELD_MANAGER },
      reportingComponent: FIELD_MANAGER,
    };
    await client.create(EVENTS, event).catch((error: unknown) => log.warn({ error, reason }, 'event not recorded'));
  };
}

/** RFC 4648 in lower case, as names are: five bits a letter. */
function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const letters = 'abcdefghijklmnopqrstuvwxyz234567';
  return (bits.match(/.{5}/g) ?? []).map((five) => letters[Number.parseInt(five, 2)]).join('');
}
