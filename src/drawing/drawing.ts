import { findCycles } from '../dag/cycles.ts';
import { displayName, displayObject, displayText } from '../dag/display.ts';
import { buildGraph, type Graph } from '../dag/graph.ts';
import { findLevels } from '../dag/levels.ts';
import { type DataEdge, listDataEdges } from '../orchestration/data-edges.ts';
import type { Orchestration } from '../orchestration/decode.ts';
import { stepKinds } from '../orchestration/kinds/table.ts';
import { describeCondition } from '../orchestration/run-if.ts';

/**
 * `loop`: on a reported cycle. `stuck`: on another cycle, or after one. `missing`: named in `dependsOn` but not in the
 * list of steps.
 */
type DrawnState = 'ready' | 'loop' | 'stuck' | 'missing';

export interface DrawnStep {
  /** An identifier that is unique in the drawing. */
  readonly id: string;
  /** Printable and short. The format adds any other escapes that it needs. */
  readonly label: string;
  /** Printable. '' for a missing step. */
  readonly kind: string;
  readonly state: DrawnState;
  /** When the step runs, in the words of `describeCondition`. Printable. */
  readonly condition: string;
}

/** Between the same two steps there is one edge at most. */
export interface DrawnEdge {
  readonly from: DrawnStep;
  readonly to: DrawnStep;
  /** `to` waits for `from`: `from` is a dependency. Otherwise `to` only reads it. */
  readonly isOrder: boolean;
  /** What `to` reads of `from`: `outputs.image`, `phase`. Printable. */
  readonly reads: readonly string[];
  readonly isOnLoop: boolean;
}

/** One row of a drawing. */
interface DrawnRow {
  readonly heading: string;
  readonly steps: readonly DrawnStep[];
}

/** The effective graph of an Orchestration, which every format draws. */
export interface Drawing {
  readonly title: string;
  /** Whether the edges come from the sequential default and not from the author. */
  readonly isSequential: boolean;
  /**
   * The missing steps, then the waves of steps that can run together, then the steps that can never start. No row is
   * empty.
   */
  readonly rows: readonly DrawnRow[];
  readonly edges: readonly DrawnEdge[];
}

/** Draws any Orchestration, even an invalid one. Linear. */
export function drawOrchestration(orchestration: Orchestration, kinds = stepKinds): Drawing {
  const { namespace, name, steps } = orchestration;
  const graph = buildWholeGraph(steps);
  const { levels, stuck } = findLevels(graph);
  const loops = findLoopEdges(graph);
  const isStuck = new Set(stuck);
  const drawn = steps.map((step, index): DrawnStep => {
    const label = displayName(step.name) || `steps[${index}]`;
    const state = loops.has(index) ? 'loop' : isStuck.has(index) ? 'stuck' : 'ready';
    return {
      id: `s${index}`,
      label,
      kind: displayName(step.kind),
      state,
      condition: displayText(describeCondition(step)),
    };
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
    edges: drawEdges(graph, drawn, missing, loops, listDataEdges(orchestration, kinds)),
  };
}

/** The graph including steps that depend on themselves, for which `buildGraph` makes no edge. */
function buildWholeGraph(steps: Orchestration['steps']): Graph {
  const graph = buildGraph(steps);
  const isReflexive = new Set(graph.reflexive.map(({ step }) => step));
  const dependencies = graph.dependencies.map((targets, step) =>
    isReflexive.has(step) ? [...targets, step] : targets,
  );
  return { ...graph, dependencies };
}

/** Maps each step on a reported cycle to its dependency on the same cycle. */
function findLoopEdges(graph: Graph): ReadonlyMap<number, number> {
  const cycles = findCycles(graph);
  return new Map([
    ...graph.reflexive.map(({ step }) => [step, step] as const),
    ...cycles.flatMap((cycle) =>
      cycle.map((step, index) => [step, cycle[(index + 1) % cycle.length] ?? step] as const),
    ),
  ]);
}

/** Maps the names of missing steps to their boxes. Several steps can depend on the same name. */
function drawMissing({ steps, missing }: Graph): ReadonlyMap<string, DrawnStep> {
  const names = new Set(missing.map(({ step, entry }) => steps[step]?.dependsOn?.[entry] ?? ''));
  return new Map(
    [...names].map((name, index) => [
      name,
      { id: `m${index}`, label: displayName(name), kind: '', state: 'missing', condition: '' },
    ]),
  );
}

function drawEdges(
  { steps, dependencies, missing }: Graph,
  drawn: readonly DrawnStep[],
  ghosts: ReadonlyMap<string, DrawnStep>,
  loops: ReadonlyMap<number, number>,
  data: readonly DataEdge[],
): DrawnEdge[] {
  const readsOf = new Map(data.map(({ from, to, reads }) => [`${from} ${to}`, reads.map(displayName)]));
  const draw = (from: DrawnStep | undefined, step: number, edge: Pick<DrawnEdge, 'isOrder' | 'reads' | 'isOnLoop'>) => {
    const to = drawn[step];
    return from && to ? [{ from, to, ...edge }] : [];
  };
  const ordered = dependencies.flatMap((targets, step) =>
    targets.flatMap((target) => {
      const key = `${target} ${step}`;
      const reads = readsOf.get(key) ?? [];
      readsOf.delete(key);
      return draw(drawn[target], step, { isOrder: true, reads, isOnLoop: loops.get(step) === target });
    }),
  );
  return [
    ...ordered,
    ...missing.flatMap(({ step, entry }) =>
      draw(ghosts.get(steps[step]?.dependsOn?.[entry] ?? ''), step, { isOrder: true, reads: [], isOnLoop: false }),
    ),
    ...data.flatMap(({ from, to }) => {
      const reads = readsOf.get(`${from} ${to}`);
      return reads && from !== to ? draw(drawn[from], to, { isOrder: false, reads, isOnLoop: false }) : [];
    }),
  ];
}

/** The longest condition that a box shows, in UTF-16 units. */
const MOST_CONDITION = 48;

/** The lines inside a box: the name, the kind, and the condition, if there is one. */
export function captionOf({ label, kind, state, condition }: DrawnStep): readonly string[] {
  const shown = condition.length > MOST_CONDITION ? `${condition.slice(0, MOST_CONDITION)}…` : condition;
  return [label, kind || state, ...(condition === '' ? [] : [shown])];
}
