import { setTimeout as delay } from 'node:timers/promises';
import { type Attempt, startAgentsController } from '../../support/agents-controller.ts';
import type { ClusterAddress } from '../../support/controlplane/cluster.ts';
import { connectNamespace, type StoredObject } from '../../support/namespaced-api.ts';

const ORCHESTRATION = 'layers';
const LAYERS = 5;
/** How long an attempt takes, in milliseconds: a run takes some ten seconds. */
const SHORTEST_MS = 1_000;
const LONGEST_MS = 3_000;
const PAUSE_MS = 500;

export interface LiveRuns {
  /** The number of runs that have ended. */
  readonly ended: () => number;
  /** What should not have happened, in words. */
  readonly wrong: readonly string[];
  /** Starts no more runs, and resolves with all of them when the last has ended. */
  readonly stop: () => Promise<readonly StoredObject[]>;
}

/**
 * Keeps `count` runs alive: a new run starts for each one that ends. A run has ten AgentRuns in five layers, each of which
 * a stand-in ends. An attempt after the first is wrong, because no attempt fails.
 */
export async function startLiveRuns(cluster: ClusterAddress, namespace: string, count: number): Promise<LiveRuns> {
  const api = connectNamespace(cluster, namespace);
  const wrong: string[] = [];
  const names = new Set<string>();
  let ended = 0;
  let isStopped = false;
  await api.create('Orchestration', ORCHESTRATION, { spec: { steps: layeredSteps() } });
  const script = ({ run, step, attempt }: Attempt) => {
    if (attempt > 1) wrong.push(`${run}: ${step} was created ${attempt} times`);
    return { phase: 'Succeeded', afterMs: SHORTEST_MS + Math.random() * (LONGEST_MS - SHORTEST_MS) } as const;
  };
  const controller = startAgentsController(cluster, namespace, script);

  /** One of the `count` runs, and those that follow it. */
  async function keepAlive(): Promise<void> {
    while (!isStopped) {
      const name = `live-${names.size}`;
      names.add(name);
      await api.create('OrchestrationRun', name, { spec: { orchestrationRef: { name: ORCHESTRATION } } });
      await api.waitFor('OrchestrationRun', name, isOver, 600);
      ended += 1;
    }
  }

  const living = Array.from({ length: count }, () => keepAlive());
  return {
    ended: () => ended,
    wrong,
    stop: async () => {
      isStopped = true;
      await Promise.all(living);
      await delay(PAUSE_MS); // a child that should not be there would be created now
      await controller.stop();
      return (await api.list('OrchestrationRun')).filter(({ metadata }) => names.has(metadata.name));
    },
  };
}

function layeredSteps(): readonly object[] {
  return Array.from({ length: LAYERS }, (_, layer) =>
    ['left', 'right'].map((side) => ({
      name: `${side}-${layer}`,
      kind: 'AgentRun',
      agentRef: { name: 'coder' },
      implementation: { inline: { text: 'do it' } },
      dependsOn: layer === 0 ? [] : [`left-${layer - 1}`, `right-${layer - 1}`],
    })),
  ).flat();
}

function isOver({ status }: StoredObject): boolean {
  return ['Succeeded', 'Failed', 'Cancelled'].includes(status?.phase);
}
