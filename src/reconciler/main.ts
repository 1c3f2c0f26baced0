import { createHash, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import { suggestName } from '../dag/suggest.ts';
import { createKubeClient, type KubeClient } from '../kube/client.ts';
import { type FollowedCluster, followCluster } from '../kube/cluster.ts';
import { type LoadCredentials, loadInCluster } from '../kube/credentials.ts';
import { startElection } from '../kube/lease.ts';
import type { Timing } from '../kube/ports.ts';
import { createQueue } from '../kube/queue.ts';
import { apiVersionOf, type Resource } from '../kube/resources.ts';
import { createTransport } from '../kube/transport.ts';
import { defaultPolicy } from '../orchestration/judge.ts';
import { API_VERSION, GROUP, VERSION } from '../orchestration/schema.ts';
import { createLogger, type Logger } from '../runtime/log.ts';
import { createProcessMetrics } from '../runtime/metrics.ts';
import { type ReconcileConfiguration, readReconcileConfiguration } from '../runtime/reconcile-configuration.ts';
import { onShutdown } from '../runtime/shutdown.ts';
import { createSidePort } from '../runtime/side-port.ts';
import { affectedToolRuns, createToolRunQueue, TOOL_RUN_RESOURCES, TOOL_RUNS } from '../toolrun/main.ts';
import { affectedRuns } from './affected.ts';
import { createEngine } from './engine.ts';
import { nameChild, nameFrom } from './names.ts';
import { planOrchestration } from './orchestrations.ts';
import type { Cluster } from './ports.ts';
import type { KubeObject } from './snapshot.ts';

/** Half of the 10 s after which a leader that could not renew gives up. */
const LEASE_DEADLINE_MS = 5_000;

const FIELD_MANAGER = 'orchestration-gate-reconciler';

const resource = (group: string, version: string, kind: string, plural: string): Resource => ({
  group,
  version,
  kind,
  plural,
  namespaced: true,
});
const RUNS = resource(GROUP, VERSION, 'OrchestrationRun', 'orchestrationruns');
const ORCHESTRATIONS = resource(GROUP, VERSION, 'Orchestration', 'orchestrations');
const REVISIONS = resource('apps', 'v1', 'ControllerRevision', 'controllerrevisions');
const EVENTS = resource('', 'v1', 'Event', 'events');
const FOLLOWED = [
  RUNS,
  ORCHESTRATIONS,
  resource('agents.proompteng.ai', 'v1alpha1', 'AgentRun', 'agentruns'),
  TOOL_RUNS,
  resource('approvals.proompteng.ai', 'v1alpha1', 'ApprovalPolicy', 'approvalpolicies'),
  resource('signals.proompteng.ai', 'v1alpha1', 'SignalDelivery', 'signaldeliveries'),
];

/** `orchestration-gate reconcile`: runs OrchestrationRuns as a process. Wiring only; it ends by a signal. */
export async function reconcile(args: readonly string[], process: NodeJS.Process): Promise<void> {
  const suggest = (wanted: string, candidates: readonly string[]) => suggestName(wanted, candidates);
  const parsed = readReconcileConfiguration({ args, environment: process.env, suggest });
  if (!parsed.ok) {
    process.stderr.write(parsed.mistakes.map((mistake) => `orchestration-gate reconcile: ${mistake}\n`).join(''));
    process.exit(2);
  }
  const { configuration } = parsed;
  const log = createLogger({ level: configuration.logLevel });
  if (!configuration.isEnabled) {
    log.info('disabled: no run is executed and no status is written');
    onShutdown({ process, log, drain: async () => {} });
    setInterval(() => {}, 2 ** 30);
    return;
  }
  const load = await chooseCredentials(configuration, process.env);
  const engine = startEngine(configuration, load, log);
  let isSynced = false;
  const sidePort = createSidePort({
    isLive: () => true,
    unreadyReasons: () => (isSynced ? [] : ['the cluster has not been listed yet']),
    metrics: createProcessMetrics(),
    log,
  });
  sidePort.listen(configuration.sidePort, configuration.bindAddress);
  await engine.whenSynced;
  isSynced = true;
  const identity = `${hostname()}_${randomUUID()}`;
  // It only saves work: two engines at once do nothing twice, since names and conditional writes keep them apart.
  const election = configuration.electsLeader
    ? startElection({
        client: createKubeClient({ transport: engine.transport, timing, lane: 'lease', deadlineMs: LEASE_DEADLINE_MS }),
        namespace: configuration.ownNamespace,
        name: FIELD_MANAGER,
        identity,
        timing,
        now: () => new Date(),
        log,
        onElected: (epoch) => {
          log.info({ epoch, identity }, 'elected');
          engine.start();
        },
        onLost: (why) => {
          log.error({ why }, 'no longer leader');
          process.exit(1);
        },
      })
    : undefined;
  if (election === undefined) engine.start();
  onShutdown({
    process,
    log,
    drain: async () => {
      await engine.stop();
      await election?.stop();
      await engine.transport.close();
      sidePort.close();
    },
  });
  log.info({ namespaces: configuration.namespaces ?? [configuration.ownNamespace] }, 'following runs');
}

async function chooseCredentials(
  { kubeconfig }: ReconcileConfiguration,
  environment: NodeJS.ProcessEnv,
): Promise<LoadCredentials> {
  if (kubeconfig !== undefined) return (await import('../kube/kubeconfig.ts')).loadKubeconfig(kubeconfig);
  const { KUBERNETES_SERVICE_HOST: host = 'kubernetes.default.svc', KUBERNETES_SERVICE_PORT: port = '443' } =
    environment;
  return loadInCluster({ host, port });
}

/** Time that goes on evenly while the process lives: a wall clock that is set moves no deadline. */
function steadyClock(): () => number {
  const bootMs = Date.now() - performance.now();
  return () => bootMs + performance.now();
}

const timing: Timing = {
  now: () => performance.now(),
  random: Math.random,
  schedule: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

function startEngine(configuration: ReconcileConfiguration, load: LoadCredentials, log: Logger) {
  const now = steadyClock();
  const hash = (text: string) => base32(createHash('sha256').update(text).digest());
  const resources = configuration.executesToolRuns ? [...FOLLOWED, ...TOOL_RUN_RESOURCES] : FOLLOWED;
  const transport = createTransport({
    load,
    timing,
    log,
    watches: resources.length * (configuration.namespaces?.length ?? 1),
  });
  const client = createKubeClient({ transport, timing });
  const { namespaces = [configuration.ownNamespace], missingOrchestrationSeconds, workers } = configuration;
  const followed = followCluster({
    client,
    resources,
    namespaces: namespaces.includes('*') ? undefined : namespaces,
    fieldManager: FIELD_MANAGER,
    onChange: (object) => {
      for (const key of affectedRuns(object as KubeObject, () => followed.values('OrchestrationRun'))) runs.add(key);
      for (const key of affectedToolRuns(object, () => followed.values('ToolRun'))) toolRuns?.add(key);
      if (object.kind === 'Orchestration') orchestrations.add(`${object.metadata.namespace}/${object.metadata.name}`);
    },
    timing,
    log,
  });
  const onError = (key: string, error: unknown) => log.warn({ key, error }, 'will look again');
  const record = createRecorder(client, log, hash);
  const engine = createEngine({
    cluster: connect(followed, record),
    hash,
    now,
    nameChild: nameChild(hash),
    missingOrchestrationSeconds,
  });
  const runs = createQueue({ workers, process: engine.reconcile, onError, timing });
  const orchestrations = createQueue({
    workers: 2,
    process: (key) => writeOrchestrationStatus(followed, key, new Date(now()).toISOString()),
    onError,
    timing,
  });
  const toolRuns = configuration.executesToolRuns
    ? createToolRunQueue({
        followed,
        emitEvent: (toolRun, ...event) => record(toolRun.metadata, 'ToolRun', ...event),
        now,
        timing,
        workers,
        onError,
        nameChild: ({ name, uid }, ...parts) => nameFrom(hash, name, [uid, ...parts]),
        ownServiceAccount: { namespace: configuration.ownNamespace, name: configuration.ownServiceAccount },
        allowedServiceAccounts: configuration.allowedServiceAccounts,
        missingToolSeconds: missingOrchestrationSeconds,
      })
    : undefined;
  return {
    transport,
    whenSynced: followed.whenSynced(['OrchestrationRun', 'Orchestration']),
    start: () => {
      runs.start();
      toolRuns?.start();
      orchestrations.start();
    },
    stop: async () => {
      await Promise.all([runs.stop(), toolRuns?.stop(), orchestrations.stop()]);
      await followed.stop();
    },
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
