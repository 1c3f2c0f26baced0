import { randomBytes } from 'node:crypto';
import { type AgentsControllerOptions, startAgentsController } from '../support/agents-chart/agents-controller.ts';
import { startOrchestrationController } from '../support/agents-chart/orchestration-controller.ts';
import type { StandIn } from '../support/agents-chart/stand-in.ts';
import { startSupportingController } from '../support/agents-chart/supporting-controller.ts';
import type { Cluster } from '../support/controlplane/cluster.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { type Gate, installWebhooks, startGate } from '../support/gate.ts';
import { playKubelet } from '../support/kubelet.ts';
import { connectNamespace, type NamespacedApi, type StoredObject } from '../support/namespaced-api.ts';
import {
  connectReconciled,
  letAgentRunsGo,
  type ReconciledNamespace,
  type Reconciler,
  startReconciler,
} from '../support/reconciler.ts';

/** A namespace for one row, with the controllers that the row starts there. All of it ends with the ground. */
export interface Ground extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly api: NamespacedApi;
  /** Every call of our reconciler. */
  readonly calls: FaultProxy['calls'];
  /** Starts our reconciler, which executes runs and ToolRuns. */
  readonly startOurs: () => Promise<ReconciledNamespace & Reconciler>;
  /** Puts a gate in front of the namespace. */
  readonly startGate: () => Promise<Gate>;
  readonly startSupporting: () => Promise<StandIn>;
  /** Starts a stand-in that gives AgentRuns Jobs, whose pods succeed unless the options say otherwise. */
  readonly startAgents: (options?: Partial<AgentsControllerOptions>) => Promise<StandIn>;
  readonly startTheirs: () => Promise<StandIn>;
  /** Ends the pods of Tools with the exit code that this function returns. A pod without an exit code never starts. */
  readonly startKubelet: (exitCodeOf?: (pod: StoredObject) => number | undefined) => void;
}

const TOOL_RUNS_TOO = { AGENTS_TOOL_RUN_CONTROLLER_ENABLED: 'true', POD_SERVICE_ACCOUNT: 'orchestration-gate' };

export async function openGround(cluster: Cluster): Promise<Ground> {
  const namespace = `beside-${randomBytes(4).toString('hex')}`;
  const api = connectNamespace(cluster, namespace);
  const ends = new AsyncDisposableStack();
  const created = await cluster.kubectl(['create', 'namespace', namespace]);
  if (created.code !== 0) throw new Error(created.stderr);
  ends.defer(async () => void (await cluster.kubectl(['delete', 'namespace', namespace, '--wait=false'])));
  ends.defer(() => letAgentRunsGo(api));
  const proxy = await startFaultProxy(cluster);
  ends.defer(proxy.stop);
  const kubeconfig = await proxy.kubeconfig();
  const keep = async <T extends { stop: () => Promise<unknown> }>(starting: Promise<T>): Promise<T> => {
    const started = await starting;
    ends.defer(async () => void (await started.stop()));
    return started;
  };
  return {
    cluster,
    namespace,
    api,
    calls: proxy.calls,
    startOurs: async () => {
      const options = { ownNamespace: namespace, environment: TOOL_RUNS_TOO };
      const reconciler = await keep(startReconciler({ kubeconfig }, options));
      return { ...connectReconciled(cluster, namespace, reconciler.process), ...reconciler };
    },
    startGate: async () => {
      const gate = await keep(startGate());
      const webhooks = await installWebhooks(cluster, gate, { release: namespace, namespaces: [namespace] });
      ends.defer(webhooks.remove);
      return gate;
    },
    startSupporting: () => keep(startSupportingController(cluster, [namespace])),
    startAgents: (options = {}) => {
      const script = () => ({ phase: 'Succeeded', afterMs: 0 }) as const;
      return keep(startAgentsController(cluster, [namespace], { jobs: 'real', script, ...options }));
    },
    startTheirs: () => keep(startOrchestrationController(cluster, [namespace])),
    startKubelet: (exitCodeOf = () => 0) => ends.defer(playKubelet(api, exitCodeOf).stop),
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}
