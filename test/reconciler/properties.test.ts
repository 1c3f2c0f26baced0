import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../src/objects/object.ts';
import { isRunFinal } from '../../src/orchestration/run-status.ts';
import { planRun } from '../../src/reconciler/plan.ts';
import { type Left, listMoves, type Move, type PhasesOf } from '../exhaustive/moves.ts';
import {
  attemptOf,
  createWorld,
  listChildren,
  type Moment,
  NAMESPACE,
  nameChild,
  ORCHESTRATION,
  ORCHESTRATIONS,
  POLICIES,
  phaseOf,
  RUN,
  RUNS,
  setPhase,
  storedRun,
  storedStatus,
  type World,
} from '../support/model/engine.ts';
import { type Step, settle, tool } from '../support/model/play.ts';
import { expectedEnds, type Plan } from './expected-ends.ts';
import { hasEnded } from './invariants/moment.ts';
import { factsOf, violationsAtEnd, violationsOf } from './invariants.ts';

/** The fields that a step may have. */
const flags = fc.record(
  {
    retries: fc.integer({ min: 0, max: 2 }),
    retryBackoffSeconds: fc.constantFrom(0, 10),
    timeoutSeconds: fc.constantFrom(0, 60),
    pendingTimeoutSeconds: fc.constantFrom(0, 60),
    continueOnFailure: fc.boolean(),
    when: fc.constantFrom('true', 'true', 'true', 'false', '1 / 0 == 0'),
    runIf: fc.constantFrom('Succeeded', 'Succeeded', 'Succeeded', 'Failed', 'Always', 'Always'),
  },
  { requiredKeys: [] },
);

const kinds = fc.constantFrom<Partial<Step>>(
  ...Array.from({ length: 8 }, () => ({})),
  { kind: 'Checkpoint' },
  { kind: 'ApprovalGate', policyRef: 'board' },
  { kind: 'SubOrchestration', orchestrationRef: { name: 'other' } },
  { kind: 'Unheard-of' },
  { kind: 'ToolRun', toolRef: { name: '' } },
);

/** Up to twelve steps. Each depends on some steps that are declared before or after it, or all leave dependsOn out. */
function anySteps(kind: fc.Arbitrary<Partial<Step>>): fc.Arbitrary<Step[]> {
  return fc.integer({ min: 1, max: 12 }).chain((size) => {
    const nodes = Array.from({ length: size }, (_, i) => i);
    const order = fc.shuffledSubarray(nodes, { minLength: size });
    const edges = fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 2 * size });
    const parts = fc.array(fc.tuple(flags, kind), { minLength: size, maxLength: size });
    const silent = fc.integer({ max: 9, min: 0 }).map((die) => die === 0);
    return fc.tuple(order, edges, parts, silent).map(([rank, pairs, fields, isSilent]) =>
      nodes.map((node) => {
        const before = pairs.filter(([from, to]) => from === node && (rank[to] ?? 0) < (rank[node] ?? 0));
        const dependsOn = before.map(([, to]) => `s${to}`);
        const [flag = {}, own = {}] = fields[node] ?? [];
        return tool(`s${node}`, isSilent ? undefined : dependsOn, { ...flag, ...own });
      }),
    );
  });
}

const policies = fc.record(
  {
    maxParallel: fc.integer({ min: 0, max: 3 }),
    retries: fc.record({ limit: fc.integer({ min: 0, max: 1 }) }),
    timeouts: fc.record(
      { totalSeconds: fc.constantFrom(0, 100), cleanupSeconds: fc.constantFrom(0, 30, 60) },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);

/** A list of numbers, each of which chooses one of the possible moves. */
const schedule = fc.array(fc.nat(), { maxLength: 250, size: 'max' });

const QUIET = { cancel: false, cancelNow: false, uncancel: false, suspend: false, remove: false, sweep: false };
const FAULTS: Left = {
  ...QUIET,
  faults: Infinity,
  hours: 0,
  rival: false,
  cancelChildren: true,
  decisions: 0,
  startsLate: false,
};
const EVERYTHING: Left = { ...FAULTS, cancel: true, cancelNow: true, uncancel: true, suspend: true, remove: true };

interface Trace {
  readonly world: World;
  readonly violations: string[];
}

/** Makes the moves that the schedule chooses, then lets the run end without further faults. */
function live(
  plan: Plan,
  picks: readonly number[],
  menu: Left,
  phases: PhasesOf,
  more: (world: World) => Move[],
): Trace {
  const facts = factsOf(plan);
  const violations: string[] = [];
  let last: Extract<Moment, { type: 'Planned' }> | undefined;
  const tell = (moment: Moment) => {
    violations.push(...violationsOf(moment, facts));
    if (moment.type === 'Planned') last = moment;
    if (moment.type === 'Planned')
      expect(planRun(freeze(moment.observation), moment.nowMs, OPTIONS)).toEqual(moment.actions);
  };
  const world = createWorld(plan, { ancestry: [], tell, startsLate: menu.startsLate });
  let left = menu;
  let latestMs = world.nowMs;
  for (const pick of picks) {
    // People and faults are rare, or no run would make progress.
    const moves =
      pick % 8 > 0
        ? listMoves(world, { ...left, ...QUIET }, phases)
        : [...listMoves(world, left, phases), ...more(world)];
    const move = moves[pick % moves.length];
    move?.go(world);
    left = { ...left, ...move?.used };
    latestMs = Math.max(latestMs, world.nowMs);
  }
  // The clock is right again. Otherwise, everything that is due would wait until the clock has caught up.
  world.nowMs = latestMs;
  for (let round = 0; round < 500; round++) {
    settle(world);
    if (!letOneThingHappen(world, phases, last)) break;
  }
  violations.push(...violationsAtEnd(storedStatus(world), listChildren(world.api)));
  return { world, violations };
}

const OPTIONS = { nameChild, missingOrchestrationSeconds: 300 };

/** Makes one move that needs no fault. Returns false if none is left. */
function letOneThingHappen(
  world: World,
  phases: PhasesOf,
  last: Extract<Moment, { type: 'Planned' }> | undefined,
): boolean {
  const running = listChildren(world.api).filter((child) => !hasEnded(child));
  const ending = running.find((child) => phases(child).length > 0);
  if (ending !== undefined) setPhase(world, ending, phases(ending)[0] ?? '');
  else if (world.api.collectGarbage()) return true;
  else if (isRunFinal(storedStatus(world))) return false;
  else if (storedRun(world)?.metadata.annotations?.[SUSPEND] === 'true') annotate(world, SUSPEND, null);
  else if (!isDecided(world)) approve(world, 'Approved');
  else {
    const due = last?.actions.find((action) => action.type === 'RequeueAt');
    const [hanging] = running;
    if (due !== undefined) world.nowMs = Math.max(world.nowMs + 1, Date.parse(due.time));
    else if (hanging !== undefined) setPhase(world, hanging, 'Succeeded');
    else return false;
  }
  return true;
}

/** Other events for a run, and for the clock. */
function accidents(world: World): Move[] {
  const { api, plan } = world;
  const wait = (seconds: number) => ({
    label: `${seconds} s pass`,
    go: (next: World) => (next.nowMs += seconds * 1000),
  });
  const rival = { metadata: { labels: { seen: String(world.nowMs) } } };
  const child = plan?.actions.find((action) => action.type === 'CreateChild');
  const policy = ['Approved', 'Denied', 'Ready', 'Aproved'].map((phase) => ({
    label: phase,
    go: (next: World) => approve(next, phase),
  }));
  const nested = listChildren(api).find((other) => other.kind === 'OrchestrationRun' && !hasEnded(other));
  const hasOrchestration = api.list(ORCHESTRATIONS).items.length > 0 && storedStatus(world).runId !== undefined;
  return [
    wait(10),
    wait(60),
    wait(-3600),
    { label: 'a rival labels the run', go: (next) => next.api.patch(RUNS, run, { type: 'merge', body: rival }) },
    ...(isDecided(world) ? [] : policy),
    ...(nested
      ? ['Pending', 'Running', 'Succeeded'].map((phase) => ({
          label: `the cleanup of ${nested.metadata.name} is ${phase}`,
          go: (next: World) => setCleanup(next, nested, phase),
        }))
      : []),
    ...(hasOrchestration
      ? [
          { label: 'the Orchestration is edited', go: edit },
          { label: 'it is deleted', go: remove },
        ]
      : []),
    ...(child
      ? [{ label: 'the child will be refused', go: (next: World) => (next.refused = new Set([child.ref.name])) }]
      : []),
  ];
}

const run = { namespace: NAMESPACE, name: RUN };
const orchestration = { namespace: NAMESPACE, name: ORCHESTRATION };
const SUSPEND = 'orchestration.proompteng.ai/suspend';

/** Sets the phase of the cleanup of a nested run. */
function setCleanup({ api }: World, { metadata }: KubeObject, phase: string): void {
  const stepStatuses = [{ name: 'down', kind: 'ToolRun', phase, attempt: 1, cleanup: true }];
  const body = { status: { phase: 'Running', stepStatuses } };
  api.patch(RUNS, metadata, { type: 'merge', body }, { subresource: 'status' });
}

function edit({ api }: World): void {
  api.patch(ORCHESTRATIONS, orchestration, { type: 'merge', body: { spec: { steps: [tool('other')], policies: {} } } });
}

function remove({ api }: World): void {
  api.delete(ORCHESTRATIONS, orchestration);
}

function annotate({ api }: World, key: string, value: string | null): void {
  api.patch(RUNS, run, { type: 'merge', body: { metadata: { annotations: { [key]: value } } } });
}

function isDecided({ api }: World): boolean {
  const [policy] = api.list(POLICIES).items;
  return policy !== undefined && ['Approved', 'Denied'].includes(String(phaseOf(policy)));
}

function approve({ api }: World, phase: string): void {
  const policy = {
    apiVersion: 'approvals.proompteng.ai/v1alpha1',
    kind: 'ApprovalPolicy',
    metadata: { name: 'board', namespace: NAMESPACE },
    spec: { mode: 'manual' },
  };
  if (api.list(POLICIES).items.length === 0) api.create(POLICIES, policy);
  api.patch(POLICIES, policy.metadata, { type: 'merge', body: { status: { phase } } }, { subresource: 'status' });
}

/** Freezes a value, because a plan must not change its observation. */
function freeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freeze(inner);
  }
  return value;
}

describe('any run', () => {
  test('keeps every sentence of the semantics and ends, whatever happens to it', () => {
    const plans = fc.record({ steps: anySteps(kinds), policies });
    fc.assert(
      fc.property(plans, fc.func(fc.boolean()), fc.boolean(), schedule, (plan, isHanging, startsLate, picks) => {
        const phasesOf = ({ metadata }: KubeObject) =>
          isHanging(metadata.name) ? [] : ['Succeeded', 'Failed', 'Cancelled'];
        const { violations } = live(plan, picks, { ...EVERYTHING, startsLate }, phasesOf, accidents);
        expect(violations).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  test('ends as its children did, whatever fails in between', () => {
    const steps = anySteps(fc.constant({})).map((all) =>
      all.map(({ timeoutSeconds: _, pendingTimeoutSeconds: __, ...step }) => step),
    );
    const plans = fc.record({ steps, policies: policies.map(({ timeouts: _, ...rest }) => rest) });
    const outcomes = fc.func(fc.constantFrom('Succeeded', 'Succeeded', 'Failed', 'Cancelled'));
    fc.assert(
      fc.property(plans, outcomes, schedule, (plan, outcomeOf, picks) => {
        const phasesOf = (child: KubeObject) => [outcomeOf(child.metadata.name.split('.')[0], attemptOf(child))];
        const { world, violations } = live(plan, picks, FAULTS, phasesOf, () => []);
        const ends = storedStatus(world).stepStatuses.map(
          ({ phase, attempt, ignored, reason }) =>
            `${phase} ${attempt}${ignored ? ' ignored' : reason === 'ConditionFalse' ? ' neutral' : ''}`,
        );
        expect(violations).toEqual([]);
        expect(ends).toEqual(expectedEnds(plan, outcomeOf));
      }),
      { numRuns: 300 },
    );
  });
});
