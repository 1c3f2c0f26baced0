import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Orchestration } from '../../../src/orchestration/decode.ts';
import { RUNS } from '../../support/model/engine.ts';
import type { Arena } from '../arena.ts';
import { endOf } from '../mixed-run.ts';
import type { Replica } from '../replica.ts';
import { PATIENCE_MS, type Scenario } from '../scenario.ts';
import { statusOf } from '../verdict.ts';

/** A child that never ends, and a signal that never comes. */
const endless: Orchestration['steps'] = [
  { name: 'hang', kind: 'ToolRun', toolRef: { name: 'echo' }, dependsOn: [] },
  { name: 'wait', kind: 'SignalWait', signalRef: { name: 'never' }, dependsOn: [] },
];

const RUNS_ALIVE = 100;
/** Everything is listed anew every 10 to 11 minutes. */
const QUIET_MS = 12 * 60_000;
/** The growth of a heap without garbage: code that is compiled later, and the buffers of connections. */
const MOST_GROWTH_BYTES = 3 * 2 ** 20;

interface Measure {
  readonly looks: number;
  readonly lists: number;
  readonly writes: number;
  readonly heapBytes: number;
}

async function measure({ proxy }: Arena, replica: Replica): Promise<Measure> {
  await replica.signal('SIGUSR2');
  await delay(1_000); // until the garbage is collected
  return {
    looks: await replica.readMetric('orchestration_gate_workqueue_work_duration_seconds_count'),
    lists: await replica.readMetric('orchestration_gate_watch_lists_total'),
    writes: proxy.calls.filter(({ number }) => number !== null).length,
    heapBytes: await replica.readMetric('orchestration_gate_engine_nodejs_heap_size_used_bytes'),
  };
}

export const quiet: readonly Scenario[] = [
  {
    id: 'F22',
    title: 'nothing at all happens to 100 runs for 12 minutes',
    isPatient: true,
    notWhileMoving: 'a move is written into a Lease, and the new owner of a bucket looks at all of its runs',
    async play({ open, count, note, complain }) {
      const arena = await open({
        steps: endless,
        outcomeOf: () => undefined,
        expect: (status) => endOf(status).filter((end) => !/ Cancelled RunCancelled 1$/.test(end)),
      });
      const { client, namespace, journal } = arena;
      const nodeArguments = ['--expose-gc', '--import', join(import.meta.dirname, '../collect.ts')];
      const replica = await arena.startReplica({ nodeArguments });
      const names = await arena.createRuns(RUNS_ALIVE);
      const isWaiting = () =>
        journal.current(RUNS.kind).every((run) => {
          const [hang, wait] = statusOf(run).stepStatuses;
          return hang?.resourceRef?.uid !== undefined && wait?.phase === 'Running';
        });
      if (!(await arena.until(isWaiting, PATIENCE_MS))) complain('not all runs have come to wait');
      await delay(5_000); // what they have written is seen
      const before = await measure(arena, replica);
      count('faults');
      await delay(QUIET_MS);
      const after = await measure(arena, replica);
      const more = (what: keyof Measure) => after[what] - before[what];
      const kib = Math.round(more('heapBytes') / 1024);
      note(`${more('writes')} writes, ${more('looks')} looks, ${more('lists')} lists, ${kib} KiB more heap`);
      if (more('writes') > 0) complain(`${more('writes')} writes while nothing happened`);
      if (more('lists') === 0) complain('nothing was listed anew');
      if (more('looks') > RUNS_ALIVE) complain(`${more('looks')} looks at ${RUNS_ALIVE} runs that wait`);
      if (more('heapBytes') > MOST_GROWTH_BYTES) complain(`the heap has grown by ${kib} KiB`);
      const annotations = { 'orchestration.proompteng.ai/cancel': 'true' };
      for (const name of names)
        await client.patch(RUNS, { namespace, name }, { type: 'merge', body: { metadata: { annotations } } });
      await arena.finish(PATIENCE_MS);
    },
  },
];
