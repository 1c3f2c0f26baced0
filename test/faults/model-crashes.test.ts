import { expect, test } from 'vitest';
import type { Resource } from '../../src/kube/resources.ts';
import type { KubeObject } from '../../src/objects/object.ts';
import { isRunFinal } from '../../src/orchestration/run-status.ts';
import { hasEnded } from '../reconciler/invariants/moment.ts';
import { factsOf, violationsAtEnd, violationsOf } from '../reconciler/invariants.ts';
import {
  act,
  attemptOf,
  crash,
  createWorld,
  forkWorld,
  listChildren,
  listVisible,
  NAMESPACE,
  POLICIES,
  plan,
  REVISIONS,
  RUNS,
  resourceOf,
  setPhase,
  storedStatus,
  TOOL_RUNS,
  type World,
} from '../support/model/engine.ts';
import { endOf, mixedEnd, mixedSteps, outcomeOf, POLICY, SIGNAL } from './mixed-run.ts';

// The process dies at every call that changes something, before it, after it was done and before the answer, and after
// the answer; then once more, at every call of what follows.

const DELIVERIES: Resource = {
  ...POLICIES,
  group: 'signals.proompteng.ai',
  plural: 'signaldeliveries',
  kind: 'SignalDelivery',
};

const deaths: readonly { readonly place: string; readonly die: (world: World) => void }[] = [
  { place: 'before', die: () => {} },
  { place: 'committed', die: (world) => act(world, 'Lost') },
  { place: 'after', die: (world) => act(world) },
];

/** What the world does by itself once the process has nothing to do; false when nothing happens any more. */
function letOneThingHappen(world: World): boolean {
  const { api } = world;
  const waitsFor = (step: string) =>
    storedStatus(world).stepStatuses.some(({ name, phase }) => name === step && phase === 'Running');
  const make = (resource: Resource, name: string, spec: object) => {
    const metadata = { name, namespace: NAMESPACE };
    api.create(resource, { apiVersion: `${resource.group}/${resource.version}`, kind: resource.kind, metadata, spec });
  };
  const running = listChildren(api).filter((child) => !hasEnded(child));
  const ending = running.find((child) => outcomeOf(stepOf(child), attemptOf(child)) !== undefined);
  if (ending !== undefined) setPhase(world, ending, outcomeOf(stepOf(ending), attemptOf(ending)) ?? '');
  else if (api.collectGarbage()) return true;
  else if (waitsFor('approve') && api.list(POLICIES).items.length === 0) {
    make(POLICIES, POLICY, {});
    const target = { namespace: NAMESPACE, name: POLICY };
    api.patch(POLICIES, target, { type: 'merge', body: { status: { phase: 'Approved' } } }, { subresource: 'status' });
  } else if (waitsFor('signal') && api.list(DELIVERIES).items.length === 0)
    make(DELIVERIES, 'delivery', { signalRef: { name: SIGNAL } });
  else if (isRunFinal(storedStatus(world))) return false;
  else world.nowMs += 1000;
  return true;
}

function stepOf({ metadata }: KubeObject): string {
  return metadata.name.split('.')[0] ?? '';
}

/** How often each object was created and deleted, and how the run ended. */
function readEnd(world: World): { readonly changes: readonly string[]; readonly steps: readonly string[] } {
  const kinds = [RUNS, REVISIONS, TOOL_RUNS, resourceOf('AgentRun')];
  const events = kinds.flatMap((kind) => world.api.watch(kind, { resourceVersion: '0' }));
  const changes = events.filter(({ type }) => type !== 'MODIFIED');
  return {
    changes: changes.map(({ type, object: { kind, metadata } }) => `${type} ${kind} ${metadata.name}`).toSorted(),
    steps: endOf(storedStatus(world)),
  };
}

/** Lets a world go on to its end, and tells of each of its calls before it is made. */
function live(world: World, onCall: (world: World) => void): void {
  for (let round = 0; round < 1000; round++) {
    while (world.plan !== undefined) {
      onCall(world);
      act(world);
    }
    world.view = new Map(listVisible(world));
    if (!plan(world) && !letOneThingHappen(world)) return;
  }
  throw new Error('the run does not come to an end');
}

test('a run ends the same, and each child is created once, wherever the process dies, and dies again', () => {
  const facts = factsOf({ steps: mixedSteps, policies: {} });
  const violations: string[] = [];
  const world = createWorld(
    { steps: [...mixedSteps], policies: {} },
    { ancestry: [], tell: (moment) => violations.push(...violationsOf(moment, facts)) },
  );
  const clean = forkWorld(world);
  let calls = 0;
  live(clean, () => calls++);
  const expected = readEnd(clean);
  expect(expected.steps).toEqual(mixedEnd);

  let ends = 0;
  /** Tries every death at every call from here on, and after each of them as many more as are left. */
  function die(from: World, left: number, path: readonly string[]): void {
    let number = 0;
    live(from, (before) => {
      number += 1;
      if (left === 0) return;
      for (const { place, die: end } of deaths) {
        const dying = forkWorld(before);
        end(dying);
        crash(dying);
        die(dying, left - 1, [...path, `call ${number}, ${place}`]);
      }
    });
    ends += 1;
    violations.push(...violationsAtEnd(storedStatus(from), listChildren(from.api)));
    expect({ path, violations, ...readEnd(from) }).toEqual({ path, violations: [], ...expected });
  }
  die(world, 2, []);
  console.log(`${calls} calls in a clean run, ${ends} runs with up to two deaths`);
  expect(ends).toBeGreaterThan((3 * calls) ** 2 / 3);
});
