import type { Step } from '../../src/dag/graph.ts';

// What the graph library must say, worked out the slow and obvious way: for graphs of a handful of steps.

type Entry = { step: number; entry: number; wanted: string };

/** Every entry of every `dependsOn` that is a name. */
function entriesOf(steps: readonly Step[]): Entry[] {
  return steps
    .flatMap(({ dependsOn = [] }, step) => dependsOn.map((wanted, entry) => ({ step, entry, wanted })))
    .filter(({ wanted }) => wanted !== '');
}

const firstNamed = (steps: readonly Step[], wanted: string) => steps.findIndex(({ name }) => name === wanted);

/** For each step, the indexes it waits for. */
export function naiveEdges(steps: readonly Step[]): number[][] {
  if (steps.every(({ dependsOn }) => dependsOn === undefined)) return steps.map((_, i) => (i > 0 ? [i - 1] : []));
  const isNamed = ({ step, wanted }: Entry) => wanted !== steps[step]?.name && firstNamed(steps, wanted) >= 0;
  const named = entriesOf(steps).filter(isNamed);
  return steps.map((_, i) => [
    ...new Set(named.filter(({ step }) => step === i).map(({ wanted }) => firstNamed(steps, wanted))),
  ]);
}

/** Floyd-Warshall: how many edges lead from i to j at least, and from i back to i; Infinity where none do. */
export function naiveDistances(edges: readonly (readonly number[])[]): (from: number, to: number) => number {
  const all = [...edges.keys()];
  const distances = edges.map((targets) => all.map((to) => (targets.includes(to) ? 1 : Infinity)));
  const distance = (from: number, to: number) => distances[from]?.[to] ?? Infinity;
  for (const via of all)
    for (const from of all)
      for (const to of all) {
        const detour = distance(from, via) + distance(via, to);
        if (detour < distance(from, to)) distances[from]?.splice(to, 1, detour);
      }
  return distance;
}

/** The code and place of every problem, except that a cycle has only the index of its first step. */
export function naiveProblems(steps: readonly Step[]): { code: string; path: (string | number)[] }[] {
  const entries = entriesOf(steps);
  const distance = naiveDistances(naiveEdges(steps));
  const isMutual = (i: number, j: number) => distance(i, j) < Infinity && distance(j, i) < Infinity;
  const isSelf = ({ step, wanted }: Entry) => wanted === steps[step]?.name;
  const exists = ({ wanted }: Entry) => firstNamed(steps, wanted) >= 0;
  const isRepeated = ({ step, entry, wanted }: Entry) => (steps[step]?.dependsOn?.indexOf(wanted) ?? -1) < entry;

  const indexes = [...steps.keys()];
  const duplicates = indexes.filter((i) => steps[i]?.name && firstNamed(steps, steps[i].name) < i);
  const loops = indexes.filter((i) => isMutual(i, i) && !indexes.some((j) => j < i && isMutual(i, j)));
  const implied = steps.filter(({ name, dependsOn }, i) => i > 0 && name !== '' && dependsOn === undefined);
  const isMixed = implied.length > 0 && steps.some(({ dependsOn }) => dependsOn !== undefined);

  const at = (code: string, found: Entry[]) =>
    found.map(({ step, entry }) => ({ code, path: [step, 'dependsOn', entry] }));
  return [
    ...duplicates.map((i) => ({ code: 'DuplicateStep', path: [i, 'name'] })),
    ...at(
      'MissingDependency',
      entries.filter((entry) => !exists(entry)),
    ),
    ...at('SelfDependency', entries.filter(isSelf)),
    ...loops.map((i) => ({ code: 'DependencyCycle', path: [i] })),
    ...at(
      'DuplicateDependency',
      entries.filter((entry) => exists(entry) && !isSelf(entry) && isRepeated(entry)),
    ),
    ...(isMixed ? [{ code: 'MixedDependsOn', path: [] }] : []),
  ];
}
