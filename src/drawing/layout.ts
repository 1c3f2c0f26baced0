import { Graph, layout } from '@dagrejs/dagre';

/** A box to place. Lengths are in pixels. `row` is the highest row that it may be in. */
export interface Box {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly row: number;
}

export interface Arrow {
  readonly from: string;
  readonly to: string;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** The centre of each box, in the order of the boxes. */
  readonly middles: readonly Point[];
  /** The corners of each arrow's line, in the order of the arrows. */
  readonly lines: readonly (readonly Point[])[];
}

/**
 * The most rows that all arrows together may cross. 10,000 took 10 s, and the time grows faster than the number of
 * rows.
 */
const MOST_PASSED_ROWS = 5000;

/** The gate's limit of steps. A cycle of 2,000 overflows the library's stack. */
const MOST_BOXES = 1000;

/** There are too many boxes or arrows to place. */
export class LayoutTooLargeError extends Error {}

/**
 * Places boxes in rows so that few arrows cross. Each box is in its `row`, or lower if an arrow that is not on a cycle
 * leads to it. Only this module knows the layout library. Throws LayoutTooLargeError. Cost: 1 s for a chain of
 * 1,000 steps.
 */
export function layOut(boxes: readonly Box[], arrows: readonly Arrow[]): Layout {
  if (boxes.length > MOST_BOXES) throw new LayoutTooLargeError();
  const graph: LibraryGraph = new Graph({ multigraph: true });
  graph.setGraph({ ranker: rankFromRows, nodesep: 24, ranksep: 40, edgesep: 12 });
  const turnsBack = new Set(arrows.filter(({ from, to }) => from === to).map(({ from }) => from));
  for (const { id, width, height, row } of boxes) {
    const room = turnsBack.has(id) ? 2 * TURN : 0;
    graph.setNode(id, { width: width + room, height, rank: row * RANKS_PER_ROW });
  }
  for (const [index, { from, to }] of arrows.entries()) if (from !== to) graph.setEdge(from, to, {}, String(index));
  layout(graph);
  const { width, height } = graph.graph();
  return {
    width: Math.max(0, width),
    height: Math.max(0, height),
    middles: boxes.map(({ id }) => graph.node(id)),
    lines: arrows.map(({ from, to }, index) =>
      from === to ? turnBack(graph.node(from)) : graph.edge({ v: from, w: to, name: String(index) }).points,
    ),
  };
}

/** How far an arrow from a box to itself extends, in pixels. The library routes such arrows badly. */
const TURN = 20;

function turnBack({ x, y, width }: Point & { readonly width: number }): readonly Point[] {
  const side = x + width / 2 - TURN;
  const corners = [
    [0, -8],
    [TURN, -16],
    [TURN, 16],
    [0, 8],
  ] as const;
  return corners.map(([right, down]) => ({ x: side + right, y: y + down }));
}

/** The parts of the library's graph that we use. Its own declarations do not resolve for ES modules. */
interface LibraryGraph {
  setGraph(label: object): void;
  setNode(id: string, label: object): void;
  setEdge(from: string, to: string, label: object, name: string): void;
  graph(): { readonly width: number; readonly height: number };
  nodes(): readonly string[];
  node(id: string): Point & { readonly width: number; rank?: number };
  edges(): readonly LibraryEdge[];
  edge(edge: LibraryEdge): { readonly points: readonly Point[]; readonly minlen: number };
  inEdges(id: string): readonly LibraryEdge[];
  outEdges(id: string): readonly LibraryEdge[];
}

interface LibraryEdge {
  readonly v: string;
  readonly w: string;
  readonly name?: string;
}

/** The library reserves every second rank for edge labels, which we do not have. */
const RANKS_PER_ROW = 2;

/**
 * Ranks boxes by row. The library's own rankings minimise the length of edges and would move a step out of its wave.
 * The library has already removed cycles.
 */
function rankFromRows(graph: LibraryGraph): void {
  const waitingFor = new Map(graph.nodes().map((id) => [id, graph.inEdges(id).length]));
  const ready = graph.nodes().filter((id) => waitingFor.get(id) === 0);
  for (const id of ready) {
    const node = graph.node(id);
    node.rank ??= ABOVE_ALL;
    for (const edge of graph.outEdges(id)) {
      const target = graph.node(edge.w);
      target.rank = Math.max(target.rank ?? 0, node.rank + graph.edge(edge).minlen);
      const left = (waitingFor.get(edge.w) ?? 0) - 1;
      waitingFor.set(edge.w, left);
      if (left === 0) ready.push(edge.w);
    }
  }
  const rankOf = (id: string) => graph.node(id).rank ?? 0;
  const passedRanks = graph.edges().map(({ v, w }) => (rankOf(v) === ABOVE_ALL ? 0 : rankOf(w) - rankOf(v)));
  if (passedRanks.reduce((sum, passed) => sum + passed, 0) > MOST_PASSED_ROWS * RANKS_PER_ROW) {
    throw new LayoutTooLargeError();
  }
}

/** The rank of the root that the library adds, with an edge to each box, and removes later. */
const ABOVE_ALL = -1;
