import { findCycles } from '../dag/cycles.ts';
import { displayName, displayObject } from '../dag/display.ts';
import { buildGraph, type Graph } from '../dag/graph.ts';
import { findLevels } from '../dag/levels.ts';
import type { Orchestration } from '../orchestration/decode.ts';

/** `loop`: on a loop that is told. `stuck`: on another, or behind one. `missing`: waited for, and not in the list of steps. */
type DrawnState = 'ready' | 'loop' | 'stuck' | 'missing';

export interface DrawnStep {
  /** A word, unique in the drawing. */
  readonly id: string;
  /** Printable and short; what else a format needs escaped is for the format. */
  readonly label: string;
  /** Printable; '' of what is missing. */
  readonly kind: string;
  readonly state: DrawnState;
}

/** `to` waits for `from`. */
export interface DrawnEdge {
  readonly from: DrawnStep;
  readonly to: DrawnStep;
  readonly isOnLoop: boolean;
}

/** What stands in one row of a drawing. */
interface DrawnRow {
  readonly heading: string;
  readonly steps: readonly DrawnStep[];
}

/** The effective graph of an Orchestration, as every format draws it. */
export interface Drawing {
  readonly title: string;
  /** The edges are the sequential default: nobody wrote them. */
  readonly isSequential: boolean;
  /** What is missing, then wave by wave what may run together, then what can never start; none is empty. */
  readonly rows: readonly DrawnRow[];
  readonly edges: readonly DrawnEdge[];
}

/** Draws any Orchestration, a broken one too. Linear. */
export function drawOrchestration({ namespace, name, steps }: Orchestration): Drawing {
  const graph = buildWholeGraph(steps);
  const { levels, stuck } = findLevels(graph);
  const loops = findLoopEdges(graph);
  const isStuck = new Set(stuck);
  const drawn = steps.map((step, index): DrawnStep => {
    const label = displayName(step.name) || `steps[${index}]`;
    const state = loops.has(index) ? 'loop' : isStuck.has(index) ? 'stuck' : 'ready';
    return { id: `s${index}`, label, kind: displayName(step.kind), state };
  });
  const missing = drawMissing(graph);
  const pick = (indexes: readonly number[]) => indexes.flatMap((index) => drawn[index] ?? []);
  return {
    title: displayObject('Orchestration', namespace, name),
    isSequential: graph.isSequential && steps.length > 1,
    rows: [
      { heading: 'missing', steps: [...missing.values()] },
      ...levels.map((level, index) => ({ heading: `wave ${index + 1}`, steps: pick(level) })),
      { heading: 'can never start', steps: pick(stuck) },
    ].filter((row) => row.steps.length > 0),
    edges: drawEdges(graph, drawn, missing, loops),
  };
}

/** The graph with its loops of one step: a step that waits for itself, of which `buildGraph` makes no edge. */
function buildWholeGraph(steps: Orchestration['steps']): Graph {
  const graph = buildGraph(steps);
  const isReflexive = new Set(graph.reflexive.map(({ step }) => step));
  const dependencies = graph.dependencies.map((targets, step) =>
    isReflexive.has(step) ? [...targets, step] : targets,
  );
  return { ...graph, dependencies };
}

/** For each step on a loop that is told, which of its dependencies lies on it too. */
function findLoopEdges(graph: Graph): ReadonlyMap<number, number> {
  const cycles = findCycles(graph);
  return new Map([
    ...graph.reflexive.map(({ step }) => [step, step] as const),
    ...cycles.flatMap((cycle) =>
      cycle.map((step, index) => [step, cycle[(index + 1) % cycle.length] ?? step] as const),
    ),
  ]);
}

/** By name, since several steps may wait for the same. */
function drawMissing({ steps, missing }: Graph): ReadonlyMap<string, DrawnStep> {
  const names = new Set(missing.map(({ step, entry }) => steps[step]?.dependsOn?.[entry] ?? ''));
  return new Map(
    [...names].map((name, index) => [name, { id: `m${index}`, label: displayName(name), kind: '', state: 'missing' }]),
  );
}

function drawEdges(
  { steps, dependencies, missing }: Graph,
  drawn: readonly DrawnStep[],
  ghosts: ReadonlyMap<string, DrawnStep>,
  loops: ReadonlyMap<number, number>,
): DrawnEdge[] {
  const draw = (from: DrawnStep | undefined, step: number, isOnLoop: boolean) => {
    const to = drawn[step];
    return from && to ? [{ from, to, isOnLoop }] : [];
  };
  return [
    ...dependencies.flatMap((targets, step) =>
      targets.flatMap((target) => draw(drawn[target], step, loops.get(step) === target)),
    ),
    ...missing.flatMap(({ step, entry }) => draw(ghosts.get(steps[step]?.dependsOn?.[entry] ?? ''), step, false)),
  ];
}
