/**
 * The part of a step that the graph needs: its name and its dependencies.
 *
 * A malformed step keeps its place in the list as `{ name: '' }`. An empty name never resolves and is never a
 * duplicate. If `dependsOn` is absent, the step declares nothing. An empty list is a declaration (see `buildGraph`).
 */
export interface Step {
  readonly name: string;
  readonly dependsOn?: readonly string[];
}

/** One entry of one step's `dependsOn`: `steps[step].dependsOn[entry]`. */
export interface DependencyEntry {
  readonly step: number;
  readonly entry: number;
}

/**
 * The steps, with every name resolved to the index of its step. `dependencies[i]` holds the indexes of the steps that
 * step i depends on: each once, in the order written, and never i itself. Entries that are not edges are in the other
 * lists, in declaration order.
 */
export interface Graph {
  readonly steps: readonly Step[];
  readonly dependencies: readonly (readonly number[])[];
  /** No step declares `dependsOn`, so each step depends on the step before it. */
  readonly isSequential: boolean;
  /** Steps that have the name of an earlier step, with that step. The name resolves to the earlier step. */
  readonly duplicates: readonly { readonly step: number; readonly first: number }[];
  readonly missing: readonly DependencyEntry[];
  readonly reflexive: readonly DependencyEntry[];
  readonly repeated: readonly DependencyEntry[];
}

/**
 * Resolves names to edges. Any list of steps gives a graph. The graph also holds what is wrong with the list.
 *
 * If no step declares `dependsOn`, step i depends on step i-1. If any step declares it, a step without it is a root.
 * Empty names are skipped: they stand for malformed entries, which the decoder reports. Cost: linear in steps and
 * entries.
 */
export function buildGraph(steps: readonly Step[]): Graph {
  const { indexOf, duplicates } = indexNames(steps);
  const isSequential = steps.every((step) => step.dependsOn === undefined);
  if (isSequential) {
    const dependencies = steps.map((_, index) => (index === 0 ? [] : [index - 1]));
    return { steps, dependencies, isSequential, duplicates, missing: [], reflexive: [], repeated: [] };
  }
  return { steps, isSequential, duplicates, ...resolveEntries(steps, indexOf) };
}

/**
 * Goes from the last step to the first, so that the first step with a name wins. A test before each write would double
 * the lookups.
 */
function indexNames(steps: readonly Step[]) {
  const indexOf = new Map<string, number>();
  for (let step = steps.length - 1; step >= 0; step--) indexOf.set(nameAt(steps, step), step);
  indexOf.delete('');
  return { indexOf, duplicates: indexOf.size === steps.length ? [] : findDuplicates(steps, indexOf) };
}

function findDuplicates(steps: readonly Step[], indexOf: ReadonlyMap<string, number>) {
  const duplicates: { step: number; first: number }[] = [];
  for (let step = 0; step < steps.length; step++) {
    const first = indexOf.get(nameAt(steps, step)) ?? step;
    if (first !== step) duplicates.push({ step, first });
  }
  return duplicates;
}

function nameAt(steps: readonly Step[], step: number): string {
  return (steps[step] as Step).name;
}

function resolveEntries(steps: readonly Step[], indexOf: ReadonlyMap<string, number>) {
  const isUnique = indexOf.size === steps.length;
  const missing: DependencyEntry[] = [];
  const reflexive: DependencyEntry[] = [];
  const repeated: DependencyEntry[] = [];
  const lastSeenBy = new Array<number>(steps.length).fill(-1);

  /** Records an entry that is not an edge in the list for its kind. */
  function keep(step: number, entry: number, target: number | undefined, own: number): void {
    const list = target === undefined ? missing : target === own ? reflexive : repeated;
    list.push({ step, entry });
  }

  /** A comparison is much cheaper than a hash lookup. A guess is right only if all names are unique. */
  function resolve(wanted: string, guess: number): number | undefined {
    return isUnique && steps[guess]?.name === wanted ? guess : indexOf.get(wanted);
  }

  /** `own` is the step that this step's name resolves to. */
  function targetsOf(step: number, dependsOn: readonly string[], own: number): number[] {
    const targets = new Array<number>(dependsOn.length); // faster than growing an empty array
    let found = 0;
    // Most entries name the step before this one, or the step after the one that the last entry named.
    let guess = step - 1;
    for (let entry = 0; entry < dependsOn.length; entry++) {
      const wanted = dependsOn[entry] as string;
      if (wanted === '') continue;
      const target = resolve(wanted, guess);
      guess = (target ?? guess) + 1;
      if (target === undefined || target === own || lastSeenBy[target] === step) keep(step, entry, target, own);
      else {
        lastSeenBy[target] = step;
        targets[found++] = target;
      }
    }
    if (found < targets.length) targets.length = found; // setting `length` is slow even if the value does not change
    return targets;
  }

  const dependencies = steps.map(({ name, dependsOn }, step) => {
    if (dependsOn === undefined) return [];
    return targetsOf(step, dependsOn, isUnique ? step : (indexOf.get(name) ?? step));
  });
  return { dependencies, missing, reflexive, repeated };
}

/** The reversed edges: for each step, the steps that depend on it, in declaration order. Linear. */
export function dependentsOf(graph: Graph): readonly (readonly number[])[] {
  const dependents: number[][] = graph.steps.map(() => []);
  for (const [step, targets] of graph.dependencies.entries()) {
    for (const target of targets) dependents[target]?.push(step);
  }
  return dependents;
}
