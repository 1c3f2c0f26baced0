import { randomBytes, randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { KubeObject } from '../../src/objects/object.ts';
import { BUCKETS, bucketLabel } from '../../src/orchestration/buckets.ts';
import type { Orchestration } from '../../src/orchestration/decode.ts';
import { isRunFinal } from '../../src/orchestration/run-status.ts';
import { API_VERSION } from '../../src/orchestration/schema.ts';
import { Finalizer } from '../../src/orchestration/vocabulary/metadata.ts';
import type { ControlPlane } from '../support/controlplane/controlplane.ts';
import { type FaultProxy, type ProxiedCall, startFaultProxy } from '../support/fault-proxy.ts';
import { connectKube, type ObservedClient } from '../support/kube.ts';
import { ORCHESTRATIONS, REVISIONS, RUNS, TOOL_RUNS } from '../support/model/engine.ts';
import { finalizersOf } from '../support/model/model.ts';
import { lendHands, type Outcome } from './hands.ts';
import { type Journal, keepJournal } from './journal.ts';
import { endOf, mixedEnd, mixedSteps, outcomeOf } from './mixed-run.ts';
import { type Replica, type ReplicaOptions, startReplica } from './replica.ts';
import { type Expectation, judge, statusOf, type Verdict } from './verdict.ts';

/** A namespace with an Orchestration, reconcilers behind a fault proxy, and an undisturbed journal of all that happens. */
export interface Arena {
  readonly namespace: string;
  readonly proxy: FaultProxy;
  /** Bypasses the proxy. */
  readonly client: ObservedClient;
  readonly journal: Journal;
  readonly replicas: readonly Replica[];
  readonly startReplica: (options?: Partial<ReplicaOptions>) => Promise<Replica>;
  /** Creates `count` runs of the Orchestration, one after the other; returns their names. */
  readonly createRuns: (count: number, prefix?: string) => Promise<string[]>;
  /** Creates a run under a name that was free or has become so. */
  readonly recreateRun: (name: string, annotations?: Readonly<Record<string, string>>) => Promise<void>;
  /** Waits until all runs are over and what has to be deleted is gone; false if that takes longer than `withinMs`. */
  readonly finish: (withinMs: number) => Promise<boolean>;
  /** Whether a run exists and is over. */
  readonly hasEnded: (run: string) => boolean;
  /** Waits until it is so; false if that takes longer than `withinMs`, or two minutes more while buckets move. */
  readonly until: (isSo: () => boolean, withinMs: number) => Promise<boolean>;
  /** The name of the run that a call writes for, if it is one that changes something. */
  readonly runOf: (call: ProxiedCall) => string | undefined;
  readonly verdict: () => Promise<Verdict>;
  readonly stop: () => Promise<void>;
}

export interface ArenaOptions {
  readonly steps?: Orchestration['steps'];
  readonly policies?: Orchestration['policies'];
  readonly outcomeOf?: Outcome;
  /** The parameters of a run, by its name. */
  readonly parametersOf?: (run: string) => Readonly<Record<string, string>>;
  readonly expect?: Expectation;
  /** How long a child takes; 20 ms to 60 ms, so that runs which start together do not stay together. */
  readonly delayMs?: () => number;
  readonly removes?: (child: KubeObject) => boolean;
  /** Starts those that carry out children in place of the hands; `outcomeOf` then counts for nothing. */
  readonly startPlayers?: (namespace: string) => Promise<readonly { readonly stop: () => Promise<unknown> }[]>;
  /** The kubeconfig that the reconcilers use, through the proxy; the administrator's unless given. */
  readonly kubeconfig?: string;
  /** Whether runs get a bucket when they are created, as the gate gives them one. */
  readonly isLabelled?: boolean;
  /** Makes the buckets of the replicas move from now on. Replicas then share the runs, unless they are told otherwise. */
  readonly moveBuckets?: (arena: Pick<Arena, 'client' | 'namespace'>) => { readonly stop: () => Promise<unknown> };
}

/** How much longer all waits may take while buckets move: the share of a killed member waits for 15 s, more than once. */
const MOVING_MS = 120_000;

const ORCHESTRATION = 'mixed';

/** Every step ended as it must, and each attempt has its child. */
export const endsMixed: Expectation = (status, children) => {
  const ended = endOf(status);
  const complaints = ended.filter((line, index) => line !== mixedEnd[index]);
  const wanted = mixedEnd.reduce(
    (sum, line) => sum + (/^(approve|signal|mark) /.test(line) ? 0 : Number(line.at(-1))),
    0,
  );
  return [
    ...(ended.length === mixedEnd.length ? [] : [`has ${ended.length} steps`]),
    ...complaints.map((line) => `ended ${line}`),
    ...(children.length === wanted ? [] : [`${children.length} children, and not ${wanted}`]),
  ];
};

/** The limit for each process, as in docs/reference/metrics.md. */
const MOST_SOCKETS = 40;

/** How long a deletion that has begun may take. */
const SETTLING_MS = 30_000;

/** Whether a process logs something that nobody foresaw. */
function isBrokenPromise(line: string): boolean {
  return /because of an uncaught exception|unhandled|"cause":"(fault|memory|exit)"/i.test(line);
}

/** Makes an arena without reconcilers. Needs a control plane with the agents chart's CRDs. */
export async function openArena(plane: ControlPlane, options: ArenaOptions = {}): Promise<Arena> {
  const { steps = [...mixedSteps], policies = {}, expect = endsMixed } = options;
  const namespace = `faults-${randomBytes(4).toString('hex')}`;
  const client = connectKube(plane.kubeconfig);
  const namespaces = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false };
  await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const proxy = await startFaultProxy(plane);
  const journal = await keepJournal(client, namespace);
  const replicas: Replica[] = [];
  /** Uids of the runs that were created here. */
  const made = new Set<string | undefined>();
  let isStopped = false;
  const players = [...((await options.startPlayers?.(namespace)) ?? [])];
  if (options.startPlayers === undefined)
    lendHands({
      client,
      journal,
      namespace,
      outcomeOf: options.outcomeOf ?? outcomeOf,
      delayMs: options.delayMs ?? (() => 20 + Math.random() * 40),
      ...(options.removes && { removes: options.removes }),
    });
  const { moveBuckets, isLabelled = moveBuckets !== undefined } = options;
  const create = (resource: typeof RUNS, name: string, spec: object, annotations = {}) => {
    const labels = isLabelled && resource === RUNS ? bucketLabel(randomInt(BUCKETS)) : {};
    const metadata = { name, namespace, labels, annotations };
    return client.create(resource, { apiVersion: API_VERSION, kind: resource.kind, metadata, spec });
  };
  await create(ORCHESTRATIONS, ORCHESTRATION, { steps, policies });

  async function createRun(name: string, annotations: Readonly<Record<string, string>> = {}): Promise<void> {
    const parameters = options.parametersOf?.(name);
    const spec = { orchestrationRef: { name: ORCHESTRATION }, ...(parameters && { parameters }) };
    const run = await create(RUNS, name, spec, annotations);
    made.add(run.metadata.uid);
  }

  async function until(isSo: () => boolean, withinMs: number): Promise<boolean> {
    const deadline = performance.now() + withinMs + (moveBuckets ? MOVING_MS : 0);
    while (!isSo()) {
      if (performance.now() > deadline) return false;
      await delay(20);
    }
    return true;
  }

  const isKnown = (uid: string | undefined) =>
    journal.entries.some(({ type, object }) => type === 'ADDED' && object.metadata.uid === uid);

  /** Children that are being deleted or should be, or that we hold. */
  function listLeft(): KubeObject[] {
    const timedOut = (run: KubeObject) =>
      statusOf(run).stepStatuses.flatMap(({ reason, phase, resourceRef }) =>
        reason === 'StepTimedOut' || phase === 'Cancelled' ? (resourceRef?.uid ?? []) : [],
      );
    const unwanted = journal.current(RUNS.kind).flatMap(timedOut);
    const children = [TOOL_RUNS.kind, 'AgentRun'].flatMap((kind) => journal.current(kind));
    return children.filter(
      (child) =>
        child.metadata.deletionTimestamp !== undefined ||
        finalizersOf(child).includes(Finalizer.Outcome) ||
        (unwanted.includes(child.metadata.uid ?? '') && !isRunFinal(statusOf(child))),
    );
  }

  const isSettled = () =>
    journal.current(RUNS.kind).every((run) => isRunFinal(statusOf(run))) && listLeft().length === 0;

  function runOf({ number, resource, name, body }: ProxiedCall): string | undefined {
    if (number === null || resource === 'events' || resource === 'leases') return undefined;
    const { metadata } = (body ?? {}) as Partial<KubeObject>;
    const owner = metadata?.ownerReferences?.find(({ kind }) => kind === RUNS.kind);
    if (owner !== undefined) return owner.name;
    if (resource === RUNS.plural) return name;
    const child = journal.entries.find(({ object }) => object.metadata.name === name);
    return child?.object.metadata.ownerReferences?.[0]?.name;
  }

  async function verdict(): Promise<Verdict> {
    const logs = (await Promise.all(replicas.map((replica) => replica.readLog()))).flatMap((log) => log.split('\n'));
    const starts = replicas.reduce((sum, replica) => sum + replica.starts() - 1, 0);
    const crashes = starts + logs.filter((line) => line.includes('engine ended, starting another')).length;
    const found = judge(journal.entries, { expect, steps, orchestration: ORCHESTRATION, crashes });
    const audited = await readCreates(plane.auditLog, namespace);
    for (const [what, times] of audited)
      if (times > 1) found.duplicates.push(`the API server answered ${times} creates of ${what} with 201`);
    found.other.push(...logs.filter(isBrokenPromise).map((line) => line.slice(0, 300)));
    const sockets = proxy.connections.peak;
    if (sockets > MOST_SOCKETS * replicas.length) found.other.push(`${sockets} connections at a time`);
    // A deletion may just have begun. Everything else is judged as it was before this wait.
    await until(() => listLeft().length === 0, SETTLING_MS);
    for (const child of listLeft())
      found.unfinished.push(`${child.kind} ${child.metadata.name} is left, held by [${finalizersOf(child)}]`);
    return found;
  }

  return {
    namespace,
    proxy,
    client,
    journal,
    replicas,
    async startReplica(more = {}) {
      const kubeconfig = more.kubeconfig ?? (await proxy.kubeconfig(options.kubeconfig));
      if (moveBuckets && replicas.length === 0) players.push(moveBuckets({ client, namespace }));
      const sharing = moveBuckets && { flags: ['--leader-elect=true'] };
      const replica = await startReplica({ kubeconfig, namespace, ...sharing, ...more });
      replicas.push(replica);
      return replica;
    },
    async createRuns(count, prefix = 'run') {
      const names = Array.from({ length: count }, (_, index) => `${prefix}-${index + 1}`);
      for (const name of names) await createRun(name);
      return names;
    },
    recreateRun: createRun,
    finish: (withinMs) => until(() => [...made].every(isKnown) && isSettled(), withinMs),
    hasEnded: (name) =>
      journal.current(RUNS.kind).some((run) => run.metadata.name === name && isRunFinal(statusOf(run))),
    until,
    runOf,
    verdict,
    async stop() {
      if (isStopped) return;
      isStopped = true;
      await Promise.all([...replicas, ...players].map((one) => one.stop()));
      proxy.follow(undefined);
      await journal.stop();
      await proxy.stop();
      await client.close();
    },
  };
}

/** How often the API server answered a create of an object of ours with 201, by kind and name; from its audit log. */
async function readCreates(auditLog: string, namespace: string): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  const plurals = [TOOL_RUNS.plural, 'agentruns', 'jobs', REVISIONS.plural];
  for (const line of (await readFile(auditLog, 'utf8').catch(() => '')).split('\n')) {
    if (!line.includes(namespace) || !line.includes('"verb":"create"') || line.includes('dryRun=All')) continue;
    const { objectRef, responseStatus } = JSON.parse(line) as {
      objectRef?: { resource?: string; namespace?: string; name?: string };
      responseStatus?: { code?: number };
    };
    if (objectRef?.namespace !== namespace || !plurals.includes(objectRef.resource ?? '')) continue;
    const key = `${objectRef.resource}/${objectRef.name}`;
    if (responseStatus?.code === 201) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}
