/**
 * A step as the graph sees it: a name and what it waits for.
 *
 * A malformed step keeps its place in the list as `{ name: '' }`: the empty name can be neither found nor repeated.
 * `dependsOn` absent means "not declared"; an empty list is a declaration (see `buildGraph`).
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
 * The steps with every name resolved to the index of its step. `dependencies[i]` holds what step i waits for: indexes,
 * each once, in the order written, never i itself. What could not become an edge is kept beside it, in declaration order.
 */
export interface Graph {
  readonly steps: readonly Step[];
  readonly dependencies: readonly (readonly number[])[];
  /** No step declares `dependsOn`, so each waits for the one before it. */
  readonly isSequential: boolean;
  /** Steps whose name an earlier step has: the name means that earlier one. */
  readonly duplicates: readonly { readonly step: number; readonly first: number }[];
  readonly missing: readonly DependencyEntry[];
  readonly reflexive: readonly DependencyEntry[];
  readonly repeated: readonly DependencyEntry[];
}

/**
 * Resolves names to edges. Total: any list of steps gives a graph, and what is wrong with it is part of the value.
 *
 * Where no step declares `dependsOn`, step i waits for step i-1; as soon as one does, a step without it is a root.
 * Empty names (malformed entries, reported by whoever decoded them) are passed over. Cost: linear in steps and entries.
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

/** Goes from the last step to the first, so that the first of a name has it: one look-up a step, where asking is a second. */
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

  /** Keeps an entry that is no edge for what it is. */
  function keep(step: number, entry: number, target: number | undefined, own: number): void {
    const list = target === undefined ? missing : target === own ? reflexive : repeated;
    list.push({ step, entry });
  }

  /** `own` is the step that the step's own name means, and `previous` the name of the one before, if nothing else has it. */
  function targetsOf(step: number, dependsOn: readonly string[], own: number, previous: string | undefined): number[] {
    const targets = new Array<number>(dependsOn.length); // growing one would cost more than filling it
    let found = 0;
    for (let entry = 0; entry < dependsOn.length; entry++) {
      const wanted = dependsOn[entry] as string;
      if (wanted === '') continue;
      // Most entries name the step before, and comparing costs a fraction of hashing.
      const target = wanted === previous ? step - 1 : indexOf.get(wanted);
      if (target === undefined || target === own || lastSeenBy[target] === step) keep(step, entry, target, own);
      else {
        lastSeenBy[target] = step;
        targets[found++] = target;
      }
    }
    if (found < targets.length) targets.length = found; // asked first, since setting it is slow even where it changes nothing
    return targets;
  }

  const dependencies = steps.map(({ name, dependsOn }, step) => {
    if (dependsOn === undefined) return [];
    if (isUnique) return targetsOf(step, dependsOn, step, steps[step - 1]?.name);
    return targetsOf(step, dependsOn, indexOf.get(name) ?? step, undefined);
  });
  return { dependencies, missing, reflexive, repeated };
}

/** The edges the other way round: for each step, who waits for it, in declaration order. Linear. */
export function dependentsOf(graph: Graph): readonly (readonly number[])[] {
  const dependents: number[][] = graph.steps.map(() => []);
  for (const [step, targets] of graph.dependencies.entries()) {
    for (const target of targets) dependents[target]?.push(step);
  }
  return dependents;
}
