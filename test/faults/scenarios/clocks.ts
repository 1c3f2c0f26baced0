import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isRunFinal } from '../../../src/orchestration/run-status.ts';
import { phaseOf, RUNS, TOOL_RUNS } from '../../support/model/engine.ts';
import { endOf } from '../mixed-run.ts';
import type { Replica, ReplicaOptions } from '../replica.ts';
import { PATIENCE_MS, type Scenario } from '../scenario.ts';
import { statusOf } from '../verdict.ts';

const HOUR_MS = 3_600_000;

function aheadBy(ms: number): Partial<ReplicaOptions> {
  const nodeArguments = ['--import', join(import.meta.dirname, '../../support/wrong-clock.ts')];
  return { nodeArguments, environment: { AHEAD_SECONDS: String(ms / 1_000) } };
}

export const clocks: readonly Scenario[] = [
  {
    id: 'F27',
    title: 'a bound of half an hour and a life of ten minutes, while the first engine is an hour slow or fast',
    isQuick: true,
    async play({ open, close, count, note, complain }) {
      for (const aheadMs of [-HOUR_MS, HOUR_MS]) {
        let mayEnd = false;
        const arena = await open({
          steps: [
            { name: 'first', kind: 'ToolRun', toolRef: { name: 'echo' }, dependsOn: [] },
            { name: 'second', kind: 'ToolRun', toolRef: { name: 'echo' }, dependsOn: ['first'] },
          ],
          policies: { timeouts: { totalSeconds: 1_800 }, ttlSecondsAfterFinished: 600 },
          outcomeOf: (step) => (step === 'second' && !mayEnd ? undefined : 'Succeeded'),
          expect: (status) => endOf(status).filter((end) => !/^(first|second) Succeeded Completed 1$/.test(end)),
        });
        const { client, namespace, journal } = arena;
        const stored = () => journal.current(RUNS.kind).map(statusOf);
        note(`the first engine is an hour ${aheadMs < 0 ? 'slow' : 'fast'}`);
        count('faults');
        const wrong: Replica = await arena.startReplica(aheadBy(aheadMs));
        await arena.createRuns(2, 'begun');
        const isMidway = () => stored().every(({ stepStatuses }) => stepStatuses[1]?.resourceRef?.uid !== undefined);
        if (!(await arena.until(() => stored().length === 2 && isMidway(), PATIENCE_MS)))
          complain('no second step began');
        await wrong.stop();
        const right = await arena.startReplica();
        await delay(2_000);
        if (stored().some(isRunFinal)) complain('a run of half an hour ended within seconds');
        mayEnd = true;
        for (const child of journal.current(TOOL_RUNS.kind).filter((child) => phaseOf(child) !== 'Succeeded')) {
          const target = { namespace, name: child.metadata.name };
          const body = { status: { phase: 'Succeeded' } };
          await client.patch(TOOL_RUNS, target, { type: 'merge', body }, { subresource: 'status' });
        }
        await arena.finish(PATIENCE_MS);
        await right.stop();

        note('runs end under the wrong clock, and the right one comes');
        const again = await arena.startReplica(aheadBy(aheadMs));
        await arena.createRuns(2, 'ended');
        await arena.finish(PATIENCE_MS);
        await again.stop();
        await arena.startReplica();
        await delay(2_000);
        const left = journal.current(RUNS.kind).length;
        if (left !== 4) complain(`${4 - left} of 4 runs were deleted within seconds, and not after ten minutes`);
        await close(arena);
      }
    },
  },
];
