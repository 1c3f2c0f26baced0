import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { checks, describe, type Outcome, run } from './checks.ts';

// node test/exhaustive/exhaust.ts [--steps 4] [--quick]: explores every check of at most so many steps, each in a thread
// of its own and as many at once as there are cores. Ends with 1 at the first violation.

/** A state that was visited costs some 20 bytes; what lives only from one state to the next is most of the garbage. */
const resourceLimits = { maxOldGenerationSizeMb: 8192, maxYoungGenerationSizeMb: 64 };

const secondsSince = (startedAt: number) => ((performance.now() - startedAt) / 1000).toFixed(1);

async function exploreAll(indexes: readonly number[]): Promise<void> {
  const startedAt = performance.now();
  const left = [...indexes];
  let states = 0;
  const work = async () => {
    for (let index = left.shift(); index !== undefined; index = left.shift()) {
      const explored = await exploreOne(index);
      states += explored; // in a line of its own: `+=` reads before it waits, and other threads count meanwhile
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  console.log(`${indexes.length} checks, ${states} states, no violation, ${secondsSince(startedAt)} s`);
}

/** How many states a check has. */
async function exploreOne(index: number): Promise<number> {
  const check = checks[index];
  if (check === undefined) return 0;
  const startedAt = performance.now();
  const worker = new Worker(import.meta.filename, { workerData: index, resourceLimits });
  const [outcome] = (await once(worker, 'message')) as [Outcome];
  const { graphs, states, moves, ends, violation } = outcome;
  const told = `${graphs} graphs, ${states} states, ${moves} moves, ${ends} ends`;
  console.log(`${describe(check)}: ${told}, ${secondsSince(startedAt)} s`);
  if (violation === undefined) return states;
  console.error(violation);
  return process.exit(1);
}

if (isMainThread) {
  const { values } = parseArgs({
    options: { steps: { type: 'string', default: '4' }, quick: { type: 'boolean', default: false } },
  });
  const isDue = ({ steps, isQuick = false }: (typeof checks)[number]) =>
    steps <= Number(values.steps) && (isQuick || !values.quick);
  await exploreAll([...checks.keys()].filter((index) => isDue(checks[index] as (typeof checks)[number])));
} else {
  // Calls of the model fail by the million, and nobody reads their stacks.
  Error.stackTraceLimit = 0;
  const check = checks[workerData as number];
  if (check !== undefined) parentPort?.postMessage(run(check));
}
