import { setTimeout as delay } from 'node:timers/promises';
import { type Attempt, startAgentsController } from '../support/agents-controller.ts';
import type { ClusterAddress } from '../support/controlplane/cluster.ts';
import { connectNamespace, type NamespacedApi, type StoredObject } from '../support/namespaced-api.ts';

const ORCHESTRATION = 'layers';
const LAYERS = 5;
/** With five layers, a run takes about ten seconds. */
const SHORT: AttemptTimes = { leastMs: 1_000, mostMs: 3_000 };
const PAUSE_MS = 500;
/** Between two looks at a run, and between two attempts to create it. */
const LOOK_MS = 1_000;
/** Between two lists of all children. */
const LIST_MS = 250;
const patienceMs = 600_000;

/** How long an attempt takes. */
interface AttemptTimes {
  readonly leastMs: number;
  readonly mostMs: number;
}

export interface LiveRuns {
  /** The number of runs that have ended. */
  readonly ended: () => number;
  /** What should not have happened, in words. */
  readonly wrong: readonly string[];
  /** Starts no more runs, and resolves when the last has ended. */
  readonly stop: () => Promise<void>;
}

/**
 * Keeps `count` runs alive: a new run starts for each one that ends. A run has ten AgentRuns in five layers, each of which
 * a stand-in ends. An attempt after the first is wrong, because no attempt fails. So is a run in which not every step has
 * succeeded, or that has not ended after ten minutes. Finished runs are deleted later. The API server may be away.
 */
export async function startLiveRuns(
  cluster: ClusterAddress,
  namespace: string,
  count: number,
  { leastMs, mostMs } = SHORT,
): Promise<LiveRuns> {
  const api = connectNamespace(cluster, namespace);
  const wrong: string[] = [];
  const names = new Set<string>();
  let ended = 0;
  let isStopped = false;
  await api.create('Orchestration', ORCHESTRATION, {
    spec: { steps: layeredSteps(), policies: { ttlSecondsAfterFinished: 30 } },
  });
  const script = ({ run, step, attempt }: Attempt) => {
    if (attempt > 1) wrong.push(`${run}: ${step} was created ${attempt} times`);
    return { phase: 'Succeeded', afterMs: leastMs + Math.random() * (mostMs - leastMs) } as const;
  };
  const controller = startAgentsController(cluster, namespace, script, LIST_MS);

  /** Keeps one of the `count` runs alive: when it ends, another one follows. */
  async function keepAlive(): Promise<void> {
    while (!isStopped) {
      const name = `live-${names.size}`;
      names.add(name);
      await createRun(api, name);
      const run = await readEnd(api, name);
      if (run === undefined) wrong.push(`${name} has not ended`);
      else wrong.push(...describeLost(run));
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

async function createRun(api: NamespacedApi, name: string): Promise<void> {
  const isThere = async () => (await api.read('OrchestrationRun', name)) !== undefined;
  const create = async () => {
    await api.create('OrchestrationRun', name, { spec: { orchestrationRef: { name: ORCHESTRATION } } });
    return true;
  };
  // An API server that was killed may have stored the run without saying so.
  while (!(await create().catch(() => isThere().catch(() => false)))) await delay(LOOK_MS);
}

/** A run as soon as it is over; undefined if it is not over after ten minutes. */
async function readEnd(api: NamespacedApi, name: string): Promise<StoredObject | undefined> {
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline) {
    await delay(LOOK_MS);
    const run = await api.read('OrchestrationRun', name).catch(() => undefined);
    if (run !== undefined && ['Succeeded', 'Failed', 'Cancelled'].includes(run['status']?.phase)) return run;
  }
  return undefined;
}

/** What went wrong in a run that is over: its end, if not success, and steps without success at the first attempt. */
function describeLost({
  metadata: { name },
  status: { phase: end, stepStatuses = [] },
}: StoredObject): readonly string[] {
  const steps = stepStatuses as readonly { name: string; phase: string; attempt: number }[];
  const lost = steps.filter(({ phase, attempt }) => phase !== 'Succeeded' || attempt !== 1);
  return [
    ...(end === 'Succeeded' ? [] : [`${name} is ${end}`]),
    ...lost.map(({ name: step, phase, attempt }) => `${name}: ${step} is ${phase} at attempt ${attempt}`),
  ];
}
