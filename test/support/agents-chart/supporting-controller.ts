import type { KubeClient } from '../../../src/kube/client.ts';
import type { Resource } from '../../../src/kube/resources.ts';
import type { ClusterAddress } from '../controlplane/cluster.ts';
import { connectKube } from '../kube.ts';
import { condition, withConditions } from './conditions.ts';
import { follow, ignoreAbsence } from './follow.ts';
import {
  AGENT_RUNS,
  DELIVERIES,
  keyOf,
  POLICIES,
  RUNS,
  resourceOf,
  SIGNALS,
  type Stored,
  TOOL_RUNS,
  VOLUME_CLAIMS,
} from './kinds.ts';
import { createChains, createFlaggingQueue } from './queues.ts';
import type { StandIn } from './stand-in.ts';
import { createStatusWriter } from './status-writer.ts';

/** The kinds that concern us, of the ten to which it gives a status. */
const OBSERVED = [TOOL_RUNS, POLICIES, SIGNALS, DELIVERIES];
/** Any event of these kinds makes it look at everything again. */
const TRIGGERS = [AGENT_RUNS, RUNS, VOLUME_CLAIMS];

/** Reason and message of Ready, for the kinds that keep their phase, or get the phase Ready if they have none. */
const READY: Readonly<Record<string, readonly [reason: string, message: string]>> = {
  ToolRun: ['Observed', 'tool run observed'],
  ApprovalPolicy: ['Active', 'approval policy active'],
  Signal: ['Active', 'signal active'],
};

/** Starts a stand-in for the supporting primitives controller of the agents chart; resolves when it watches. */
export async function startSupportingController(
  { kubeconfig }: Pick<ClusterAddress, 'kubeconfig'>,
  namespaces: readonly string[],
): Promise<StandIn> {
  const { close, requests, ...client } = connectKube(kubeconfig);
  const observe = createObserver(client);
  const chains = createChains();
  const queues = new Map(
    namespaces.map((namespace) => [namespace, createFlaggingQueue(chains.of(namespace))] as const),
  );
  const sweeps = new Set<Promise<void>>();

  function observeAll(): void {
    const sweep = observeEverything(client, namespaces)
      .catch(() => {})
      .finally(() => sweeps.delete(sweep));
    sweeps.add(sweep);
  }

  const following = await follow({
    client,
    resources: [...OBSERVED, ...TRIGGERS],
    namespaces,
    onEvent: (object) => {
      if (TRIGGERS.some(({ kind }) => kind === object.kind)) observeAll();
      else queues.get(object.metadata.namespace)?.add(keyOf(object), () => observe(object));
    },
  });
  observeAll();
  return {
    requests,
    stop: async () => {
      await following.stop();
      await chains.stop();
      await Promise.all(sweeps);
      await close();
    },
  };
}

/** Lists everything and gives each object its status, one at a time and outside the queue; the first error ends it. */
export async function observeEverything(client: KubeClient, namespaces: readonly string[]): Promise<void> {
  const observe = createObserver(client);
  for (const namespace of namespaces) {
    for (const resource of OBSERVED) {
      const page = await client.list(resource, { namespace }).catch(ignoreAbsence);
      for (const object of page?.items ?? []) await observe(object as Stored);
    }
  }
}

function createObserver(client: KubeClient): (object: Stored) => Promise<void> {
  const writeStatus = createStatusWriter(client);

  return async (object) => {
    const resource: Resource = resourceOf(object, OBSERVED);
    const status = resource === DELIVERIES ? await judgeDelivery(object) : judgeOther(object);
    await writeStatus(resource, object, { observedGeneration: object.metadata.generation, ...status });
  };

  function judgeOther({ kind, status = {} }: Stored): object {
    const [reason, message] = READY[kind] ?? [];
    const conditions = withConditions(status.conditions, [condition('Ready', true, reason, message)]);
    return { phase: status.phase ?? 'Ready', conditions };
  }

  async function judgeDelivery({ metadata: { namespace }, spec, status = {} }: Stored): Promise<object> {
    const { name } = spec.signalRef;
    const signal = await client.get(SIGNALS, { namespace, name }).catch(ignoreAbsence);
    if (signal === undefined) {
      const missing = condition('Ready', false, 'MissingSignal', `signal ${name} not found`);
      return { phase: 'Pending', conditions: withConditions(status.conditions, [missing]) };
    }
    const delivered = condition('Ready', true, 'Delivered', 'signal delivered');
    const deliveredAt = status.deliveredAt ?? new Date().toISOString();
    return { phase: 'Delivered', deliveredAt, conditions: withConditions(status.conditions, [delivered]) };
  }
}
