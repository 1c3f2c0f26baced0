import { describe, expect, test } from 'vitest';
import { LEASES } from '../../src/kube/lease.ts';
import type { KubeObject } from '../../src/objects/object.ts';
import { findCondition } from '../../src/orchestration/conditions.ts';
import type { Orchestration } from '../../src/orchestration/decode.ts';
import { API_VERSION, GROUP } from '../../src/orchestration/schema.ts';
import { Annotation, Label } from '../../src/orchestration/vocabulary/metadata.ts';
import { nameGroup, namePlace } from '../../src/reconciler/places.ts';
import { listAtWork } from '../exhaustive/places/competition.ts';
import { statusOf } from '../exhaustive/unkind/checks.ts';
import { NAMESPACE, ORCHESTRATIONS, RUN, RUNS, TOOL_RUNS } from '../support/model/engine.ts';
import { quota, withoutRight } from '../support/model/laws.ts';
import type { Fate, OnItsWay } from '../support/model/network.ts';
import { tool } from '../support/model/play.ts';
import { createSimulation, type Simulation, type SimulationOptions } from '../support/model/simulation.ts';
import { setStage } from '../support/model/stage.ts';

const MINUTE_MS = 60_000;
/** How many runs a long queue has. */
const QUEUE = 40;

type Policy = Readonly<Record<string, unknown>>;

/** Orchestrations `main`, with this policy, and `free`, without one. The work of a run lasts until a test ends it. */
function begin(concurrency: Policy, more: Partial<SimulationOptions> = {}, policies: Policy = {}): Simulation {
  const main = { steps: [tool('work', [])], policies: { concurrency, ...policies } };
  const free = { steps: [tool('work', [])], policies: {} };
  const simulation = createSimulation({ orchestrations: { main, free }, outcomeOf: () => undefined, ...more });
  simulation.startEngine();
  return simulation;
}

/** The engine dies at the first call that is due. `hasDied` says whether it has. */
function dieOnce(fate: Fate, isDue: (call: OnItsWay) => boolean) {
  let hasDied = false;
  const decide = (call: OnItsWay) => {
    if (hasDied || !isDue(call)) return undefined;
    hasDied = true;
    return fate;
  };
  return { decide, hasDied: () => hasDied };
}

async function create({ createRun, pass }: Simulation, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    createRun(name, 'main');
    await pass(1_000);
  }
  await pass(5_000);
}

function annotate(
  { change }: Simulation,
  name: string,
  key: 'cancel' | 'suspend',
  value: string | null = 'true',
): void {
  const body = { metadata: { annotations: { [`${GROUP}/${key}`]: value } } };
  change((model) => model.patch(RUNS, { namespace: NAMESPACE, name }, { type: 'merge', body }));
}

/** Ends the work of a run with success. */
async function end({ model, change, pass }: Simulation, run: string): Promise<void> {
  const child = model
    .all()
    .find(({ kind, metadata }) => kind === 'ToolRun' && metadata.ownerReferences?.[0]?.name === run);
  if (child === undefined) throw new Error(`${run} has no work`);
  const body = { status: { phase: 'Succeeded' } };
  change((stored) => stored.patch(TOOL_RUNS, child.metadata, { type: 'merge', body }, { subresource: 'status' }));
  await pass(10_000);
}

const stored = (simulation: Simulation, name: string) => statusOf(simulation.get(RUNS, name));
const progress = (simulation: Simulation, name: string) =>
  findCondition(stored(simulation, name).conditions, 'Progressing');
const place = (simulation: Simulation, name: string) =>
  findCondition(stored(simulation, name).conditions, 'HoldsPlace');
const atWork = (simulation: Simulation) => listAtWork(simulation, 'main');
const leases = ({ model }: Simulation) => model.all().filter(({ kind }) => kind === LEASES.kind);

describe('runs of one group', () => {
  test('start one after the other, the oldest first, and say for whom they wait', async () => {
    const simulation = begin({});
    await create(simulation, 'z', 'y', 'x');
    expect(atWork(simulation)).toEqual(['z']);
    expect(progress(simulation, 'y')).toMatchObject({
      reason: 'Queued',
      message: 'waits for a place in the group "main": held by "z"',
    });
    expect(progress(simulation, 'x')?.message).toMatch(/: held by "z"; ahead of it in the queue: "y"$/);
    expect(place(simulation, 'z')).toMatchObject({ status: 'True', reason: 'PlaceTaken' });
    expect(place(simulation, 'y')).toMatchObject({ status: 'False', reason: 'PlaceAwaited' });
    await end(simulation, 'z');
    expect(atWork(simulation)).toEqual(['y']);
    expect(place(simulation, 'z')).toMatchObject({ status: 'False', reason: 'PlaceReleased' });
    await end(simulation, 'y');
    await end(simulation, 'x');
    expect(leases(simulation)).toEqual([]);
  });

  test('that were created while no engine was there start in the order of their creation', async () => {
    const simulation = createSimulation({
      orchestrations: { main: { steps: [tool('work', [])], policies: { concurrency: {} } } },
      outcomeOf: () => undefined,
    });
    for (const name of ['c', 'b', 'a']) {
      simulation.createRun(name, 'main');
      await simulation.pass(2_000);
    }
    simulation.startEngine();
    await simulation.pass(10_000);
    expect(atWork(simulation)).toEqual(['c']);
    expect(progress(simulation, 'a')?.message).toMatch(/: held by "c"; ahead of it in the queue: "b"$/);
  });

  test('have the group that their parameters give, and share it across Orchestrations', async () => {
    const concurrency = { group: 'parameters.env' };
    const steps = [tool('work', [])];
    const orchestrations = { main: { steps, policies: { concurrency } }, other: { steps, policies: { concurrency } } };
    const simulation = createSimulation({ orchestrations, outcomeOf: () => undefined });
    simulation.startEngine();
    for (const [name, of, env] of [
      ['a', 'main', 'staging'],
      ['b', 'other', 'staging'],
      ['c', 'main', 'production'],
    ] as const)
      simulation.createRun(name, of, { env });
    await simulation.pass(10_000);
    expect([...listAtWork(simulation, 'main'), ...listAtWork(simulation, 'other')]).toEqual(['a', 'c']);
    expect(progress(simulation, 'b')?.message).toBe('waits for a place in the group "staging": held by "a"');
  });

  test('fail at once if their group cannot be evaluated', async () => {
    const simulation = begin({ group: 'parameters.env' });
    await create(simulation, 'a');
    const { phase, conditions } = stored(simulation, 'a');
    expect(phase).toBe('Failed');
    expect(findCondition(conditions, 'Succeeded')).toMatchObject({
      reason: 'ConcurrencyGroupFailed',
      message: expect.stringMatching(/^policies\.concurrency\.group: .*env/),
    });
  });

  test('work at the same time, as many as max says', async () => {
    const simulation = begin({ max: 2 });
    await create(simulation, 'a', 'b', 'c', 'd');
    expect(atWork(simulation)).toEqual(['a', 'b']);
    await end(simulation, 'b');
    expect(atWork(simulation)).toEqual(['a', 'c']);
  });

  test('keep the snapshot with which they wait, over an edit and a new engine', async () => {
    const simulation = begin({});
    await create(simulation, 'a', 'b');
    const body = { spec: { steps: [{ name: 'edited', kind: 'Checkpoint' }], policies: {} } };
    simulation.change((model) =>
      model.patch(ORCHESTRATIONS, { namespace: NAMESPACE, name: 'main' }, { type: 'merge', body }),
    );
    simulation.killEngine();
    simulation.startEngine();
    await simulation.pass(5_000);
    await end(simulation, 'a');
    expect(atWork(simulation)).toEqual(['b']);
    expect(stored(simulation, 'b').stepStatuses.map(({ name }) => name)).toEqual(['work']);
  });
});

describe('a waiting run', () => {
  test('that is suspended holds up nobody, and keeps its age', async () => {
    const simulation = begin({});
    await create(simulation, 'a', 'b', 'c');
    annotate(simulation, 'b', 'suspend');
    await end(simulation, 'a');
    expect(atWork(simulation)).toEqual(['c']);
    await create(simulation, 'd');
    annotate(simulation, 'b', 'suspend', null);
    await simulation.pass(5_000);
    await end(simulation, 'c');
    expect(atWork(simulation)).toEqual(['b']);
  });

  test('waits for no template, although a template has no status either', async () => {
    const simulation = begin({});
    const metadata = { name: 'template', namespace: NAMESPACE, annotations: { [Annotation.Template]: 'true' } };
    const spec = { orchestrationRef: { name: 'main' } };
    simulation.change((model) => model.create(RUNS, { apiVersion: API_VERSION, kind: RUNS.kind, metadata, spec }));
    await create(simulation, 'z');
    expect(atWork(simulation)).toEqual(['z']);
  });

  test('starts if another replica took a place for it, although older runs wait before it here', async () => {
    const simulation = begin({});
    await create(simulation, 'z', 'a', 'b');
    simulation.killEngine();
    const { uid = '' } = simulation.get(RUNS, 'b')?.metadata ?? {};
    const owner = { apiVersion: API_VERSION, kind: RUNS.kind, name: 'b', uid, controller: true };
    const body = { metadata: { labels: { [Label.Holder]: uid }, ownerReferences: [owner] } };
    const target = { namespace: NAMESPACE, name: namePlace(nameGroup('main'), 0) };
    simulation.change((model) => model.patch(LEASES, target, { type: 'merge', body }));
    simulation.change((model) => model.delete(RUNS, { namespace: NAMESPACE, name: 'z' }));
    simulation.startEngine();
    await simulation.pass(MINUTE_MS);
    expect([atWork(simulation), progress(simulation, 'a')?.reason]).toEqual([['b'], 'Queued']);
    await end(simulation, 'b');
    expect(atWork(simulation)).toEqual(['a']);
  });

  test('starts if it has a place since before it was suspended, although an older run waits now', async () => {
    const { decide, hasDied } = dieOnce(
      'caller dies after',
      ({ verb, resource }) => verb === 'create' && resource === LEASES,
    );
    const simulation = begin({}, { decide });
    simulation.createRun('a', 'main');
    annotate(simulation, 'a', 'suspend');
    await create(simulation, 'b');
    annotate(simulation, 'b', 'suspend');
    annotate(simulation, 'a', 'suspend', null);
    simulation.startEngine();
    await simulation.pass(MINUTE_MS);
    expect([hasDied(), atWork(simulation), progress(simulation, 'a')?.reason]).toEqual([true, [], 'Queued']);
    annotate(simulation, 'b', 'suspend', null);
    await simulation.pass(MINUTE_MS);
    expect(atWork(simulation)).toEqual(['b']);
  });

  test('that took a place starts, although an older run that nothing reconciles is resumed just then', async () => {
    let isResumed = false;
    const simulation = begin(
      {},
      {
        decide: ({ verb, resource, name, body }, world) => {
          const owner = (body as KubeObject | undefined)?.metadata?.ownerReferences?.[0]?.name;
          if (owner === 'a' || name.name === 'a') return 'fails';
          if (isResumed || verb !== 'create' || resource !== LEASES) return undefined;
          isResumed = true;
          annotate(world, 'a', 'suspend', null);
          return 'answer is lost';
        },
      },
    );
    simulation.createRun('a', 'main');
    annotate(simulation, 'a', 'suspend');
    simulation.createRun('b', 'main');
    await simulation.pass(MINUTE_MS / 2);
    expect([isResumed, atWork(simulation), progress(simulation, 'a')]).toEqual([true, ['b'], undefined]);
  });

  test('that is cancelled ends at once, and the next one takes its turn', async () => {
    const simulation = begin({});
    await create(simulation, 'a', 'b', 'c');
    annotate(simulation, 'b', 'cancel');
    await simulation.pass(1_000);
    expect(stored(simulation, 'b').phase).toBe('Cancelled');
    expect(place(simulation, 'b')).toMatchObject({ status: 'False', reason: 'PlaceReleased' });
    await end(simulation, 'a');
    expect(atWork(simulation)).toEqual(['c']);
  });

  test('starts when the holder is deleted', async () => {
    const simulation = begin({});
    await create(simulation, 'a', 'b');
    simulation.change((model) => model.delete(RUNS, { namespace: NAMESPACE, name: 'a' }));
    await simulation.pass(5_000);
    expect(atWork(simulation)).toEqual(['b']);
  });

  test.each([
    ['listed', withoutRight(LEASES, ['list']), /cannot list its places: .*cannot list resource "leases"/],
    ['created', withoutRight(LEASES, ['create']), /cannot take a free one yet: .*cannot create resource "leases"/],
    ['created under a quota', quota(NAMESPACE, LEASES, 0), /cannot take a free one yet: .*exceeded quota/],
  ])('says so if Leases cannot be %s, and starts when they can', async (_, law, message) => {
    const simulation = begin({ whenFull: 'Fail' }, { laws: [law] });
    await create(simulation, 'a');
    expect(stored(simulation, 'a').phase).toBe('Pending');
    expect(progress(simulation, 'a')).toMatchObject({ reason: 'Queued', message: expect.stringMatching(message) });
    simulation.govern([]);
    await simulation.pass(2 * MINUTE_MS);
    expect(atWork(simulation)).toEqual(['a']);
  });

  test('costs few writes and few reads, however long the queue is', async () => {
    const simulation = begin({}, { outcomeOf: () => 'Succeeded' });
    await create(simulation);
    const names = Array.from({ length: QUEUE }, (_, index) => `run-${String(index).padStart(3, '0')}`);
    for (const name of names) simulation.createRun(name, 'main');
    const isOver = () => names.every((name) => stored(simulation, name).phase === 'Succeeded');
    expect(await simulation.until(isOver, 30 * MINUTE_MS)).toBe(true);
    const saysQueued = ({ type, object }: Simulation['happenings'][number]) =>
      type === 'MODIFIED' &&
      object.kind === RUNS.kind &&
      findCondition(statusOf(object).conditions, 'Progressing')?.reason === 'Queued';
    const writes = simulation.happenings.filter(saysQueued).length / QUEUE;
    const lists =
      simulation.calls.filter(({ verb, resource }) => verb === 'list' && resource === LEASES).length / QUEUE;
    console.log(`${writes} writes of the queue and ${lists} lists of Leases for each of ${QUEUE} runs`);
    expect(writes).toBeLessThan(1.1);
    expect(lists).toBeLessThan(8);
  });
});

test.each([
  ['is gone', 'gone'],
  ['has ended without a word of it', 'over'],
])('a place whose run %s is free', async (_, holder) => {
  const stage = setStage([tool('work', [])], { policies: { concurrency: {} } });
  const { api } = stage;
  const name = namePlace(nameGroup('nightly'), 0);
  const over = { apiVersion: API_VERSION, kind: RUNS.kind, metadata: { name: 'over', namespace: NAMESPACE } };
  const { uid = '' } = api.create(RUNS, over).metadata;
  api.patch(RUNS, over.metadata, { type: 'merge', body: { status: { phase: 'Failed' } } }, { subresource: 'status' });
  const owner = { ...over, name: holder, uid: holder === 'over' ? uid : 'gone', controller: true };
  api.create(LEASES, {
    ...{ apiVersion: 'coordination.k8s.io/v1', kind: LEASES.kind },
    metadata: {
      ...{ name, namespace: NAMESPACE, ownerReferences: [owner] },
      labels: { [Label.Group]: nameGroup('nightly').name },
    },
  });
  await stage.look();
  expect(stage.children()).toContain('work');
  expect(api.get(LEASES, { namespace: NAMESPACE, name }).metadata.ownerReferences?.[0]?.name).toBe(RUN);
});

describe('a run that has ended', () => {
  test('keeps its place until the children that it ended are gone', async () => {
    const simulation = begin({}, { lingersMs: () => 30_000 });
    await create(simulation, 'a', 'b');
    annotate(simulation, 'a', 'cancel');
    await simulation.pass(10_000);
    expect(stored(simulation, 'a').phase).toBe('Cancelled');
    expect(atWork(simulation)).toEqual(['a']);
    expect(progress(simulation, 'b')?.message).toMatch(/held by "a"$/);
    await simulation.pass(40_000);
    expect(atWork(simulation)).toEqual(['b']);
  });

  test('is deleted by its lifetime only after that', async () => {
    const simulation = begin({}, { lingersMs: () => 30_000 }, { ttlSecondsAfterFinished: 0 });
    await create(simulation, 'a', 'b');
    annotate(simulation, 'a', 'cancel');
    await simulation.pass(10_000);
    expect(stored(simulation, 'a').phase).toBe('Cancelled');
    await simulation.pass(40_000);
    expect(simulation.get(RUNS, 'a')).toBeUndefined();
    expect(atWork(simulation)).toEqual(['b']);
  });

  test('releases its place also if its engine dies right after it recorded the end', async () => {
    const { decide, hasDied } = dieOnce(
      'caller dies before',
      ({ verb, resource }) => verb === 'list' && resource === LEASES && stored(simulation, 'a').phase === 'Succeeded',
    );
    const simulation = begin({}, { decide });
    await create(simulation, 'a');
    await end(simulation, 'a');
    expect([hasDied(), leases(simulation).length]).toEqual([true, 1]);
    simulation.startEngine();
    await simulation.pass(10_000);
    expect(leases(simulation)).toEqual([]);
  });
});

describe('a nested run', () => {
  const nested = (group: string) => ({
    steps: [{ name: 'sub', kind: 'SubOrchestration', orchestrationRef: { name: 'inner' } }],
    policies: { concurrency: { group } },
  });
  const inner: Pick<Orchestration, 'steps' | 'policies'> = {
    steps: [tool('work', [])],
    policies: { concurrency: { group: '"shared"' } },
  };

  test('shares the place of the run that owns it in the same group', async () => {
    const orchestrations = { main: nested('"shared"'), inner };
    const simulation = createSimulation({ orchestrations, outcomeOf: () => undefined });
    simulation.startEngine();
    simulation.createRun('a', 'main');
    await simulation.pass(10_000);
    expect(listAtWork(simulation, 'inner')).toHaveLength(1);
    expect(leases(simulation)).toHaveLength(1);
  });

  test('takes a place of its own in another group, and its step says that it waits', async () => {
    const orchestrations = { main: nested('run.name'), inner };
    const simulation = createSimulation({ orchestrations, outcomeOf: () => undefined });
    simulation.startEngine();
    simulation.createRun('a', 'main');
    simulation.createRun('b', 'main');
    await simulation.pass(10_000);
    expect(listAtWork(simulation, 'main')).toEqual(['a', 'b']);
    expect(listAtWork(simulation, 'inner')).toHaveLength(1);
    const messages = ['a', 'b'].map((name) => stored(simulation, name).stepStatuses[0]?.message ?? '');
    expect(
      messages.filter((message) => /waits for a place in the group "shared": held by /.test(message)),
    ).toHaveLength(1);
  });
});

test('whenFull: Fail fails a run, and names the holder', async () => {
  const simulation = begin({ whenFull: 'Fail' });
  await create(simulation, 'a', 'b');
  expect(stored(simulation, 'b').phase).toBe('Failed');
  expect(progress(simulation, 'b')).toMatchObject({
    reason: 'ConcurrencyLimitReached',
    message: 'no place is free in the group "main": held by "a"',
  });
});

test('whenFull: Replace cancels the holder, whose cleanup runs, and only the newest of the waiting runs remains', async () => {
  const steps = [tool('work', []), tool('down', ['work'], { runIf: 'Always' })];
  const simulation = createSimulation({
    orchestrations: { main: { steps, policies: { concurrency: { whenFull: 'Replace' } } } },
    outcomeOf: (step) => (step === 'down' ? 'Succeeded' : undefined),
  });
  simulation.startEngine();
  await create(simulation, 'a');
  for (const name of ['b', 'c', 'd']) simulation.createRun(name, 'main');
  await simulation.pass(20_000);
  expect(['a', 'b', 'c', 'd'].map((name) => stored(simulation, name).phase)).toEqual([
    ...['Cancelled', 'Cancelled', 'Cancelled', 'Running'],
  ]);
  expect(stored(simulation, 'a').stepStatuses.map(({ phase }) => phase)).toEqual(['Cancelled', 'Succeeded']);
});

test('a run without the policy makes no call about Leases', async () => {
  const simulation = begin({});
  simulation.createRun('plain', 'free');
  await simulation.pass(5_000);
  await end(simulation, 'plain');
  expect(stored(simulation, 'plain').phase).toBe('Succeeded');
  expect(simulation.calls.filter(({ resource }) => resource === LEASES)).toEqual([]);
});
