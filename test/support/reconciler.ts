import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';
import type { RunStatus } from '../../src/orchestration/run-status.ts';
import { connectApi, type SendToApi } from './api.ts';
import type { Cluster } from './controlplane/cluster.ts';
import { type Component, createComponent } from './controlplane/component.ts';
import { createGuardedFolder } from './controlplane/folder.ts';
import { findFreePorts, isAnswering } from './controlplane/network.ts';
import { sharedCluster, useNamespace } from './controlplane/suite.ts';
import { installCrds } from './gate.ts';

const root = join(import.meta.dirname, '../..');
const ORCHESTRATION = 'orchestration.proompteng.ai/v1alpha1';
const patienceSeconds = 20;

/** A namespace whose runs a reconciler of the suite's own executes. */
export interface ReconciledNamespace {
  readonly process: Component;
  /** Stores an Orchestration and a run of it, both under this name. */
  readonly run: (name: string, spec: object, annotations?: Readonly<Record<string, string>>) => Promise<void>;
  readonly annotateRun: (name: string, annotations: Readonly<Record<string, string | null>>) => Promise<void>;
  /** The run's status, as soon as it is as wanted. */
  readonly statusOf: (run: string, wanted: (status: RunStatus) => boolean) => Promise<RunStatus>;
  /** Plays the tools controller: ends the ToolRun of a step, as soon as there is one without a phase. */
  readonly endToolRun: (run: string, step: string, phase: string, message?: string) => Promise<void>;
  /** Names of the ToolRuns of a run, of a step if one is given; without those that are being deleted. */
  readonly toolRunsOf: (run: string, step?: string) => Promise<readonly string[]>;
  readonly send: SendToApi;
  readonly namespace: string;
}

interface ToolRun {
  readonly metadata: {
    readonly name: string;
    readonly annotations: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly status?: { readonly phase?: string };
}

/** Starts a reconciler for a namespace of the shared cluster, while the suite runs that calls this. */
export function useReconciledNamespace(): () => ReconciledNamespace {
  const cluster = sharedCluster();
  const namespace = useNamespace();
  let reconciled: ReconciledNamespace | undefined;
  let end = async () => {};
  beforeAll(async () => {
    await installCrds(cluster, 'agents');
    const folder = await createGuardedFolder();
    const [port] = await findFreePorts(1);
    const process = createComponent({
      name: 'reconciler',
      folder,
      command: [
        ...['/usr/bin/env', 'JANGAR_ORCHESTRATION_CONTROLLER_ENABLED=true'],
        `JANGAR_ORCHESTRATION_CONTROLLER_NAMESPACES=${namespace}`,
        ...[globalThis.process.execPath, join(root, 'src/main.ts'), 'reconcile', `--own-namespace=${namespace}`],
        ...[
          `--kubeconfig=${cluster.kubeconfig}`,
          `--side-port=${port}`,
          '--bind-address=127.0.0.1',
          '--leader-elect=false',
        ],
      ],
      isReady: () => isAnswering(`http://127.0.0.1:${port}/readyz`),
    });
    await process.start();
    end = async () => {
      await process.kill('SIGKILL');
      await folder.remove();
    };
    reconciled = connectReconciled(cluster, namespace, process);
  });
  afterAll(() => end());
  return () => {
    if (reconciled === undefined) throw new Error('there is a reconciler only while tests run');
    return reconciled;
  };
}

function connectReconciled(cluster: Cluster, namespace: string, process: Component): ReconciledNamespace {
  const send = connectApi(cluster);
  const orchestrations = `/apis/${ORCHESTRATION}/namespaces/${namespace}`;
  const tools = `/apis/tools.proompteng.ai/v1alpha1/namespaces/${namespace}/toolruns`;
  const create = async (path: string, body: object) => {
    const { status, body: answer } = await send('POST', path, body);
    if (status !== 201) throw new Error(JSON.stringify(answer));
  };
  const patch = (path: string, body: object) => send('PATCH', path, body, 'application/merge-patch+json');
  const listToolRuns = async () => ((await send('GET', tools)).body as { items: readonly ToolRun[] }).items;
  const isOf =
    (run: string, step: string | undefined) =>
    ({ metadata: { annotations } }: ToolRun) =>
      annotations['agents.proompteng.ai/orchestration-run'] === run &&
      (step === undefined || annotations['agents.proompteng.ai/orchestration-step'] === step);

  return {
    process,
    send,
    namespace,
    async run(name, spec, annotations = {}) {
      const object = (kind: string, content: object) => ({
        apiVersion: ORCHESTRATION,
        kind,
        metadata: { name, annotations },
        spec: content,
      });
      await create(`${orchestrations}/orchestrations`, object('Orchestration', spec));
      await create(`${orchestrations}/orchestrationruns`, object('OrchestrationRun', { orchestrationRef: { name } }));
    },
    async annotateRun(name, annotations) {
      await patch(`${orchestrations}/orchestrationruns/${name}`, { metadata: { annotations } });
    },
    async statusOf(run, wanted) {
      let status: RunStatus | undefined;
      await waitUntil(
        `run ${run}`,
        async () => {
          status = ((await send('GET', `${orchestrations}/orchestrationruns/${run}`)).body as { status?: RunStatus })
            .status;
          return status !== undefined && wanted(status);
        },
        () => JSON.stringify(status),
      );
      return status as RunStatus;
    },
    async endToolRun(run, step, phase, message) {
      let child: ToolRun | undefined;
      await waitUntil(`a ToolRun of ${run}/${step}`, async () => {
        child = (await listToolRuns()).filter(isOf(run, step)).find(({ status }) => status?.phase === undefined);
        return child !== undefined;
      });
      const conditions = message === undefined ? [] : [condition('Failed', message)];
      await patch(`${tools}/${child?.metadata.name}/status`, { status: { phase, conditions } });
    },
    toolRunsOf: async (run, step) =>
      (await listToolRuns())
        .filter(isOf(run, step))
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .map(({ metadata }) => metadata.name),
  };
}

function condition(type: string, message: string) {
  return { type, status: 'True', reason: type, message, lastTransitionTime: new Date().toISOString() };
}

async function waitUntil(what: string, isSo: () => Promise<boolean>, describe = () => ''): Promise<void> {
  const deadline = performance.now() + patienceSeconds * 1000;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`waited ${patienceSeconds} s for ${what}: ${describe()}`);
    await delay(25);
  }
}
