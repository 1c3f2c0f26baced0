import type { KubeClient } from '../../../src/kube/client.ts';
import type { Resource } from '../../../src/kube/resources.ts';
import type { KubeObject } from '../../../src/objects/object.ts';
import type { Orchestration } from '../../../src/orchestration/decode.ts';
import { API_VERSION } from '../../../src/orchestration/schema.ts';
import { ORCHESTRATIONS, POLICIES, RUNS } from '../../support/model/engine.ts';
import type { Arena } from '../arena.ts';
import type { Replica } from '../replica.ts';
import { type Ground, PATIENCE_MS, type Scenario } from '../scenario.ts';

const DELIVERIES: Resource = {
  ...POLICIES,
  group: 'signals.proompteng.ai',
  plural: 'signaldeliveries',
  kind: 'SignalDelivery',
};
const NAMESPACES: Resource = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false };
const FIELD_MANAGER = 'orchestration-gate-reconciler';
const ENDED_AT = '2026-01-01T00:00:00.000Z';
/** Calls at once, of which the API server answers some hundred a second. */
const AT_ONCE = 24;
/** As the chart sets it up: what 768 MiB for the container leave for the heap. */
const HEAP_MIB = 576;
/** The supervisor's own patience with an engine that stands still. */
const IMPATIENT = ['--stall-seconds=8', '--deaths-to-quarantine=3'];

async function inParallel(count: number, perform: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < count) await perform(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** A namespace in which so many runs of so many steps have finished. */
async function fillNamespace(client: KubeClient, namespace: string, runs: number, steps: number): Promise<void> {
  await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const stepStatuses = Array.from({ length: steps }, (_, index) => ({
    name: `step-${index}`,
    kind: 'ToolRun',
    phase: 'Succeeded',
    reason: 'Completed',
    message: '',
    attempt: 1,
    startedAt: ENDED_AT,
    finishedAt: ENDED_AT,
    lastTransitionTime: ENDED_AT,
    resourceRef: {
      apiVersion: 'tools.proompteng.ai/v1alpha1',
      kind: 'ToolRun',
      name: `run-step-${index}-abcdefghijklmnop`,
      namespace,
      uid: '00000000-0000-0000-0000-000000000000',
    },
  }));
  await inParallel(runs, async (index) => {
    const name = `finished-${index}`;
    await client.create(RUNS, objectOf(RUNS, namespace, name, { orchestrationRef: { name: 'history' } }));
    const times = { startedAt: ENDED_AT, finishedAt: ENDED_AT, updatedAt: ENDED_AT };
    const status = { phase: 'Succeeded', runId: name, ...times, conditions: [], stepStatuses };
    const options = { subresource: 'status', fieldManager: FIELD_MANAGER } as const;
    await client.patch(RUNS, { namespace, name }, { type: 'merge', body: { status } }, options);
  });
}

function objectOf({ group, version, kind }: Resource, namespace: string, name: string, spec: object): KubeObject {
  const apiVersion = kind === RUNS.kind ? API_VERSION : `${group}/${version}`;
  return { apiVersion, kind, metadata: { name, namespace }, spec };
}

async function follow(arena: Arena, other: string, heapMib: number): Promise<Replica> {
  const namespaces = JSON.stringify([arena.namespace, other]);
  const environment = { AGENTS_ORCHESTRATION_CONTROLLER_NAMESPACES: namespaces };
  return arena.startReplica({ environment, flags: [...IMPATIENT, `--engine-heap-mib=${heapMib}`] });
}

/** An engine that has died, for whatever reason, is a complaint. */
async function complainOfDeaths({ complain, note }: Ground, replica: Replica): Promise<void> {
  const deaths = (await replica.readLog())
    .split('\n')
    .filter((line) => line.includes('engine ended, starting another'));
  note(`${deaths.length} engine deaths`);
  if (deaths.length > 0) complain(`${deaths.length} engine deaths: ${deaths[0]?.slice(0, 200)}`);
  if (replica.starts() > 1) complain(`the process was started ${replica.starts()} times`);
}

const one: Orchestration['steps'] = [{ name: 'only', kind: 'Checkpoint', dependsOn: [] }];

export const history: readonly Scenario[] = [
  {
    id: 'F24',
    title: '10,000 finished runs beside 5,000 deliveries, and all Orchestrations labelled',
    play: (ground) => playHistory(ground, { runs: 10_000, steps: 10, deliveries: 5_000 }),
  },
  {
    id: 'F24q',
    title: '500 finished runs beside 250 deliveries, and all Orchestrations labelled',
    isQuick: true,
    isShareOf: 'F24',
    play: (ground) => playHistory(ground, { runs: 500, steps: 10, deliveries: 250 }),
  },
  {
    id: 'F25',
    title: '150 finished runs of 1,000 steps, and a heap of 96 MiB',
    play: (ground) => playHistory(ground, { runs: 150, steps: 1_000, deliveries: 50, heapMib: 96 }),
  },
];

interface Size {
  readonly runs: number;
  readonly steps: number;
  readonly deliveries: number;
  readonly heapMib?: number;
}

/** Plays runs that have to go on, while another namespace has a long history. */
async function playHistory(ground: Ground, { runs, steps, deliveries, heapMib = HEAP_MIB }: Size): Promise<void> {
  const { note, count, complain } = ground;
  const arena = await ground.open({}, await ground.startPlane());
  const { client } = arena;
  const past = `${arena.namespace}-past`;
  await fillNamespace(client, past, runs, steps);
  const orchestrations = Array.from({ length: 90 }, (_, index) => `history-${index}`);
  for (const name of orchestrations)
    await client.create(ORCHESTRATIONS, objectOf(ORCHESTRATIONS, past, name, { steps: one }));
  note(`${runs} runs of ${steps} steps have finished`);
  const replica = await follow(arena, past, heapMib);
  const [first, ...others] = await arena.createRuns(3);
  const delivering = inParallel(deliveries, (index) => {
    count('faults');
    const spec = { signalRef: { name: 'history' }, payload: { text: 'x'.repeat(1_000) } };
    return client.create(DELIVERIES, objectOf(DELIVERIES, past, `delivery-${index}`, spec));
  });
  const moving = arena.until(() => first !== undefined && arena.hasEnded(first), PATIENCE_MS);
  const [hasMoved] = await Promise.all([moving, delivering]);
  if (!hasMoved) complain('a run stands still while signals are delivered elsewhere');
  note(`${deliveries} signals are delivered`);
  for (const name of orchestrations) {
    count('faults');
    const body = { metadata: { labels: { all: 'true' } } };
    await client.patch(ORCHESTRATIONS, { namespace: past, name }, { type: 'merge', body });
  }
  note('all Orchestrations are labelled');
  await arena.createRuns(others.length, 'later');
  if (!(await arena.finish(PATIENCE_MS))) complain('runs stand still after that');
  await complainOfDeaths(ground, replica);
}
