import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../src/objects/object.ts';
import type { ReconcileResult } from '../../src/objects/outcomes.ts';
import type { Orchestration } from '../../src/orchestration/decode.ts';
import { isRunFinal } from '../../src/orchestration/run-status.ts';
import { GROUP } from '../../src/orchestration/schema.ts';
import type { Reconciler } from '../../src/reconciler/reconcile.ts';
import { createRivals } from '../../src/reconciler/rivals.ts';
import { connectModel } from '../support/model/cluster.ts';
import {
  createWorld,
  listChildren,
  NAMESPACE,
  REVISIONS,
  RUN,
  RUNS,
  setPhase,
  storedStatus,
  type World,
} from '../support/model/engine.ts';
import { type Step, tool } from '../support/model/play.ts';
import { startEngine } from '../support/model/stage.ts';
import { hasEnded } from './invariants/moment.ts';

// Other clients can write a status too: any client with the right to patch it, and any controller that wrote it before
// us.

const run = { namespace: NAMESPACE, name: RUN };

interface Life {
  readonly world: World;
  /** Starts a process without any memory. */
  readonly restart: () => Reconciler;
  /**
   * Reconciles the run with a process (a new one unless given) and lets time pass, until nothing is left to do, the
   * same retry comes again and again, or this much time is over.
   */
  readonly settle: (engine?: Reconciler, forMs?: number) => Promise<void>;
  readonly patchStatus: (status: object) => KubeObject;
  readonly cancel: () => KubeObject;
  /** The largest number of children that ran at once. */
  readonly mostAtWork: () => number;
}

/** A run of these steps that a process without memory reconciles. */
function begin(steps: readonly Step[], policies: Orchestration['policies'] = {}): Life {
  const world = createWorld({ steps, policies }, { ancestry: [], tell: () => {} });
  const { api } = world;
  const restart = () => startEngine(connectModel(api), world);
  let mostAtWork = 0;
  const life: Life = {
    world,
    restart,
    mostAtWork: () => mostAtWork,
    async settle(engine = restart(), forMs = Infinity) {
      const untilMs = world.nowMs + forMs;
      // Every write of the run triggers a reconcile.
      for (let round = 0, before = ''; round < 40; round++) {
        const outcome = await engine.reconcile(`${NAMESPACE}/${RUN}`);
        while (api.collectGarbage());
        mostAtWork = Math.max(mostAtWork, atWork(life).length);
        const { resourceVersion = '' } = api.get(RUNS, run).metadata;
        if (outcome === 'done' && resourceVersion === before) return;
        before = resourceVersion;
        world.nowMs += Math.min(pauseAfter(outcome), untilMs - world.nowMs);
        if (world.nowMs >= untilMs) return;
      }
    },
    patchStatus: (status) => api.patch(RUNS, run, { type: 'merge', body: { status } }, { subresource: 'status' }),
    cancel: () =>
      api.patch(RUNS, run, { type: 'merge', body: { metadata: { annotations: { [`${GROUP}/cancel`]: 'true' } } } }),
  };
  return life;
}

function pauseAfter(outcome: ReconcileResult): number {
  return typeof outcome === 'string' ? 1000 : Math.min(outcome.afterMs ?? Infinity, 60_000);
}

function entriesOf({ world }: Life): readonly Record<string, unknown>[] {
  return storedStatus(world).stepStatuses as unknown as Record<string, unknown>[];
}

function standingOf({ world }: Life): string {
  const { phase, conditions } = storedStatus(world);
  const { reason, message } = conditions.find(({ type }) => type === 'Succeeded') ?? {};
  return `${phase}, ${reason}: ${message}`;
}

/** The children that exist and have not ended. */
function atWork({ world }: Life): readonly string[] {
  return listChildren(world.api)
    .filter((child) => !hasEnded(child))
    .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
}

describe('a status that another client has written', () => {
  test('names no child: the kind, namespace and name come from run, step and attempt', async () => {
    const life = begin([tool('deploy')]);
    await life.settle();
    const [child] = atWork(life);
    const [entry = {}] = entriesOf(life);
    const { uid: _, ...ref } = entry['resourceRef'] as Record<string, unknown>;
    for (const forged of [{ namespace: 'elsewhere' }, { name: 'other' }, { kind: 'AgentRun' }, { kind: 'Secret' }]) {
      life.patchStatus({ stepStatuses: [{ ...entry, resourceRef: { ...ref, ...forged } }] });
      await life.settle();
      expect(atWork(life), JSON.stringify(forged)).toEqual([child]);
      expect(entriesOf(life)[0]?.['resourceRef']).toMatchObject(ref);
    }
  });

  test.each<[string, (entry: Record<string, unknown>) => readonly object[]]>([
    ['an attempt of 0', (entry) => [{ ...entry, attempt: 0 }]],
    ['an attempt below 0', (entry) => [{ ...entry, attempt: -7 }]],
    ['no phase', ({ phase: _, ...entry }) => [entry]],
    ['the phase of a step that has not begun', (entry) => [{ ...entry, phase: 'Pending' }]],
    ['another kind', (entry) => [{ ...entry, kind: 'Checkpoint' }]],
    ['no kind', ({ kind: _, ...entry }) => [entry]],
    ['a second entry for the step', (entry) => [entry, { ...entry, phase: 'Succeeded' }]],
    ['a step that does not exist', (entry) => [entry, { ...entry, name: 'ghost' }]],
    ['nothing at all', () => []],
  ])('with %s follows the existing child, and repairs what is stored', async (_, forge) => {
    const life = begin([tool('deploy')]);
    await life.settle();
    const before = entriesOf(life);
    const children = atWork(life);
    life.patchStatus({ stepStatuses: forge(before[0] ?? {}) });
    await life.settle();
    expect(atWork(life)).toEqual(children);
    for (const child of listChildren(life.world.api)) setPhase(life.world, child, 'Succeeded');
    await life.settle();
    expect(standingOf(life)).toBe('Succeeded, Completed: the step succeeded');
    expect(entriesOf(life)).toMatchObject([{ name: 'deploy', kind: 'ToolRun', phase: 'Succeeded', attempt: 1 }]);
  });

  test.each<[string, object, string]>([
    ['more attempts than the step has', { attempt: 9 }, 'step build is at attempt 9, but has 2 attempts at most'],
    [
      'a step that has begun before its dependency ended',
      { phase: 'Retrying', nextRetryAt: '2026-01-01T00:00:00Z' },
      'step ship is Running, but its dependency build is Retrying',
    ],
  ])('with %s fails the run, reports why, and leaves no child running', async (_, forged, why) => {
    const life = begin([tool('build', [], { retries: 1 }), tool('ship', ['build'])]);
    await life.settle();
    for (const child of listChildren(life.world.api)) setPhase(life.world, child, 'Succeeded');
    await life.settle();
    const [build, ship] = entriesOf(life);
    life.patchStatus({ stepStatuses: [{ ...build, ...forged }, ship] });
    await life.settle();
    expect(standingOf(life)).toContain(`Failed, StatusContradiction: the status contradicts itself: ${why}`);
    expect(atWork(life)).toEqual([]);
  });

  test('that ends a run whose steps still run also ends the steps', async () => {
    const life = begin([tool('build')]);
    await life.settle();
    life.patchStatus({ phase: 'Succeeded' });
    await life.settle();
    expect(standingOf(life)).toContain('Failed, StatusContradiction: ');
    expect(standingOf(life)).toContain('the run is Succeeded, but step build is Running');
    expect(atWork(life)).toEqual([]);
  });

  describe.each<[string, Partial<Step>, Orchestration['policies']]>([
    ['a cancel', {}, {}],
    ['the timeout of an attempt', { timeoutSeconds: 60 }, {}],
    ['the timeout of an attempt that has a retry', { timeoutSeconds: 60, retries: 1 }, {}],
    ['the deadline of the run', {}, { timeouts: { totalSeconds: 60 } }],
  ])('with a uid that no child has, when %s ends the running child', (what, options, policies) => {
    test.each([
      ['seen before that, by the process that created the child', { isSeen: true, isRemembered: true }],
      ['seen before that, by another process', { isSeen: true, isRemembered: false }],
      ['seen with it, by the process that created the child', { isSeen: false, isRemembered: true }],
      ['seen with it, by another process', { isSeen: false, isRemembered: false }],
    ])('and %s, leaves no child running and runs nothing twice', async (_, { isSeen, isRemembered }) => {
      const life = begin([tool('build', [], options)], policies);
      const engine = isRemembered ? life.restart() : undefined;
      const forge = () => {
        const withoutChild = (ref: unknown) => ({ ...(ref as object), uid: 'forged' });
        const change = (entry: Record<string, unknown>) => ({
          ...entry,
          resourceRef: withoutChild(entry['resourceRef']),
        });
        life.patchStatus({ stepStatuses: entriesOf(life).map(change) });
      };
      await life.settle(engine, 10_000);
      expect(atWork(life)).toHaveLength(1);
      forge();
      if (isSeen) await life.settle(engine, 10_000);
      if (what === 'a cancel') life.cancel();
      else life.world.nowMs += 60_000;
      await life.settle(engine, 10_000);
      forge(); // the uid of a second attempt, or of a step that is over
      await life.settle(engine);
      expect(isRunFinal(storedStatus(life.world))).toBe(true);
      expect(atWork(life)).toEqual([]);
      expect(life.mostAtWork()).toBe(1);
    });
  });

  test('never prevents a cancel, whatever it contains', async () => {
    const entry = fc.dictionary(
      fc.constantFrom(
        'name',
        'kind',
        'phase',
        'attempt',
        'resourceRef',
        'startedAt',
        'nextRetryAt',
        'reason',
        'uid',
        'index',
      ),
      nasty,
      { maxKeys: 4 },
    );
    const mutation = fc.record({ at: fc.nat(3), change: entry, run: fc.dictionary(runField, nasty, { maxKeys: 2 }) });
    const property = fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (mutations) => {
      const life = begin([
        tool('a', []),
        tool('b', ['a'], { retries: 1, timeoutSeconds: 60 }),
        { name: 'c', kind: 'AgentRun', agentRef: { name: 'x' }, implementation: {}, dependsOn: [] },
        { name: 'd', kind: 'Checkpoint', dependsOn: ['c'] },
      ]);
      await life.settle();
      for (const { at, change, run: fields } of mutations) {
        const stepStatuses = entriesOf(life).map((one, index) => (index === at ? { ...one, ...change } : one));
        life.patchStatus({ stepStatuses, ...fields });
      }
      life.cancel();
      await life.settle();
      const status = storedStatus(life.world);
      expect(isRunFinal(status)).toBe(true);
      expect(atWork(life)).toEqual([]);
    });
    // The other client has written an end, but the child still runs.
    const examples: [{ at: number; change: object; run: object }[]][] = [
      [[{ at: 0, change: { phase: 'Succeeded' }, run: {} }]],
    ];
    await fc.assert(property, { numRuns: 273, examples });
  });

  test('keeps a phase that this version does not know, and its attempt, until the run ends', async () => {
    const life = begin([tool('build', [], { retries: 5 }), tool('ship', ['build'])]);
    await life.settle();
    const [build, ship] = entriesOf(life);
    const newer = { ...build, phase: 'Hibernating', attempt: 3, until: 'spring' };
    life.patchStatus({ stepStatuses: [newer, ship] });
    const children = atWork(life);
    await life.settle();
    expect(entriesOf(life)[0]).toMatchObject({ phase: 'Hibernating', attempt: 3, until: 'spring' });
    expect(atWork(life)).toEqual(children);
    expect(standingOf(life)).toContain('step build has the phase Hibernating, which this version does not know');
    life.cancel();
    await life.settle();
    expect(entriesOf(life)).toMatchObject([{ phase: 'Cancelled', attempt: 3 }, { phase: 'Cancelled' }]);
  });

  test('still ends if the snapshot is gone too', async () => {
    const life = begin([tool('build')]);
    await life.settle();
    const [revision] = life.world.api.list(REVISIONS).items;
    life.world.api.delete(REVISIONS, { namespace: NAMESPACE, name: revision?.metadata.name ?? '' });
    life.patchStatus({ stepStatuses: entriesOf(life).map((one) => ({ ...one, resourceRef: { kind: 'Secret' } })) });
    await life.settle();
    expect(standingOf(life)).toContain('Failed, SnapshotLost');
    expect(atWork(life)).toEqual([]);
  });
});

test('a rival that has taken over every field of the status of a run is reported once, and the run is not touched', async () => {
  const life = begin([tool('build')]);
  await life.settle();
  const { api } = life.world;
  const model = connectModel(api);
  const cluster = { ...model, statusWriters: () => ({ isOurs: false, isForeign: true }) };
  const engine = startEngine(cluster, life.world);
  for (let write = 0; write < 5; write++) await engine.reconcile(`${NAMESPACE}/${RUN}`);
  expect(model.circumstances.calls).toEqual(['event OrchestrationRun StatusContested']);
});

test('a run that waits for a rival starts when the rival has written nothing for ten minutes, and waits only once', async () => {
  const life = begin([tool('build')]);
  const { api } = life.world;
  const rivals = createRivals(() => life.world.nowMs);
  rivals.begin();
  life.world.nowMs += 5_000;
  rivals.see(NAMESPACE, life.world.nowMs);
  const model = connectModel(api);
  const engine = startEngine({ ...model, rivalOf: rivals.of }, life.world);
  expect(await engine.reconcile(`${NAMESPACE}/${RUN}`)).toEqual({ afterMs: 600_000 });
  expect(standingOf(life)).toContain('Pending, StatusContested: ');
  life.world.nowMs += 300_000;
  expect(await engine.reconcile(`${NAMESPACE}/${RUN}`)).toEqual({ afterMs: 300_000 });
  expect(model.circumstances.calls).toEqual([
    'patch OrchestrationRun nightly-1',
    'event OrchestrationRun StatusContested',
  ]);
  life.world.nowMs += 300_000;
  await life.settle(engine);
  expect(atWork(life)).toHaveLength(1);
});

const runField = fc.constantFrom('phase', 'runId', 'startedAt', 'finishedAt', 'conditions', 'observedGeneration');
const nasty: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, 0, -1, 1.5, 1e9, true, '', 'Running', 'Succeeded', 'Pending', 'Retrying', 'Sleeping'),
  fc.constantFrom<unknown>(
    'a',
    'b',
    'ghost',
    '__proto__',
    '+275760-09-13T00:00:00.000Z',
    '1970-01-01T00:00:00Z',
    'never',
  ),
  fc.constantFrom<unknown>('ToolRun', 'Secret', 'StepTimedOut', 'InvalidStep', [], {}, [[]]),
  fc.constantFrom<unknown>(
    { kind: 'Secret', apiVersion: 'v1', name: 'x', namespace: 'kube-system' },
    { kind: 'ToolRun', apiVersion: 'tools.proompteng.ai/v1alpha1', name: 'x', namespace: 'elsewhere', uid: 'x' },
    { kind: 'ToolRun', apiVersion: 'tools/v9', name: 'x', namespace: 'agents' },
  ),
);
