/** A graph to decide. Every step declares `dependsOn`. Without a loop, it names only steps before it in the list. */
export interface BenchGraph {
  readonly name: string;
  readonly steps: readonly { readonly name: string; readonly dependsOn: readonly string[] }[];
}

function graph(shape: string, dependencies: readonly (readonly number[])[]): BenchGraph {
  // Names have over 10 characters, like those that people choose. JSON.parse turns equal shorter names into the same
  // string, which is cheaper to compare.
  const nameOf = (step: number) => `process-step-${step}`;
  const steps = dependencies.map((targets, step) => ({ name: nameOf(step), dependsOn: targets.map(nameOf) }));
  const [stepCount, edgeCount] = [steps, dependencies.flat()].map(({ length }) => length.toLocaleString('en-US'));
  return { name: `${shape}: ${stepCount} steps, ${edgeCount} edges`, steps };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

/** Returns a graph in which each step waits for the one before it. */
export function chain(steps: number): BenchGraph {
  return layers(steps, 1, 'chain');
}

/** Returns a graph in which each step waits for all steps of the layer before its own. */
export function layers(depth: number, width: number, shape = `linked layers of ${width}`): BenchGraph {
  const layerOf = (step: number) => step - (step % width);
  const targetsOf = (step: number) => range(Math.max(0, layerOf(step) - width), layerOf(step));
  return graph(shape, range(0, depth * width).map(targetsOf));
}

/** Returns chains side by side in which each step names all its predecessors. One such chain is a complete graph. */
export function closedChains(chains: number, length: number): BenchGraph {
  const targetsOf = (step: number) => range(step - (step % length), step);
  return graph(chains === 1 ? 'complete' : `${chains} closed chains`, range(0, chains * length).map(targetsOf));
}

/** Returns layers of 20 steps with random edges, each to any earlier layer. The edges are the same in every run. */
export function randomLayers(steps: number, edges: number): BenchGraph {
  const width = 20;
  const dependencies = range(0, steps).map(() => new Set<number>());
  let state = 1;
  const below = (limit: number) => {
    state = (state * 48_271) % 0x7fffffff; // Park and Miller's generator (CACM 31(10), 1988), exact in a double
    return state % limit;
  };
  for (let drawn = 0; drawn < edges; ) {
    const step = width + below(steps - width);
    const targets = dependencies[step];
    const before = targets?.size;
    if (targets?.add(below(step - (step % width))).size !== before) drawn++;
  }
  return graph(
    'random layers',
    dependencies.map((targets) => [...targets]),
  );
}

/** Adds an expression to each step: the output of its first dependency, or else a parameter, as a part of a text. */
export function withExpressions({ name, steps }: BenchGraph): BenchGraph {
  const reading = steps.map((step) => {
    const [dependency] = step.dependsOn;
    const read = dependency === undefined ? 'parameters.tag' : `steps.${dependency}.outputs.digest`;
    return { ...step, with: { image: `registry/app@\${{ ${read} }}` } };
  });
  return { name: `${name}, ${steps.length.toLocaleString('en-US')} expressions`, steps: reading };
}

/**
 * Adds an edge that closes a loop. The chain of first dependencies from the last step ends at a root, which then
 * depends on the last step.
 */
export function withLoop({ name, steps }: BenchGraph): BenchGraph {
  const firstOf = new Map(steps.map((step) => [step.name, step.dependsOn[0]]));
  const last = steps.at(-1)?.name ?? '';
  let root = last;
  for (let next = firstOf.get(root); next !== undefined; next = firstOf.get(root)) root = next;
  const looped = steps.map((step) => (step.name === root ? { ...step, dependsOn: [last] } : step));
  return { name, steps: looped };
}
