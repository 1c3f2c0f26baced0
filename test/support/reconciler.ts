import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { RunStatus } from '../../src/orchestration/run-status.ts';
import { startSupportingController } from './agents-chart/supporting-controller.ts';
import type { Cluster, ClusterAddress } from './controlplane/cluster.ts';
import { type Component, createComponent } from './controlplane/component.ts';
import { createGuardedFolder } from './controlplane/folder.ts';
import { findFreePorts, isAnswering } from './controlplane/network.ts';
import { sharedCluster, useNamespace } from './controlplane/suite.ts';
import { installCrds } from './gate.ts';
import { startInsistingHand, type WriteStatus } from './insisting-hand.ts';
import { readSeries } from './metrics-page.ts';
import { connectNamespace, type Kind, type NamespacedApi, type StoredObject, waitUntil } from './namespaced-api.ts';

const root = join(import.meta.dirname, '../..');
const SOURCES: readonly string[] = [process.execPath, join(root, 'src/main.ts')];
const RUN = 'agents.proompteng.ai/orchestration-run';
const STEP = 'agents.proompteng.ai/orchestration-step';
const childKinds = ['ToolRun', 'AgentRun', 'OrchestrationRun'] as const;

export interface ReconcilerOptions {
  readonly ownNamespace: string;
  /** The program, as the words that come before its verb. By default Node with the sources. */
  readonly program?: readonly string[];
  /** Added to its environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** More flags of `reconcile`. */
  readonly flags?: readonly string[];
  readonly electsLeader?: boolean;
  /** What a start waits for: by default that it is ready, else only that it answers. */
  readonly waitsFor?: 'answer';
}

export interface ReconciledOptions extends Omit<ReconcilerOptions, 'ownNamespace'> {
  /** Also starts the supporting controller of the agents chart, which runs wherever that chart is installed. */
  readonly isBesideChart?: boolean;
}

/** A reconciler of our own, as a process that starts from the sources. */
export interface Reconciler {
  /** The supervisor. Kills it, and starts it again. */
  readonly process: Component;
  /** For probes and metrics. */
  readonly sideUrl: string;
  /** The process that executes runs, as soon as there is another than this one. */
  readonly enginePid: (otherThan?: number) => Promise<number>;
  /** The value of a series, as `name{label="value"}`; undefined if there is none. */
  readonly readMetric: (series: string) => Promise<number | undefined>;
  /** Ends the process and removes its folder, as also happens when this process dies. */
  readonly stop: () => Promise<void>;
}

/** Starts a reconciler, and waits until it has listed the cluster: 1 s. Unless told otherwise it executes runs. */
export async function startReconciler(
  { kubeconfig }: Pick<ClusterAddress, 'kubeconfig'>,
  { ownNamespace, program = SOURCES, environment = {}, flags = [], electsLeader = false, waitsFor }: ReconcilerOptions,
): Promise<Reconciler> {
  const folder = await createGuardedFolder();
  const [port] = await findFreePorts(1);
  const variables = { AGENTS_ORCHESTRATION_CONTROLLER_ENABLED: 'true', ...environment };
  const process = createComponent({
    name: 'reconciler',
    folder,
    command: [
      ...['/usr/bin/env', ...Object.entries(variables).map(([name, value]) => `${name}=${value}`)],
      ...[...program, 'reconcile', `--own-namespace=${ownNamespace}`],
      ...[`--kubeconfig=${kubeconfig}`, `--side-port=${port}`, '--bind-address=127.0.0.1'],
      ...[`--leader-elect=${electsLeader}`, ...flags],
    ],
    isReady: () => isAnswering(`http://127.0.0.1:${port}/${waitsFor === 'answer' ? 'livez' : 'readyz'}`),
  });
  const stop = async () => {
    await process.kill('SIGKILL');
    await folder.remove();
  };
  await process.start().catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return {
    process,
    stop,
    sideUrl: `http://127.0.0.1:${port}`,
    async enginePid(otherThan) {
      let pid = 0;
      await waitUntil('an engine', async () => {
        const starts = (await readFile(process.logPath, 'utf8')).matchAll(/"pid":(\d+),.*"msg":"engine started"/g);
        pid = Number([...starts].at(-1)?.[1] ?? 0);
        return pid !== 0 && pid !== otherThan;
      });
      return pid;
    },
    async readMetric(series) {
      return readSeries(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text(), series);
    },
  };
}

/** A namespace whose runs a reconciler of the suite's own executes. */
export interface ReconciledNamespace {
  readonly process: Component;
  readonly namespace: string;
  readonly api: NamespacedApi;
  /** Stores an Orchestration and a run of it, both under this name. */
  readonly run: (name: string, spec: object, annotations?: Readonly<Record<string, string>>) => Promise<void>;
  /** Stores a run of an Orchestration. */
  readonly start: (name: string, orchestration: string, spec?: object) => Promise<StoredObject>;
  readonly annotateRun: (name: string, annotations: Readonly<Record<string, string | null>>) => Promise<void>;
  /** The run's status, as soon as it is as wanted. */
  readonly statusOf: (run: string, wanted: (status: RunStatus) => boolean) => Promise<RunStatus>;
  /** The child of a step that has not ended, as soon as there is one. */
  readonly childOf: (run: string, step: string) => Promise<StoredObject>;
  /** Plays the controllers of agents and tools: ends the child of a step, as soon as there is one. */
  readonly endChild: (run: string, step: string, phase: string, message?: string) => Promise<void>;
  /** Plays these controllers when they begin to work on the child of a step. */
  readonly beginChild: (run: string, step: string) => Promise<void>;
  /** Decides an ApprovalPolicy that exists. */
  readonly decide: (policy: string, phase: string) => Promise<void>;
  /** Names of the children of a run, of a step if one is given; without those that are being deleted. */
  readonly childrenOf: (run: string, step?: string) => Promise<readonly string[]>;
}

/** Starts a reconciler for a namespace of the shared cluster, while the calling suite runs. */
export function useReconciledNamespace({
  isBesideChart = false,
  ...options
}: ReconciledOptions = {}): () => ReconciledNamespace & Reconciler {
  const cluster = sharedCluster();
  const namespace = useNamespace();
  let reconciled: (ReconciledNamespace & Reconciler) | undefined;
  const ends = new AsyncDisposableStack();
  beforeAll(async () => {
    await installCrds(cluster, 'agents');
    ends.defer(() => letAgentRunsGo(connectNamespace(cluster, namespace)));
    if (isBesideChart) ends.defer((await startSupportingController(cluster, [namespace])).stop);
    const reconciler = await startReconciler(cluster, { ...options, ownNamespace: namespace });
    ends.defer(reconciler.stop);
    const hand = isBesideChart ? startInsistingHand(connectNamespace(cluster, namespace)) : undefined;
    ends.defer(async () => hand?.stop());
    reconciled = { ...connectReconciled(cluster, namespace, reconciler.process, hand?.write), ...reconciler };
  });
  afterAll(() => ends.disposeAsync());
  return () => {
    if (reconciled === undefined) throw new Error('there is a reconciler only while tests run');
    return reconciled;
  };
}

/** Removes all finalizers once no controller is left that does: the namespace can be deleted only without them. */
export async function letAgentRunsGo(api: NamespacedApi): Promise<void> {
  for (const { metadata } of await api.list('AgentRun').catch(() => []))
    await api.edit('AgentRun', metadata.name, { metadata: { finalizers: null } }).catch(() => {});
}

/** Makes the clients for a namespace. Sends no request yet. */
export function connectReconciled(
  cluster: Pick<Cluster, keyof ClusterAddress>,
  namespace: string,
  process: Component,
  write?: WriteStatus,
): ReconciledNamespace {
  const api = connectNamespace(cluster, namespace);
  const writeStatus: WriteStatus =
    write ?? (async ({ kind, metadata }, status) => void (await api.setStatus(kind as Kind, metadata.name, status)));
  const start: ReconciledNamespace['start'] = (name, orchestration, spec = {}) =>
    api.create('OrchestrationRun', name, { spec: { orchestrationRef: { name: orchestration }, ...spec } });

  async function listChildren(run: string, step?: string): Promise<StoredObject[]> {
    const lists = await Promise.all(childKinds.map(api.list));
    return lists.flat().filter(({ metadata: { annotations = {} } }) => {
      return annotations[RUN] === run && (step === undefined || annotations[STEP] === step);
    });
  }

  /** The uids of children that were ended here: the supporting controller may put back an old phase for a while. */
  const ended = new Set<string>();

  async function childOf(run: string, step: string): Promise<StoredObject> {
    let child: StoredObject | undefined;
    await waitUntil(`a child of ${run}/${step}`, async () => {
      const isOver = ({ metadata, status }: StoredObject) =>
        ended.has(metadata.uid) ||
        metadata.deletionTimestamp !== undefined ||
        ['Succeeded', 'Failed', 'Cancelled'].includes(status?.phase);
      child = (await listChildren(run, step)).find((one) => !isOver(one));
      return child !== undefined;
    });
    return child as StoredObject;
  }

  return {
    process,
    namespace,
    api,
    async run(name, spec, annotations = {}) {
      await api.create('Orchestration', name, { spec });
      await api.create('OrchestrationRun', name, { spec: { orchestrationRef: { name } }, metadata: { annotations } });
    },
    start,
    async annotateRun(name, annotations) {
      await api.edit('OrchestrationRun', name, { metadata: { annotations } });
    },
    async statusOf(run, wanted) {
      const isSo = ({ status }: StoredObject) => status !== undefined && wanted(status);
      return (await api.waitFor('OrchestrationRun', run, isSo))['status'];
    },
    childOf,
    async endChild(run, step, phase, message) {
      const status = { phase, conditions: message === undefined ? [] : [condition('Failed', message)] };
      const child = await childOf(run, step);
      ended.add(child.metadata.uid);
      await writeStatus(child, status);
    },
    beginChild: async (run, step) => writeStatus(await childOf(run, step), { phase: 'Running' }),
    decide: async (policy, phase) => writeStatus(await api.waitFor('ApprovalPolicy', policy), { phase }),
    childrenOf: async (run, step) =>
      (await listChildren(run, step))
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .map(({ metadata }) => metadata.name),
  };
}

/** A condition that is true since now. */
function condition(type: string, message: string): object {
  return { type, status: 'True', reason: type, message, lastTransitionTime: new Date().toISOString() };
}
