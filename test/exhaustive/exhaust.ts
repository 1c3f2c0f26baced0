import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { checks, describe, run } from './checks.ts';
import { competeAll, fates } from './places/competition.ts';
import { competitions } from './places/competitions.ts';
import { deaths, disturbances as kinder } from './unkind/disturbances.ts';
import { forgedStatuses } from './unkind/forgeries.ts';
import { stories } from './unkind/stories.ts';
import { tellAll } from './unkind/unkind.ts';

// node test/exhaustive/exhaust.ts [--steps 4] [--quick]: explores every check of at most this many steps. Unless it has to
// be quick, it also tells every story with every disturbance and a death after it, and plays every competition with every
// fate and a death after it. Each job runs in a thread of its own, as many at once as there are cores. Ends with 1 at the
// first violation.

/** What one thread does, and its result in a line. */
interface Job {
  readonly title: string;
  readonly isDue: (steps: number, isQuick: boolean) => boolean;
  readonly perform: () => Promise<Result>;
}

interface Result {
  readonly states: number;
  readonly counts: string;
  /** The first violation, in words. */
  readonly violation?: string | undefined;
}

const disturbances = [...kinder, ...forgedStatuses];

const jobs: readonly Job[] = [
  ...stories.map(
    (story): Job => ({
      title: `told with ${disturbances.length} disturbances and a death after each: ${story.title}`,
      isDue: (_, isQuick) => !isQuick,
      async perform() {
        const { histories, calls, violation } = await tellAll(story, disturbances, deaths);
        return { states: calls, counts: `${histories} histories, ${calls} calls`, violation };
      },
    }),
  ),
  ...competitions.map(
    (competition): Job => ({
      title: `every call met by ${fates.length} fates, and a death after each: ${competition.title}`,
      isDue: (_, isQuick) => !isQuick,
      async perform() {
        const { histories, calls, violation } = await competeAll(competition);
        return { states: calls, counts: `${histories} histories, ${calls} calls`, violation };
      },
    }),
  ),
  ...checks.map(
    (check): Job => ({
      title: describe(check),
      isDue: (steps, isQuick) => check.steps <= steps && (check.isQuick === true || !isQuick),
      perform() {
        const { graphs, states, moves, ends, violation } = run(check);
        const counts = `${graphs} graphs, ${states} states, ${moves} moves, ${ends} ends`;
        return Promise.resolve({ states, counts, violation });
      },
    }),
  ),
];

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
      states += explored; // in a line of its own: `+=` would read before it waits, while other threads count
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  console.log(`${indexes.length} checks, ${states} states, no violation, ${secondsSince(startedAt)} s`);
}

/** Performs a job in a thread. Returns how many states it visited. */
async function exploreOne(index: number): Promise<number> {
  const job = jobs[index];
  if (job === undefined) return 0;
  const startedAt = performance.now();
  const worker = new Worker(import.meta.filename, { workerData: index, resourceLimits });
  const [{ states, counts, violation }] = (await once(worker, 'message')) as [Result];
  console.log(`${job.title}: ${counts}, ${secondsSince(startedAt)} s`);
  if (violation === undefined) return states;
  console.error(violation);
  return process.exit(1);
}

if (isMainThread) {
  const { values } = parseArgs({
    options: { steps: { type: 'string', default: '4' }, quick: { type: 'boolean', default: false } },
  });
  const isDue = (index: number) => jobs[index]?.isDue(Number(values.steps), values.quick) === true;
  await exploreAll([...jobs.keys()].filter(isDue));
} else {
  // Calls of the model fail by the million, and nobody reads their stacks.
  Error.stackTraceLimit = 0;
  parentPort?.postMessage(await jobs[workerData as number]?.perform());
}
