import { createHash, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import type { ReconcileConfiguration } from '../cli/commands/reconcile.ts';
import { chooseCredentials } from '../kube/choose-credentials.ts';
import { createKubeClient } from '../kube/client.ts';
import { followCluster } from '../kube/cluster.ts';
import type { LoadCredentials } from '../kube/credentials.ts';
import { type Election, startElection } from '../kube/lease.ts';
import { createTiming } from '../kube/ports.ts';
import type { Outcome, Queue } from '../kube/queue.ts';
import { apiVersionOf, type Resource, type KubeObject as StoredObject } from '../kube/resources.ts';
import { createServerClock } from '../kube/server-clock.ts';
import { createTransport, type Transport } from '../kube/transport.ts';
import { defaultPolicy, type Policy } from '../orchestration/judge.ts';
import { FIELD_MANAGER } from '../orchestration/run-status.ts';
import { parseSettings } from '../orchestration/settings.ts';
import { versionOf } from '../reconciler/engine-fault.ts';
import { keepObject } from '../reconciler/kept.ts';
import { createOrchestrationQueue, createRunQueue, ORCHESTRATIONS, RUNS, STEP_RESOURCES } from '../reconciler/main.ts';
import { base32, nameChild, nameFrom } from '../reconciler/names.ts';
import { createRivals, RIVAL } from '../reconciler/rivals.ts';
import type { KubeObject } from '../reconciler/snapshot.ts';
import { topicsOf } from '../reconciler/topics.ts';
import { watchDirectory } from '../runtime/directory-watch.ts';
import { createLogger, type Logger } from '../runtime/log.ts';
import { createEngineMetrics, type EngineMetrics, type WorkKind } from '../runtime/reconcile-metrics.ts';
import { EXIT } from '../supervisor/messages.ts';
import { createWorkTracker } from '../supervisor/work.ts';
import { keepForJobs } from '../toolrun/kept.ts';
import { createToolRunQueue, TOOL_RUN_RESOURCES, TOOL_RUNS } from '../toolrun/main.ts';
import { createRecorder, type RecordEvent } from './events.ts';
import { connectParent, type Parent } from './parent.ts';
import { announceQuarantine } from './quarantine.ts';

/** Half of the 10 s after which a leader that could not renew gives up. */
const LEASE_DEADLINE_MS = 5_000;

/** What is worked on, by kind. */
const WORKED_ON: Readonly<Record<string, Resource>> = {
  [RUNS.kind]: RUNS,
  [ORCHESTRATIONS.kind]: ORCHESTRATIONS,
  [TOOL_RUNS.kind]: TOOL_RUNS,
};

/** More than two machines of one cluster should differ by. */
const NOTABLE_SKEW_SECONDS = 60;

/** What is listed, or could not be, before anything is worked on. */
const GATHERED = [RUNS.kind, ORCHESTRATIONS.kind];

const timing = createTiming(() => performance.now());

/**
 * `orchestration-gate engine`: executes runs, as a child of `reconcile`, which alone starts it. Wiring only; it ends when it
 * is told to, by a signal, and at once when it is no longer leader, at an exception that nobody caught, or without its parent.
 */
export async function runEngine(configuration: ReconcileConfiguration, process: NodeJS.Process): Promise<void> {
  if (process.send === undefined) {
    process.stderr.write('orchestration-gate: engine is no command for people; run `orchestration-gate reconcile`\n');
    return process.exit(2);
  }
  const log = createLogger({ level: configuration.logLevel });
  process.on('uncaughtException', (error, origin) => {
    log.fatal({ error, origin }, 'the engine ends: nobody caught this');
    process.exit(EXIT.fault);
  });
  const parent = connectParent(process);
  const metrics = createEngineMetrics();
  metrics.setHeapLimit(getHeapStatistics().heap_size_limit);
  const load = await chooseCredentials(configuration.kubeconfig, process.env);
  const started = await parent.started;
  const settings = followSettings(configuration, log, () => engine.judgeAgain());
  const engine = startEngine({ configuration, load, log, metrics, parent, started, policy: settings.policy });
  let election: Election | undefined;
  // A terminal sends its signal to us as well as to our parent: that is no second one.
  const stop = once(async () => {
    await engine.stop();
    await election?.stop();
    await engine.transport.close();
    process.exit(0);
  });
  const scrape = async () => {
    for (const { resource, ageMs } of engine.watchAges()) metrics.setWatchAge(resource, ageMs);
    for (const [kind, queue] of engine.queues) metrics.setOverdue(kind, queue.overdueMs());
    await parent.tell({ type: 'metrics', text: await metrics.registry.metrics() });
  };
  parent.attend({ scrape, stop });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop);
  await settings.whenRead;
  // A namespace that cannot be listed concerns its own runs: those of the others do not wait for it.
  if (!(await engine.whenTried).every(Boolean)) return;
  await engine.tellListed();
  const aheadSeconds = Math.round((Date.now() - engine.now()) / 1_000);
  if (Math.abs(aheadSeconds) > NOTABLE_SKEW_SECONDS)
    log.warn({ aheadSeconds }, "this machine's clock is not the API server's: runs go by the latter");
  log.info({ namespaces: configuration.namespaces }, 'following runs');
  const begin = () => {
    metrics.setLeader(true);
    void engine.start();
  };
  if (configuration.electsLeader) election = stand(configuration, engine, log, process, begin);
  else begin();
}

/**
 * Follows the settings of the gate, of which the policy concerns stored objects too; mode and override are about admission.
 * Until the first can be read nothing is judged, and the engine does not become ready; a later mistake changes nothing.
 */
function followSettings({ settingsDir: folder }: ReconcileConfiguration, log: Logger, onChange: () => void) {
  let policy = defaultPolicy;
  if (folder === undefined) return { policy: () => policy, whenRead: Promise.resolve() };
  const read = Promise.withResolvers<void>();
  void watchDirectory(folder, {
    onChange: (files) => {
      const parsed = parseSettings(files);
      if (!parsed.ok) return log.error({ folder, mistakes: parsed.mistakes }, 'settings refused');
      ({ policy } = parsed.value);
      log.info({ folder }, 'settings read');
      read.resolve();
      return onChange();
    },
    onError: (error) => log.error({ error, folder }, 'cannot read settings'),
  });
  return { policy: () => policy, whenRead: read.promise };
}

/** It only saves work: two engines at once do nothing twice, since names and conditional writes keep them apart. */
function stand(
  { ownNamespace }: ReconcileConfiguration,
  { transport, now }: { readonly transport: Transport; readonly now: () => number },
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
    now: () => new Date(now()),
    log,
    onElected,
    onLost: () => process.exit(EXIT.leaseLost),
  });
}

function once(action: () => Promise<unknown>): () => void {
  let isCalled = false;
  return () => {
    if (!isCalled) void action();
    isCalled = true;
  };
}

interface EngineOptions {
  readonly configuration: ReconcileConfiguration;
  readonly load: LoadCredentials;
  readonly log: Logger;
  readonly metrics: EngineMetrics;
  readonly parent: Pick<Parent, 'tell'>;
  readonly started: Awaited<Parent['started']>;
  readonly policy: () => Policy;
}

function startEngine({ configuration, load, log, metrics, parent, started, policy }: EngineOptions) {
  const { namespaces, missingOrchestrationSeconds, workers } = configuration;
  const resources = [RUNS, ORCHESTRATIONS, TOOL_RUNS, ...STEP_RESOURCES];
  if (configuration.executesToolRuns) resources.push(...TOOL_RUN_RESOURCES);
  const clock = createServerClock(timing.now, Date.now());
  const transport = createTransport({
    load,
    timing,
    log,
    watches: resources.length * namespaces.length,
    onSockets: (open) => metrics.setSockets(open),
    onDate: clock.hear,
  });
  const client = createKubeClient({ transport, timing, observer: metrics.client });
  const rivals = createRivals(clock.now);
  const keep = (object: KubeObject) =>
    (configuration.executesToolRuns ? keepForJobs(object) : undefined) ?? keepObject(object);
  const followed = followCluster({
    client,
    resources,
    namespaces: namespaces.includes('*') ? undefined : namespaces,
    fieldManager: FIELD_MANAGER,
    rival: RIVAL,
    onListed: (kind) => {
      rivals.begin();
      runs.seeList(kind);
      void reportLacking();
    },
    keep: (object) => keep(object as KubeObject) as StoredObject,
    topicsOf: (object) => topicsOf(object as KubeObject),
    pause: () => tracker.probing(),
    onChange: (object) => {
      const writtenMs = followed.rivalWroteMs(object);
      if (writtenMs !== undefined) rivals.see(object.metadata.namespace ?? '', writtenMs);
      runs.see(object as KubeObject);
      toolRuns?.see(object);
      orchestrations.see(object as KubeObject);
    },
    timing,
    log,
    observer: {
      ...metrics.reflector,
      countFailure: (...failure) => {
        metrics.reflector.countFailure(...failure);
        void reportLacking();
      },
    },
  });
  /** What the supervisor was told last; nothing before work begins. */
  let told: string | undefined;
  function reportLacking(isFirst = false): Promise<void> {
    const lacking = followed.unlisted(GATHERED);
    const isNews = told === undefined ? isFirst : told !== lacking.join();
    if (!isNews) return Promise.resolve();
    told = lacking.join();
    return parent.tell({ type: 'listed', lacking });
  }
  const { now } = clock;
  const hash = (text: string) => base32(createHash('sha256').update(text).digest());
  const record = countContested(
    createRecorder({ client, component: FIELD_MANAGER, hash, now: () => new Date(now()), log }),
    metrics,
  );
  const onError = (key: string, error: unknown) => log.warn({ key, error }, 'will look again');
  const find = (kind: string, key: string) => {
    const resource = WORKED_ON[kind];
    return resource && { resource, object: followed.getObject(apiVersionOf(resource), kind, key) };
  };
  const tracker = createWorkTracker({
    ...started,
    versionOf: (kind, key) => versionOf(find(kind, key)?.object),
    announce: async (kind, key) => {
      const { resource, object } = find(kind, key) ?? {};
      if (resource && object)
        await announceQuarantine({ followed, record }, resource, object, new Date(now()).toISOString());
    },
    tell: parent.tell,
    nextTurn: () => setImmediate(),
    onError,
  });
  const queueOf = (kind: WorkKind) => ({
    followed,
    rivals,
    now,
    timing,
    onError,
    observer: metrics.observeQueue(kind),
    guard: (process: (key: string) => Promise<Outcome>) => tracker.guard(kind, process),
  });
  const runs = createRunQueue({
    ...queueOf('OrchestrationRun'),
    workers,
    emitEvent: (run, ...event) => record(RUNS, run, ...event),
    runObserver: metrics,
    hash,
    nameChild: nameChild(hash),
    missingOrchestrationSeconds,
    policy,
  });
  const orchestrations = createOrchestrationQueue({
    ...queueOf('Orchestration'),
    policy,
    historyLimit: configuration.historyLimit,
  });
  const toolRuns = configuration.executesToolRuns
    ? createToolRunQueue({
        ...queueOf('ToolRun'),
        workers,
        emitEvent: (toolRun, ...event) => record(TOOL_RUNS, toolRun.metadata, ...event),
        nameChild: ({ name, uid }, ...parts) => nameFrom(hash, name, [uid, ...parts]),
        ownServiceAccount: { namespace: configuration.ownNamespace, name: configuration.ownServiceAccount },
        allowedServiceAccounts: configuration.allowedServiceAccounts,
        securityContext: configuration.toolSecurityContext,
        containerSecurityContext: configuration.toolContainerSecurityContext,
        missingToolSeconds: missingOrchestrationSeconds,
      })
    : undefined;
  const queues = new Map<WorkKind, Queue>([
    ['OrchestrationRun', runs],
    ['Orchestration', orchestrations],
  ]);
  if (toolRuns) queues.set('ToolRun', toolRuns);
  let isStopping = false;
  return {
    transport,
    now,
    whenTried: followed.whenTried(GATHERED),
    watchAges: () => followed.ages(),
    queues,
    /** The policy is another: what it says of each Orchestration may be too. */
    judgeAgain() {
      for (const { metadata } of followed.values(ORCHESTRATIONS.kind))
        orchestrations.add(`${metadata.namespace}/${metadata.name}`);
    },
    /** From now on the supervisor hears what cannot be listed. */
    tellListed: () => reportLacking(true),
    async start() {
      // Without the list of a kind a look may end early, and a suspect that it has not tried would be cleared.
      if (started.suspects.length > 0) await followed.whenTried(resources.map(({ kind }) => kind));
      await tracker.probe(() => isStopping);
      // What is gone is not heard of, and its quarantine ends only with a look.
      for (const { kind, key } of started.quarantined) queues.get(kind as WorkKind)?.add(key);
      for (const queue of queues.values()) queue.start();
    },
    stop: async () => {
      isStopping = true;
      await Promise.all([...queues.values()].map((queue) => queue.stop()));
      await followed.stop();
    },
  };
}

function countContested(record: RecordEvent, metrics: EngineMetrics): RecordEvent {
  return (resource, object, type, reason, message) => {
    if (reason === 'StatusContested') metrics.countContested(resource.kind);
    return record(resource, object, type, reason, message);
  };
}
