import type { Orchestration } from '../../../src/orchestration/decode.ts';
import { startAgentsController } from '../../support/agents-chart/agents-controller.ts';
import { JOBS, type Stored } from '../../support/agents-chart/kinds.ts';
import { startSupportingController } from '../../support/agents-chart/supporting-controller.ts';
import { playKubelet } from '../../support/kubelet.ts';
import { TOOL_RUNS } from '../../support/model/engine.ts';
import { connectNamespace } from '../../support/namespaced-api.ts';
import type { Arena } from '../arena.ts';
import { endOf } from '../mixed-run.ts';
import { type Ground, killEngines, PATIENCE_MS, type Scenario } from '../scenario.ts';

const PAIRS = 5;
/** The Tool whose container fails. */
const FAILS = 'fails';
/** Tools and AgentRuns in turns: `tool-1` waits for `agent-0`, and `agent-1` for `tool-0`. A few fail. */
const failing = ['tool-1', 'agent-2'];
const steps = Array.from({ length: PAIRS }, (_, index) => makePair(index)).flat();
const ends = steps.map(
  ({ name }) => `${name} ${failing.includes(name) ? 'Failed ChildFailed' : 'Succeeded Completed'} 1`,
);

function makePair(index: number): Orchestration['steps'] {
  const [toolRun, agentRun] = [`tool-${index}`, `agent-${index}`];
  const after = (other: string) => (index === 0 ? [] : [`${other}-${index - 1}`]);
  const common = { continueOnFailure: true };
  return [
    {
      ...{ ...common, name: toolRun, kind: 'ToolRun', dependsOn: after('agent') },
      toolRef: { name: failing.includes(toolRun) ? FAILS : 'echo' },
    },
    {
      ...{ ...common, name: agentRun, kind: 'AgentRun', dependsOn: after('tool') },
      agentRef: { name: agentRun },
      implementation: { inline: { text: agentRun } },
    },
  ];
}

/** Starts the parts of the agents chart that stay on next to us, and a kubelet. */
async function startPlayers({ plane }: Ground, namespace: string) {
  const api = connectNamespace(plane.address, namespace);
  for (const name of ['echo', FAILS]) await api.create('Tool', name, { spec: { image: name, command: [name] } });
  return [
    await startSupportingController(plane, [namespace]),
    await startAgentsController(plane, [namespace], {
      jobs: 'real',
      script: ({ step }) => ({ phase: failing.includes(step) ? 'Failed' : 'Succeeded', afterMs: 0 }),
      retentionMs: 2_000,
      sweepMs: 500,
    }),
    playKubelet(api, ({ spec }) => (spec.containers[0].image === FAILS ? 3 : 0)),
  ];
}

/** Every ToolRun has one Job: nobody deletes Jobs of Tools without a time to live. */
async function complainOfJobs({ client, namespace, journal }: Arena, complain: Ground['complain']): Promise<number> {
  const { items } = await client.list(JOBS, { namespace });
  const owners = (items as readonly Stored[]).map(({ metadata }) => metadata.ownerReferences?.[0]?.name);
  const toolRuns = journal.current(TOOL_RUNS.kind).map(({ metadata }) => metadata.name);
  for (const name of toolRuns) {
    const count = owners.filter((owner) => owner === name).length;
    if (count !== 1) complain(`${count} Jobs of ${name}`);
  }
  return toolRuns.length;
}

async function playBeside(ground: Ground, howMany: number, deaths: number): Promise<void> {
  const { open, note, complain } = ground;
  const arena = await open({
    steps,
    startPlayers: (namespace) => startPlayers(ground, namespace),
    expect: (status) => endOf(status).filter((end, index) => end !== ends[index]),
  });
  const environment = { AGENTS_TOOL_RUN_CONTROLLER_ENABLED: 'true', POD_SERVICE_ACCOUNT: 'orchestration-gate' };
  const replica = await arena.startReplica({ environment });
  const runs = await arena.createRuns(howMany);
  const areOver = () => runs.every(arena.hasEnded);
  await killEngines(ground, replica, { times: deaths, withinMs: 4_000, isOver: areOver });
  // AgentRuns take turns: no more than ten at a time.
  await arena.finish(howMany * 5_000 + PATIENCE_MS);
  note(`${await complainOfJobs(arena, complain)} ToolRuns`);
}

export const besides: readonly Scenario[] = [
  {
    id: 'F34',
    title: 'beside the agents chart, which deletes what has finished after 2 s, with engines killed at random',
    play: (ground) => playBeside(ground, 20, 30),
  },
  {
    id: 'F34q',
    isShareOf: 'F34',
    title: 'the same with 20 children in place of 200',
    play: (ground) => playBeside(ground, 2, 3),
  },
];
