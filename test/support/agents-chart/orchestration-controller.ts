import type { KubeClient } from '../../../src/kube/client.ts';
import type { ClusterAddress } from '../controlplane/cluster.ts';
import { connectKube } from '../kube.ts';
import { follow, ignoreAbsence } from './follow.ts';
import {
  AGENT_RUNS,
  DELIVERIES,
  isFinal,
  JOBS,
  ORCHESTRATIONS,
  POLICIES,
  RUN_LABEL,
  RUNS,
  type Stored,
  TOOL_RUN_LABEL,
  TOOL_RUNS,
} from './kinds.ts';
import { judgeGraph, judgeSpec } from './orchestration-judge.ts';
import { failedRun, orchestrationStatus, runStatus } from './orchestration-status.ts';
import { advanceSteps, type StepStatus } from './orchestration-steps.ts';
import { createChains } from './queues.ts';
import type { StandIn } from './stand-in.ts';
import { createStatusWriter, type WriteStatus } from './status-writer.ts';
import { advanceToolRun } from './tool-run-jobs.ts';

/** Objects of the first three kinds are listed and handled at the start, in this order. */
const FOLLOWED = [ORCHESTRATIONS, TOOL_RUNS, RUNS, AGENT_RUNS, POLICIES, DELIVERIES, JOBS];
const tickMs = 500;

/** Starts a stand-in for the orchestration controller of the agents chart; resolves when it watches. */
export async function startOrchestrationController(
  { kubeconfig }: Pick<ClusterAddress, 'kubeconfig'>,
  namespaces: readonly string[],
): Promise<StandIn> {
  const { close, requests, ...client } = connectKube(kubeconfig);
  const controller = createController(client);
  const chains = createChains();
  const handle = (object: Stored) => chains.of(object.metadata.namespace).add(() => controller.handle(object));
  const following = await follow({ client, resources: FOLLOWED, namespaces, onEvent: handle });
  for (const { kind } of FOLLOWED.slice(0, 3))
    following.listed.filter((object) => object.kind === kind).forEach(handle);
  // Time-outs and waits between attempts pass without an event.
  const ticking = setInterval(() => {
    for (const namespace of namespaces) chains.of(namespace).add(() => controller.advanceLate(namespace));
  }, tickMs);
  return {
    requests,
    stop: async () => {
      clearInterval(ticking);
      await following.stop();
      await chains.stop();
      await close();
    },
  };
}

function createController(client: KubeClient) {
  const writeStatus = createStatusWriter(client);

  /** Works on an event's object, which may be old. */
  async function handle(object: Stored): Promise<void> {
    const { namespace, labels = {} } = object.metadata;
    switch (object.kind) {
      case ORCHESTRATIONS.kind:
        await writeStatus(ORCHESTRATIONS, object, orchestrationStatus(object, judgeSpec(object['spec'])));
        return advanceAll(namespace);
      case POLICIES.kind:
      case DELIVERIES.kind:
        return advanceAll(namespace);
      case JOBS.kind:
        return advanceFresh(TOOL_RUNS, namespace, labels[TOOL_RUN_LABEL], (toolRun) =>
          advanceToolRun(client, writeStatus, toolRun),
        );
      case TOOL_RUNS.kind:
        await advanceToolRun(client, writeStatus, object);
        break;
      case RUNS.kind:
        await advanceRun(client, writeStatus, object);
        break;
    }
    await advanceFresh(RUNS, namespace, labels[RUN_LABEL], (run) => advanceRun(client, writeStatus, run));
  }

  async function advanceFresh(
    resource: typeof RUNS,
    namespace: string,
    name: string | undefined,
    advance: (object: Stored) => Promise<void>,
  ): Promise<void> {
    const found = name && (await client.get(resource, { namespace, name }).catch(ignoreAbsence));
    if (found) await advance(found as Stored);
  }

  async function advanceAll(namespace: string, isWanted: (run: Stored) => boolean = () => true): Promise<void> {
    const { items } = await client.list(RUNS, { namespace });
    for (const run of (items as readonly Stored[]).filter(isWanted)) await advanceRun(client, writeStatus, run);
  }

  return { handle, advanceLate: (namespace: string) => advanceAll(namespace, isWaitingForTime) };
}

async function advanceRun(client: KubeClient, writeStatus: WriteStatus, run: Stored): Promise<void> {
  if (isFinal(run['status']?.phase) || run.metadata.deletionTimestamp !== undefined) return;
  const { namespace } = run.metadata;
  const { name } = run['spec'].orchestrationRef;
  const orchestration = (await client.get(ORCHESTRATIONS, { namespace, name }).catch(ignoreAbsence)) as
    | Stored
    | undefined;
  if (orchestration === undefined) {
    const cause = { reason: 'MissingOrchestration', message: `orchestration ${name} not found` };
    await writeStatus(RUNS, run, failedRun(run, cause));
    return;
  }
  const { spec } = orchestration;
  const invalidity = judgeSpec(spec) ?? judgeGraph(spec.steps);
  const status = invalidity ? failedRun(run, invalidity) : runStatus(run, await advanceSteps(client, run, spec.steps));
  await writeStatus(RUNS, run, status);
}

function isWaitingForTime({ status }: Stored): boolean {
  const steps = (status?.stepStatuses ?? []) as readonly StepStatus[];
  return !isFinal(status?.phase) && steps.some(({ phase }) => phase === 'Running' || phase === 'Retrying');
}
