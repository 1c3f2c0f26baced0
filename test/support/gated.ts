import { afterAll, beforeAll } from 'vitest';
import type { Step } from '../../src/dag/graph.ts';
import { connectApi, type SendToApi } from './api.ts';
import type { Cluster } from './controlplane/cluster.ts';
import type { ControlPlane } from './controlplane/controlplane.ts';
import { describeNeeding, sharedCluster, startOwnControlPlane, useNamespace } from './controlplane/suite.ts';
import {
  type Gate,
  type GateOptions,
  installCrds,
  installWebhooks,
  startGate,
  type Webhooks,
  type WebhooksOptions,
} from './gate.ts';

const apiVersion = 'orchestration.proompteng.ai/v1alpha1';

/** A namespace in which a gate of the suite's own judges all Orchestrations and their runs. */
export interface GatedNamespace {
  readonly gate: Gate;
  readonly namespace: string;
  /** Runs kubectl there, `input` being its standard input. */
  readonly kubectl: (toolArguments: readonly string[], input?: object) => ReturnType<Cluster['kubectl']>;
  readonly send: SendToApi;
  /** The path of the Orchestrations of the namespace in the API, or of the one with this name. */
  readonly pathOf: (name?: string) => string;
  /** Reads an Orchestration as it is stored; undefined if there is none. */
  readonly read: (name: string) => Promise<StoredOrchestration | undefined>;
}

/** The gate, and more values of the chart that the webhooks are made from. */
type GatedOptions = GateOptions & Pick<WebhooksOptions, 'values'>;

interface StoredOrchestration {
  readonly metadata: {
    readonly generation: number;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: { readonly steps: readonly Step[] };
}

/** Runs a suite twice: on the shared cluster, which has the CRDs of the agents chart, and on a control plane with ours. */
export function describeOnBothCrds(title: string, tests: (gated: () => GatedNamespace) => void): void {
  describeNeeding(['loopbackWebhooks'], `${title}, with the CRDs of the agents chart`, () =>
    tests(useGatedNamespace()),
  );
  describeNeeding(['ownControlPlane'], `${title}, with our CRDs`, () => tests(useGatedPlane()));
}

/** Puts a gate in front of a namespace of the shared cluster, while the calling suite runs. */
export function useGatedNamespace(options: GatedOptions = {}): () => GatedNamespace {
  const cluster = sharedCluster();
  const namespace = useNamespace();
  return useGate(namespace, options, async () => {
    await installCrds(cluster, 'agents');
    return cluster;
  });
}

function useGatedPlane(): () => GatedNamespace {
  let plane: ControlPlane | undefined;
  afterAll(() => plane?.stop());
  return useGate('default', {}, async () => {
    plane = await startOwnControlPlane();
    await installCrds(plane, 'ours');
    return plane;
  });
}

function useGate(namespace: string, options: GatedOptions, prepare: () => Promise<Cluster>): () => GatedNamespace {
  let gated: GatedNamespace | undefined;
  let webhooks: Webhooks | undefined;
  let gate: Gate | undefined;
  beforeAll(async () => {
    const cluster = await prepare();
    gate = await startGate(options);
    webhooks = await installWebhooks(cluster, gate, { release: 'gate', namespaces: [namespace], ...options });
    gated = connectGated(cluster, namespace, gate);
  });
  afterAll(async () => {
    await webhooks?.remove();
    await gate?.stop();
  });
  return () => {
    if (gated === undefined) throw new Error('there is a gate only while tests run');
    return gated;
  };
}

/** Makes the clients for a namespace. Sends no request yet. */
export function connectGated(cluster: Cluster, namespace: string, gate: Gate): GatedNamespace {
  const send = connectApi(cluster);
  const pathOf = (name?: string) =>
    `/apis/${apiVersion}/namespaces/${namespace}/orchestrations${name === undefined ? '' : `/${name}`}`;
  return {
    gate,
    namespace,
    kubectl: (toolArguments, input) =>
      cluster.kubectl(['--namespace', namespace, ...toolArguments], input && { input: JSON.stringify(input) }),
    send,
    pathOf,
    read: async (name) => {
      const { status, body } = await send('GET', pathOf(name));
      return status === 404 ? undefined : (body as StoredOrchestration);
    },
  };
}

/** An Orchestration of these steps, each of which does nothing. */
export function orchestration(name: string, steps: readonly Step[], metadata: object = {}): object {
  return { apiVersion, kind: 'Orchestration', metadata: { name, ...metadata }, spec: { steps: withKind(steps) } };
}

/** The steps as an Orchestration contains them. */
export function withKind(steps: readonly Step[]): object[] {
  return steps.map((step) => ({ kind: 'Checkpoint', ...step }));
}

/** An OrchestrationRun of the Orchestration of this name. */
export function orchestrationRun(name: string, wanted: string): object {
  return { apiVersion, kind: 'OrchestrationRun', metadata: { name }, spec: { orchestrationRef: { name: wanted } } };
}
