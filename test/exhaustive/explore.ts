import type { KubeObject } from '../../src/kube/resources.ts';
import { GROUP } from '../../src/orchestration/schema.ts';
import { isRunFinal } from '../../src/reconciler/run-status.ts';
import { factsOf, violationsAtEnd, violationsOf } from '../reconciler/invariants.ts';
import {
  act,
  crash,
  createWorld,
  deliver,
  forkWorld,
  keyOf,
  listChildren,
  listVisible,
  phaseOf,
  plan,
  RUN,
  RUNS,
  resourceOf,
  setPhase,
  storedRun,
  storedStatus,
  type World,
} from '../support/model/engine.ts';
import { createHasher } from './hash.ts';
import { type Choices, createLazySteps, resolve } from './lazy.ts';

/** What may happen beside children that end, crashes, lost answers, failed calls and news that comes late. */
export interface Menu {
  /** So often the process crashes, an answer is lost, or a call fails; without it, any number of times. */
  readonly faults?: number;
  /** The run is cancelled, once, at any time. */
  readonly cancel?: boolean;
  /** The run is suspended and resumed, once each, at any time. */
  readonly suspend?: boolean;
  /** A child whose uid is recorded is deleted by somebody else, once. */
  readonly remove?: boolean;
  /** So often an hour passes, which is longer than any timeout; each step may have one. */
  readonly hours?: number;
  /** A child may also end Cancelled. */
  readonly cancelChildren?: boolean;
  readonly maxParallel?: number;
}

export interface Exploration {
  readonly states: number;
  readonly moves: number;
  /** Runs that ended, in different states. */
  readonly ends: number;
  /** The first violation, with all that led to it. */
  readonly violation?: { readonly details: readonly string[]; readonly path: readonly string[] };
}

/** A world, what has been chosen in it of what it depends on, and what is left of the menu. */
interface Node {
  readonly world: World;
  readonly choices: Choices;
  readonly left: Required<Omit<Menu, 'cancelChildren' | 'maxParallel'>>;
}

interface Move {
  readonly label: string;
  readonly go: (node: Node) => Partial<Node['left']> | undefined;
}

/** More moves in a row without a fault than any run of four steps needs. */
const LONGEST_END = 300;

/**
 * Visits every state that a run of `graph` (for each step the steps it depends on) can come to, by every order of the
 * moves, each state once. In every state each move must keep the invariants, and without further faults the run must end.
 */
export function explore(graph: readonly (readonly number[])[], menu: Menu, mostStates = Infinity): Exploration {
  const details: string[] = [];
  const lazy = createLazySteps(graph, menu);
  const policies = menu.maxParallel === undefined ? {} : { maxParallel: menu.maxParallel };
  const facts = factsOf({ steps: lazy.steps, policies });
  const tell = (moment: Parameters<typeof violationsOf>[0]) => details.push(...violationsOf(moment, facts));
  const world = createWorld({ steps: lazy.steps, policies }, { ancestry: [], tell });
  const { faults = Infinity, cancel = false, suspend = false, remove = false, hours = 0 } = menu;
  const first: Node = { world, choices: lazy.none, left: { faults, cancel, suspend, remove, hours } };

  const hash = createHasher();
  const seen = new Set<number>([hash(first.world, first)]);
  const good = new Set<number>();
  const path: { readonly label: string; readonly node: Node; readonly moves: Move[] }[] = [
    { label: 'start', node: first, moves: movesOf(first, menu) },
  ];
  let moves = 0;
  let ends = 0;

  const apply = (node: Node, move: Move): Node[] =>
    resolve(lazy, node.choices, (choices) => {
      const world = forkWorld(node.world);
      const used = move.go({ ...node, world });
      return { world, choices, left: used === undefined ? node.left : { ...node.left, ...used } };
    });

  /** The first fair move that changes anything. */
  function goOn(node: Node, key: number) {
    for (const move of fairMoves(node)) {
      const [next] = apply(node, move);
      if (next !== undefined && hash(next.world, next) !== key) return { label: move.label, node: next };
    }
    return undefined;
  }

  /** Follows what happens without further faults to a state that is known to end well. */
  function isEnding(node: Node): string[] | undefined {
    const labels: string[] = [];
    const passed: number[] = [];
    let current = node;
    while (labels.length < LONGEST_END) {
      const key = hash(current.world, current);
      if (good.has(key)) break;
      passed.push(key);
      const next = goOn(current, key);
      if (next === undefined) {
        details.push(...violationsAtEnd(storedStatus(current.world), listChildren(current.world.api)));
        if (details.length > 0) return labels;
        break;
      }
      labels.push(next.label);
      current = next.node;
      if (details.length > 0) return labels;
    }
    if (labels.length >= LONGEST_END) {
      details.push('the run does not end');
      return labels.slice(0, 60);
    }
    for (const key of passed) good.add(key);
    return undefined;
  }

  const fail = (...last: string[]): Exploration => {
    const violation = { details: [...details], path: [...path.map(({ label }) => label), ...last] };
    return { states: seen.size, moves, ends, violation };
  };

  for (let top = path.at(-1); top !== undefined && seen.size < mostStates; top = path.at(-1)) {
    const move = top.moves.pop();
    if (move === undefined) {
      path.pop();
      continue;
    }
    moves += 1;
    const nodes = apply(top.node, move);
    if (details.length > 0) return fail(move.label);
    for (const node of nodes) {
      const key = hash(node.world, node);
      if (seen.has(key)) continue;
      seen.add(key);
      const ending = isEnding(node);
      if (ending !== undefined) return fail(move.label, '— and then, without faults —', ...ending);
      const next = movesOf(node, menu);
      if (next.length === 0) ends += 1;
      path.push({ label: move.label, node, moves: next });
    }
  }
  return { states: seen.size, moves, ends };
}

/** All that can happen now. */
function movesOf({ world, left }: Node, menu: Menu): Move[] {
  return [...movesOfProcess(world, left), ...movesOfChildren(world, menu), ...movesOfPeople(world, left)];
}

function movesOfProcess(world: World, { faults }: Node['left']): Move[] {
  const used = { faults: faults - 1 };
  const crashes = faults > 0 ? [step('crash', ({ world }) => crash(world), used)] : [];
  if (world.plan !== undefined) {
    const { type } = world.plan.actions[0] ?? { type: '' };
    const faulty = [
      step(`${type}, but the answer is lost`, ({ world }) => act(world, 'Lost'), used),
      step(`${type} fails`, ({ world }) => act(world, 'Failed'), used),
    ];
    return [step(`${type}`, ({ world }) => act(world)), ...(faults > 0 ? faulty : []), ...crashes];
  }
  // News counts when a plan is made, so that it makes no difference to let it come only then.
  const news = newsOf(world);
  return [
    step('plan', ({ world }) => plan(world)),
    ...news.map((key) => step(`see ${key}`, ({ world }) => deliver(world, key))),
    ...(news.length > 0 ? crashes : []),
  ];
}

/** Keys of what has changed since the process saw it. */
function newsOf(world: World): string[] {
  const visible = listVisible(world);
  const keys = new Set([...visible.keys(), ...world.view.keys()]);
  return [...keys].filter((key) => visible.get(key) !== world.view.get(key));
}

/** That a child has ended makes no difference before it is seen, so both are one move. */
function movesOfChildren(world: World, { cancelChildren = false }: Menu): Move[] {
  const phases = ['Failed', 'Succeeded', ...(cancelChildren ? ['Cancelled'] : [])];
  const running = world.plan === undefined ? listChildren(world.api).filter((child) => phaseOf(child) === undefined) : [];
  const ends = running.flatMap((child) => phases.map((phase) => end(child, phase)));
  const hasGarbage = listChildren(world.api).some(({ metadata }) => metadata.deletionTimestamp !== undefined);
  return hasGarbage ? [...ends, collect] : ends;
}

function end(child: KubeObject, phase: string): Move {
  return step(`see ${child.metadata.name} ${phase}`, ({ world }) => {
    setPhase(world, child, phase);
    deliver(world, keyOf(resourceOf(child.kind), child.metadata.name));
  });
}

const collect = step('garbage is collected', ({ world }) => world.api.collectGarbage());

function movesOfPeople(world: World, left: Node['left']): Move[] {
  const run = storedRun(world);
  if (run === undefined || isRunFinal(storedStatus(world))) return [];
  const isSuspended = run.metadata.annotations?.[SUSPEND] === 'true';
  const recorded = storedStatus(world).stepStatuses.flatMap(({ resourceRef }) => resourceRef?.uid ?? []);
  const removable = listChildren(world.api).filter(({ metadata }) => recorded.includes(metadata.uid ?? ''));
  return [
    ...(left.cancel ? [step('cancel', ({ world }) => annotate(world, CANCEL, 'true'), { cancel: false })] : []),
    ...(left.suspend ? [step('suspend', ({ world }) => annotate(world, SUSPEND, 'true'), { suspend: false })] : []),
    ...(isSuspended ? [step('resume', ({ world }) => annotate(world, SUSPEND, null))] : []),
    ...(left.hours > 0
      ? [step('an hour passes', ({ world }) => (world.nowMs += 3_600_000), { hours: left.hours - 1 })]
      : []),
    ...(left.remove
      ? removable.map(({ kind, metadata }) =>
          step(`delete ${metadata.name}`, ({ world }) => world.api.delete(resourceOf(kind), metadata), {
            remove: false,
          }),
        )
      : []),
  ];
}

const CANCEL = `${GROUP}/cancel`;
const SUSPEND = `${GROUP}/suspend`;

function annotate({ api }: World, key: string, value: string | null): KubeObject {
  const body = { metadata: { annotations: { [key]: value } } };
  return api.patch(RUNS, { namespace: 'agents', name: RUN }, { type: 'merge', body });
}

/** What happens next if nothing goes wrong: the first of these that changes anything. */
function fairMoves({ world }: Node): Move[] {
  if (world.plan !== undefined) return [step('act', ({ world }) => act(world))];
  const news = newsOf(world).map((key) => step(`see ${key}`, ({ world }) => deliver(world, key)));
  const running = listChildren(world.api).filter((child) => phaseOf(child) === undefined);
  return [
    ...news.slice(0, 1),
    step('plan', ({ world }) => plan(world)),
    ...running.map((child) => end(child, 'Succeeded')),
    collect,
    step('resume', ({ world }) => annotate(world, SUSPEND, null)),
  ];
}

function step(label: string, go: (node: Node) => unknown, used?: Partial<Node['left']>): Move {
  return {
    label,
    go: (node) => {
      go(node);
      return used;
    },
  };
}
