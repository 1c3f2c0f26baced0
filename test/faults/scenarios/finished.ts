import type { Orchestration } from '../../../src/orchestration/decode.ts';
import { endOf } from '../mixed-run.ts';
import { killEngines, PATIENCE_MS, type Scenario } from '../scenario.ts';

const agentRun = (name: string, dependsOn: string[], retries = 0): Orchestration['steps'][number] => ({
  ...{ name, kind: 'AgentRun', agentRef: { name: 'coder' }, implementation: { inline: { text: name } } },
  ...{ dependsOn, retries },
});
const steps = [agentRun('a', []), agentRun('b', ['a'], 1), agentRun('c', ['a']), agentRun('d', ['b', 'c'])];
const ends = [
  'a Succeeded Completed 1',
  'b Succeeded Completed 2',
  'c Succeeded Completed 1',
  'd Succeeded Completed 1',
];

export const finished: readonly Scenario[] = [
  {
    id: 'F35',
    title: 'AgentRuns deleted as soon as they have finished, while engines die, and while none is there',
    isQuick: true,
    async play(ground) {
      const { open, count, note } = ground;
      const arena = await open({
        steps,
        outcomeOf: (step, attempt) => (step === 'b' && attempt === 1 ? 'Failed' : 'Succeeded'),
        removes: () => true,
        expect: (status, children) => [
          ...endOf(status).filter((end, index) => end !== ends[index]),
          ...(children.length === 5 ? [] : [`${children.length} children, and not 5`]),
        ],
      });
      const replica = await arena.startReplica();
      await arena.createRuns(6, 'dies');
      await killEngines(ground, replica, { times: 6, withinMs: 400 });
      await arena.finish(PATIENCE_MS);

      await arena.createRuns(6, 'away');
      const agentRuns = () => arena.journal.current('AgentRun');
      await arena.until(() => agentRuns().length >= 6, PATIENCE_MS);
      await replica.stop();
      count('faults');
      await arena.until(
        () => agentRuns().every(({ metadata }) => metadata.deletionTimestamp !== undefined),
        PATIENCE_MS,
      );
      note(`${agentRuns().length} AgentRuns have finished and were deleted while no process was there`);
      await arena.startReplica();
      await arena.finish(PATIENCE_MS);
    },
  },
];
