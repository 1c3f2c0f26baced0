import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { defaultPolicy, type Judgement, judgeOrchestration } from '../src/orchestration/judge.ts';
import { type BenchGraph, chain, closedChains, layers, randomLayers, withExpressions, withLoop } from './graphs.ts';
import type { GoPeer } from './peers/go.ts';
import type { Budget } from './table.ts';
import { type Contest, type Effort, median, type Section, takeTurns } from './turns.ts';

/** The graphs that Tekton decides too; the first is the largest of its own tests. */
const compared: readonly (readonly [BenchGraph, Budget])[] = [
  [closedChains(5, 101), { max: 4, maxRatio: 1 / 5 }],
  [closedChains(1, 60), { max: 1 }],
  [layers(10, 10), { max: 1 }],
  [randomLayers(1000, 10_000), {}],
  [chain(20_000), {}],
];

/** Graphs of any number of steps, with one edge or ten edges for each step. */
const families = [chain, (steps: number) => layers(steps / 10, 10), (steps: number) => randomLayers(steps, steps * 10)];

/** A loop of three steps, and a step that only waits for it. The name of that step sorts before the others. */
const blame = [
  { name: 'announce', dependsOn: ['publish'] },
  { name: 'build', dependsOn: ['publish'] },
  { name: 'test', dependsOn: ['build'] },
  { name: 'publish', dependsOn: ['test'] },
];

/** Measures decisions. Without `tekton`, its side is not run. */
export async function benchDecide(tekton: GoPeer | undefined, { rounds, milliseconds }: Effort): Promise<Section> {
  const ours =
    (graph: BenchGraph, codes = '') =>
    () =>
      timeDecision(graph, codes, milliseconds);
  const unit = 'ms';
  const [fewerNames, names] = [randomLayers(10_000, 100_000), randomLayers(20_000, 200_000)];
  const contests: Contest[] = [
    ...compared.map(([graph, budget]) => {
      const other = tekton && (() => tekton.time(graph.steps, milliseconds).medianMs);
      return { row: { what: graph.name, unit, against: 'Tekton dag.Build', budget }, ours: ours(graph), other };
    }),
    ...[5000, 10_000].flatMap((steps) =>
      families.map((family) => {
        const twice = family(2 * steps);
        const row = { what: twice.name, unit, against: 'half the steps', budget: { maxRatio: 2.5 } };
        return { row, ours: ours(twice), other: ours(family(steps)) };
      }),
    ),
    {
      row: { what: `${names.name}, only looked up`, unit, against: 'half the steps', budget: {} },
      ours: () => timeLookups(names, milliseconds),
      other: () => timeLookups(fewerNames, milliseconds),
    },
    ...[20, 1000].map((steps) => {
      const graph = withExpressions(chain(steps));
      const row = { what: graph.name, unit, against: 'without expressions', budget: { max: 25 } };
      return { row, ours: ours(graph), other: ours(chain(steps)) };
    }),
    ...compared.map(([graph]) => {
      const what = `${graph.name}, with a loop`;
      const row = { what, unit, against: 'without the loop', budget: { maxRatio: 2 } };
      return { row, ours: ours(withLoop(graph), 'DependencyCycle'), other: ours(graph) };
    }),
  ];
  return { rows: await takeTurns(contests, rounds), notes: notesOn(tekton, milliseconds) };
}

/** The largest graph has 20,000 steps, far over the default limit. */
const policy = { ...defaultPolicy, limits: { maxSteps: 20_000, maxDependencies: 256 } };

/** What is timed: the whole decision, from the parsed object to the sentences shown. */
function decide(object: unknown): Judgement {
  return judgeOrchestration(object, policy);
}

setFlagsFromString('--expose-gc');
const collectGarbage: NodeJS.GCFunction = runInNewContext('gc');

/** Returns the median time of a decision in milliseconds. Throws if the problems have other codes than expected. */
export function timeDecision(graph: BenchGraph, codes: string, milliseconds: number): number {
  return timeFresh(graph, milliseconds, decide, ({ denials, warnings }) => {
    const found = [...denials, ...warnings].map(({ code }) => code).join();
    if (found !== codes) throw new Error(`${graph.name}: expected "${codes}", found "${found}"`);
  });
}

/** Returns the median time in milliseconds of finding the steps that `dependsOn` names, and of nothing else. */
function timeLookups(graph: BenchGraph, milliseconds: number): number {
  const wanted = graph.steps.reduce((sum, { dependsOn }) => sum + dependsOn.length, 0);
  return timeFresh(graph, milliseconds, countFound, (found) => {
    if (found !== wanted) throw new Error(`${graph.name}: expected ${wanted} dependencies, found ${found}`);
  });
}

function countFound({ spec: { steps } }: BenchOrchestration): number {
  const indexes = new Map(steps.map(({ name }, index) => [name, index]));
  let found = 0;
  for (const { dependsOn } of steps) for (const name of dependsOn) if (indexes.has(name)) found++;
  return found;
}

/**
 * Returns the median time of `work` in milliseconds, and checks each of its results. Each time it gets an object fresh
 * from JSON.parse, because V8 keeps the hash of a string once it is computed. The garbage of the parser is collected
 * before.
 */
function timeFresh<T>(
  { steps }: BenchGraph,
  milliseconds: number,
  work: (object: BenchOrchestration) => T,
  check: (result: T) => void,
): number {
  const text = JSON.stringify(toOrchestration(steps));
  const times: number[] = [];
  for (const end = performance.now() + milliseconds; times.length < 5 || performance.now() < end; ) {
    const object = JSON.parse(text) as BenchOrchestration;
    collectGarbage({ type: 'minor' });
    const start = performance.now();
    const result = work(object);
    times.push(performance.now() - start);
    check(result);
  }
  return median(times);
}

type BenchOrchestration = ReturnType<typeof toOrchestration>;

function toOrchestration(steps: BenchGraph['steps']) {
  const toolSteps = steps.map((step) => ({ ...step, kind: 'ToolRun', toolRef: { name: 'builder' } }));
  return { metadata: { name: 'bench', namespace: 'default' }, spec: { steps: toolSteps } };
}

function notesOn(tekton: GoPeer | undefined, milliseconds: number): string[] {
  const { denials } = decide(toOrchestration(blame));
  return [
    `A decision is made for ${milliseconds} ms a round, or five times if that is longer; its time in a round is the median.`,
    'Ours is the whole decision from the parsed object: types, rules of the resource and of the graph, and the sentences. Tekton’s is `dag.Build` alone, its tasks and dependency map already made.',
    'Names that are *only looked up* are put into a Map and found there once for each dependency, and nothing else is done. This takes most of the time of random layers of this size. It more than doubles if 200,000 names and their Map no longer fit into the caches of the processor. So the decision can exceed its budget there. The limit for an Orchestration is 1,000 steps unless the operator raises it.',
    'On a loop of build, test and publish, with announce waiting for publish,',
    `  - we say \`${denials.map(({ field, message }) => `${field}: ${message}`).join('; ')}\``,
    `  - Tekton says \`${tekton?.time(blame, 0).problem ?? '(not run)'}\``,
  ];
}
