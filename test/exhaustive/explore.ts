import { factsOf, violationsAtEnd, violationsOf } from '../reconciler/invariants.ts';
import {
  createWorld,
  forkWorld,
  listChildren,
  NAMESPACE,
  POLICIES,
  type Setting,
  storedStatus,
  type World,
} from '../support/model/engine.ts';
import { createHasher } from './hash.ts';
import { type Choices, createLazySteps, POLICY, resolve } from './lazy.ts';
import { type Left, listMoves, type Menu, type Move, readMenu } from './moves.ts';
import { nameEnd, violationsOfRerun } from './reruns.ts';

export interface Exploration {
  readonly states: number;
  readonly moves: number;
  /** States in which the run is over and nothing more happens. */
  readonly ends: number;
  /** The first violation, with all that led to it. */
  readonly violation?: { readonly details: readonly string[]; readonly path: readonly string[] };
}

/** A world, what has been chosen of the steps in it, and what is left of the menu. */
interface Node {
  readonly world: World;
  readonly choices: Choices;
  readonly left: Left;
}

/** A state on the way: how it was reached, and what is still to be tried from it. */
interface Visit {
  readonly label: string;
  readonly node: Node;
  readonly key: number;
  readonly from: Visit | undefined;
  readonly moves: Move[];
}

/**
 * Visits every state that a run of `graph` (for each step, the indexes of those it depends on) can come to, by every order
 * of the moves, each state once. Every move must keep the invariants, and from every state the run must end if nothing
 * more goes wrong. Every end is rerun, and must be continued as the semantics say. Stops at the first violation, or at the
 * state `target`, and returns the path to it.
 */
export function explore(
  graph: readonly (readonly number[])[],
  menu: Menu,
  policies: Readonly<Record<string, unknown>> = {},
  target?: number,
): Exploration {
  const details: string[] = [];
  const lazy = createLazySteps(graph, menu);
  const facts = factsOf({ steps: lazy.steps, policies });
  const tell: Setting['tell'] = (moment) => details.push(...violationsOf(moment, facts));
  const world = createWorld(
    { steps: lazy.steps, policies },
    { ancestry: [], tell, startsLate: menu.startsLate === true },
  );
  if (menu.decisions !== undefined) {
    const metadata = { name: POLICY, namespace: NAMESPACE };
    const spec = { mode: 'manual', defaultDecision: 'deny' };
    world.api.create(POLICIES, { apiVersion: 'approvals.proompteng.ai/v1alpha1', kind: POLICIES.kind, metadata, spec });
  }
  const hash = createHasher();
  const seen = new Set<number>();
  /** The state that follows each state if nothing goes wrong. An end is followed by itself. */
  const fair = new Map<number, number>();
  const open: Visit[] = [];
  /** The ends of which a rerun was judged. */
  const rerun = new Set<string>();
  let moves = 0;

  const apply = ({ world: before, choices, left }: Node, { go, used }: Move): Node[] =>
    resolve(lazy, choices, (chosen) => {
      const after = forkWorld(before);
      go(after);
      return { world: after, choices: chosen, left: { ...left, ...used } };
    });

  function visit(label: string, node: Node, key: number, from?: Visit): void {
    seen.add(key);
    open.push({ label, node, key, from, moves: listMoves(node.world, node.left) });
  }

  /** Goes on while only one thing can happen: nobody can distinguish the states between. */
  function hasten(node: Node): Node[] {
    const [move, ...others] = listMoves(node.world, node.left);
    if (node.world.plan === undefined || move === undefined || others.length > 0) return [node];
    moves += 1;
    return apply(node, move).flatMap(hasten);
  }

  function makeMove(from: Visit, move: Move): void {
    moves += 1;
    for (const node of apply(from.node, move).flatMap(hasten)) {
      const key = hash(node);
      if (key !== from.key && move.used === undefined && !fair.has(from.key)) fair.set(from.key, key);
      if (!seen.has(key)) visit(move.label, node, key, from);
    }
  }

  function settle({ key, node: { world: last, choices } }: Visit): void {
    if (fair.has(key)) return;
    fair.set(key, key);
    const status = storedStatus(last);
    details.push(...violationsAtEnd(status, listChildren(last.api)));
    const judged = nameEnd(status, choices);
    if (!rerun.has(judged)) details.push(...resolve(lazy, choices, () => violationsOfRerun(status, facts)).flat());
    rerun.add(judged);
    const lost =
      menu.sweep && !menu.remove ? status.stepStatuses.filter(({ reason }) => reason === 'ChildDeleted') : [];
    details.push(...lost.map(({ name }) => `${name} had finished, and its end was not seen`));
  }

  const start: Node = { world, choices: lazy.none, left: readMenu(menu) };
  visit('a run is created', start, hash(start));
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const move = top.moves.shift();
    if (move === undefined) {
      open.pop();
      settle(top);
    } else makeMove(top, move);
    if (details.length > 0 || top.key === target) {
      const path = [...pathTo(top), ...(move === undefined ? [] : [move.label])];
      return { states: seen.size, moves, ends: 0, violation: { details, path } };
    }
  }
  const lost = findEndless(fair);
  if (lost === undefined)
    return { states: seen.size, moves, ends: [...fair].filter(([key, next]) => key === next).length };
  const path = explore(graph, menu, policies, lost).violation?.path ?? [];
  return { states: seen.size, moves, ends: 0, violation: { details: ['from here the run does not end'], path } };
}

function pathTo({ from, label }: Visit): string[] {
  return [...(from === undefined ? [] : pathTo(from)), label];
}

/** Finds a state from which the run never ends. Takes linear time. */
function findEndless(fair: ReadonlyMap<number, number>): number | undefined {
  const good = new Set<number>();
  for (const start of fair.keys()) {
    const passed = new Set<number>();
    let key = start;
    while (!good.has(key) && fair.get(key) !== key) {
      if (passed.has(key)) return start;
      passed.add(key);
      key = fair.get(key) ?? key;
    }
    for (const each of passed) good.add(each);
    good.add(key);
  }
  return undefined;
}
