import { benchAudit } from './reconciler/audit.ts';
import { benchHistory, STARTS } from './reconciler/history.ts';
import { type Reconciler, startReconciler } from './reconciler/process.ts';
import { type Child, openStage, type Script, type Stage, writePlainly } from './reconciler/stage.ts';
import type { Budget, Row } from './table.ts';
import { type Effort, percentile, type Section } from './turns.ts';

const MIB = 1024 * 1024;

type Steps = readonly { readonly name: string; readonly [field: string]: unknown }[];

const toolRun = (name: string, fields: object = {}): Steps[number] => ({
  name,
  kind: 'ToolRun',
  toolRef: { name: 'echo' },
  ...fields,
});
const agentRun: typeof toolRun = (name, fields) => ({
  ...{ name, kind: 'AgentRun', agentRef: { name: 'coder' }, implementationSpecRef: { name: 'fix' } },
  ...fields,
});
const chainOf = (length: number, step = toolRun): Steps => Array.from({ length }, (_, index) => step(`step-${index}`));
const fanOut = (width: number, step = toolRun): Steps =>
  [...Array(width).keys()].map((index) => step(`step-${index}`, { dependsOn: [] }));
const layersOf = (depth: number, width: number): Steps =>
  [...Array(depth * width).keys()].map((index) => {
    const first = (Math.floor(index / width) - 1) * width;
    const dependsOn = first < 0 ? [] : [...Array(width).keys()].map((offset) => `step-${first + offset}`);
    return toolRun(`step-${index}`, { dependsOn });
  });
/** Ten layers of four; the first attempt of every third step fails. */
const mixed: Steps = layersOf(10, 4).map((step) => ({ ...step, retries: 1 }));
const failsFirst = (step: string, attempt: number) =>
  attempt === 1 && Number(step.slice('step-'.length)) % 3 === 0 ? 'Failed' : 'Succeeded';

/** Measures what runs cost in writes and time, on a control plane of their own. */
export async function benchReconciler({ milliseconds }: Effort): Promise<Section> {
  await using stage = await openStage();
  const rows: Row[] = [];
  {
    await using _ = await startReconciler(stage.kubeconfig);
    rows.push(...(await countWrites(stage)), ...(await measureReaction(stage, milliseconds)));
    rows.push(await measureFanOut(stage, 5 * milliseconds), ...(await measureNeighbours(stage, 5 * milliseconds)));
  }
  rows.push(await measureThroughput(stage, milliseconds));
  const notes = [
    'Writes of the reconciler are counted from the audit log of the API server, by its service account: snapshot, status, children and events of whole runs, divided by their steps.',
    'A reaction is from when the API server had stored the end of a child to when a watch showed the next one: of twenty chains of fifty whose children take a second, so that one ends every 50 ms.',
    'Chains whose children have once ended together stay together, because all children take a second. Then many steps wait for the API server at the same time, and a single write of the stand-in takes many times its median as well. That is why the p99 is so far from the median.',
    'The children of a wide run are counted from its first to its last, as a watch showed them; the plain loop makes creates and patches of the same kinds and sizes. Its neighbours are chains of 10 in the same namespace whose children take two seconds; the wide run starts among them, and its children end as theirs do.',
    'Throughput counts all writes of both sides, those of the stand-in that ends children among them; the plain loop makes creates and patches of the same kinds and sizes, sixteen at once, as does the stand-in.',
  ];
  return { rows, notes };
}

/** Measures what many live runs cost, on a control plane of their own. */
export async function benchCrowd({ milliseconds }: Effort): Promise<Section> {
  await using stage = await openStage();
  const notes = [
    'Memory and sockets are of supervisor and engine together; pages of the program file, which both use, count once. API server, etcd, reconciler and stand-in share all cores, so the first action after a start waits for the lists of the API server too.',
  ];
  return { rows: await measureCrowd(stage, 25 * milliseconds), notes };
}

/** Measures what finished runs cost, with an API server that makes up its lists. */
export async function benchKept(): Promise<Section> {
  const notes = [
    `These rows are medians of ${STARTS} starts each, those of the audit of one. They are measured before an API server that makes up its lists, and a delivery in CPU time of all processes. So the first action does not wait for a real API server, as that of the section before does.`,
  ];
  return { rows: [...(await benchHistory()), ...(await benchAudit())], notes };
}

/** What a graph may cost in writes. */
interface Shape {
  readonly name: string;
  readonly steps: Steps;
  readonly script: Script;
  readonly budget: Budget;
}

const shapes: readonly Shape[] = [
  { name: 'chain of 10, children end at once', steps: chainOf(10), script: { afterMs: 50 }, budget: { max: 2.5 } },
  { name: 'chain of 10, children take 2 s', steps: chainOf(10), script: { afterMs: 2_000 }, budget: { max: 3.5 } },
  { name: 'fan-out of 100', steps: fanOut(100), script: { afterMs: 100 }, budget: { max: 1.6 } },
  {
    name: 'chain of 10 AgentRuns, which end at once',
    steps: chainOf(10, agentRun),
    script: { afterMs: 50 },
    budget: { max: 3.5 },
  },
  {
    name: 'chain of 10 AgentRuns, which take 2 s',
    steps: chainOf(10, agentRun),
    script: { afterMs: 2_000 },
    budget: { max: 4.5 },
  },
  { name: 'fan-out of 100 AgentRuns', steps: fanOut(100, agentRun), script: { afterMs: 100 }, budget: { max: 2.6 } },
  { name: '10 layers of 4, a third retried', steps: mixed, script: { afterMs: 100, phase: failsFirst }, budget: {} },
  { name: '1,000 steps in 10 layers of 100', steps: layersOf(10, 100), script: { afterMs: 100 }, budget: {} },
];

/** Counts the writes of each shape, one after another, each in a namespace of its own. */
async function countWrites(stage: Stage): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { name, steps, script, budget } of shapes) {
    const scene = await stage.open(script);
    await scene.start(steps, 1);
    await scene.untilEnded(1);
    const { reconciler } = await scene.countWrites();
    rows.push({ what: `reconciler: ${name}`, unit: 'writes a step', ours: reconciler / steps.length, budget });
  }
  return rows;
}

/**
 * Measures the reactions of twenty chains of fifty side by side. Children take a second, and the chains start 50 ms
 * apart. There are so many reactions that the p99 is not a single hiccup.
 */
async function measureReaction(stage: Stage, milliseconds: number): Promise<Row[]> {
  const scene = await stage.open({ afterMs: 1_000 });
  await scene.start(chainOf(Math.max(5, milliseconds / 4)), 20, 50);
  await scene.untilEnded(20);
  const reactions = reactionsOf(scene.children);
  const plainWrites = scene.children.flatMap(({ endTookMs = [] }) => endTookMs);
  const rowOf = (name: string, share: number, max: number): Row => {
    const [ours, other] = [percentile(reactions, share), percentile(plainWrites, share)];
    return {
      ...{ what: `reconciler: end of a child to the next, ${name} at 20 steps/s`, unit: 'ms', ours, other },
      ...{ against: 'one write of the stand-in meanwhile', budget: { max } },
    };
  };
  return [rowOf('median', 0.5, 60), rowOf('p99', 0.99, 250)];
}

/** Measures how fast a run of this many steps without dependencies gets its children. */
async function measureFanOut(stage: Stage, steps: number): Promise<Row> {
  const other = await writePlainly(stage, steps);
  const scene = await stage.open();
  await scene.start(fanOut(steps), 1);
  await scene.untilChildren(steps);
  const ours = (1_000 * (steps - 1)) / ((scene.children.at(-1)?.seenMs ?? 0) - (scene.children[0]?.seenMs ?? 0));
  return {
    ...{
      what: `reconciler: children of a run of ${steps.toLocaleString('en-US')} steps`,
      unit: 'creates/s',
      ours,
      other,
    },
    ...{ against: 'a plain loop of writes, sixteen at once', ratio: ours / other, budget: {} },
  };
}

/** Measures a hundred small runs, and then as many next to a run of this many steps. */
async function measureNeighbours(stage: Stage, steps: number): Promise<Row[]> {
  const reactionsBeside = async (big: number) => {
    const scene = await stage.open({ afterMs: 2_000 });
    const small = scene.start(chainOf(10), 100, 20);
    if (big > 0) {
      await scene.untilChildren(50);
      await scene.start(fanOut(big), 1, 0, 'wide');
    }
    await small;
    await scene.untilEnded(big > 0 ? 101 : 100);
    return reactionsOf(scene.children.filter(({ run }) => !run.startsWith('wide')));
  };
  const [alone, beside] = [await reactionsBeside(0), await reactionsBeside(steps)];
  const what = `reconciler: end of a child to the next, of 100 chains beside a run of ${steps.toLocaleString('en-US')} steps`;
  return [0.5, 0.99].map((share) => {
    const [ours, other] = [percentile(beside, share), percentile(alone, share)];
    const name = share === 0.5 ? 'median' : 'p99';
    return {
      ...{ what: `${what}, ${name}`, unit: 'ms', ours, other },
      against: 'without it',
      ratio: ours / other,
      budget: {},
    };
  });
}

/** Returns the reactions of chains: from the end of each child to the next child of the same run. */
function reactionsOf(children: readonly Child[]): number[] {
  const byRun = Object.values(Object.groupBy(children, ({ run }) => run)) as Child[][];
  return byRun.flatMap((chain) =>
    chain.slice(1).map(({ seenMs }, index) => seenMs - (chain[index]?.endedMs ?? Number.NaN)),
  );
}

/** Measures the plain loop before and after the runs, while no reconciler is there. */
async function measureThroughput(stage: Stage, runs: number): Promise<Row> {
  const plainWrites = 15 * runs;
  const before = await writePlainly(stage, plainWrites);
  const ours = await writeByRuns(stage, runs);
  const other = (before + (await writePlainly(stage, plainWrites))) / 2;
  return {
    ...{ what: `reconciler: ${runs.toLocaleString('en-US')} chains of 10 at once`, unit: 'writes/s', ours, other },
    ...{ against: 'a plain loop of such writes', ratio: ours / other, budget: { minRatio: 0.6 } },
  };
}

async function writeByRuns(stage: Stage, runs: number): Promise<number> {
  await using _ = await startReconciler(stage.kubeconfig);
  const scene = await stage.open({ afterMs: 0 });
  const startMs = performance.now();
  await scene.start(chainOf(10), runs);
  await scene.untilEnded(runs);
  const seconds = (performance.now() - startMs) / 1000;
  return (await scene.countWrites()).all / seconds;
}

/** Measures many live runs with a running child each. Then the reconciler is killed and started again. */
async function measureCrowd(stage: Stage, runs: number): Promise<Row[]> {
  const scene = await stage.open();
  const name = `${runs.toLocaleString('en-US')} live runs of 10 steps`;
  const rows: Row[] = [];
  {
    await using reconciler = await startReconciler(stage.kubeconfig);
    await scene.start(chainOf(10), runs);
    await scene.untilChildren(runs);
    rows.push(memoryRow(`reconciler: ${name}`, reconciler), socketsRow(`reconciler: ${name}`, reconciler));
  }
  const [first] = scene.children;
  if (first !== undefined) await scene.end(first);
  await using restarted = await startReconciler(stage.kubeconfig);
  await scene.untilChildren(runs + 1);
  const next = scene.children.at(-1)?.seenMs ?? Number.NaN;
  return [
    ...rows,
    memoryRow(`reconciler: ${name}, restarted`, restarted),
    {
      ...{ what: `reconciler: ${name}, from exec to the first action`, unit: 's' },
      ...{ ours: (next - restarted.startedMs) / 1000, budget: { max: 10 } },
    },
  ];
}

function memoryRow(what: string, { residentBytes }: Reconciler): Row {
  return { what, unit: 'MiB', ours: residentBytes() / MIB, budget: { max: 512 } };
}

function socketsRow(what: string, { sockets }: Reconciler): Row {
  return { what, unit: 'sockets', ours: sockets(), budget: { max: 40 } };
}
