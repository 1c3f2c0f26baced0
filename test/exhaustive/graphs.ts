type Graph = readonly (readonly number[])[];

/** Every directed acyclic graph of `size` labelled nodes, as the list of what each node depends on: OEIS A003024. */
export function listGraphs(size: number): Graph[] {
  const pairs = Array.from({ length: size * size }, (_, i) => [Math.floor(i / size), i % size] as const);
  const edges = pairs.filter(([from, to]) => from !== to);
  const graphs: Graph[] = [];
  for (let chosen = 0; chosen < 2 ** edges.length; chosen++) {
    const present = edges.filter((_, bit) => (chosen >> bit) & 1);
    const graph = Array.from({ length: size }, (_, node) =>
      present.flatMap(([from, to]) => (from === node ? [to] : [])),
    );
    if (isAcyclic(graph)) graphs.push(graph);
  }
  return graphs;
}

/** One of each kind: graphs that differ only in the order of their nodes are one. The first in order is kept. */
export function listShapes(size: number): Graph[] {
  const shapes = new Map<string, Graph>();
  for (const graph of listGraphs(size)) {
    const [form = ''] = permutations(size)
      .map((order) => describe(graph, order))
      .sort();
    if (!shapes.has(form)) shapes.set(form, graph);
  }
  return [...shapes.values()];
}

function isAcyclic(graph: Graph): boolean {
  const left = new Set(graph.keys());
  for (let size = -1; size !== left.size; ) {
    size = left.size;
    for (const node of left) if (!graph[node]?.some((other) => left.has(other))) left.delete(node);
  }
  return left.size === 0;
}

function permutations(size: number): number[][] {
  if (size === 0) return [[]];
  return permutations(size - 1).flatMap((rest) =>
    Array.from({ length: size }, (_, at) => rest.toSpliced(at, 0, size - 1)),
  );
}

function describe(graph: Graph, order: readonly number[]): string {
  const moved = graph.map((_, node) =>
    (graph[order[node] ?? 0] ?? []).map((other) => order.indexOf(other)).sort((left, right) => left - right),
  );
  return JSON.stringify(moved);
}
