import { waitUntil } from '../../support/namespaced-api.ts';
import { agent, tool } from '../../support/run-steps.ts';
import { complainOfCosts, costOf, describeCosts } from '../costs.ts';
import type { Ground } from '../ground.ts';
import { complainUnlessEach, endOf, isFinal, isIn, run, storeTool, tally } from '../objects.ts';
import type { Row } from '../row.ts';

const ALONE = 9;
const STEPS = 8;

/** Counts the Jobs that carry out a ToolRun, which their labels name under either controller. */
async function countJobs({ api }: Ground): Promise<(toolRun: string) => number> {
  const jobs = await api.list('Job');
  return (toolRun) =>
    jobs.filter(
      ({ metadata }) =>
        metadata.ownerReferences?.some(({ name }) => name === toolRun) === true ||
        Object.values(metadata.labels ?? {}).includes(toolRun),
    ).length;
}

/** Lists the ToolRuns as soon as `count` of them are final, or after so many seconds. */
async function listEnded({ api }: Ground, count: number, seconds = 90) {
  const list = async () => (await api.list('ToolRun')).filter(isFinal);
  await waitUntil('ToolRuns to end', async () => (await list()).length >= count, undefined, seconds).catch(() => {});
  return api.list('ToolRun');
}

export const toolRuns: readonly Row[] = [
  {
    title: `ToolRun, alone or as a step (${ALONE + STEPS})`,
    before: '3 Succeeded by luck; 8 never started; for 6 the Job was Complete and the ToolRun never final',
    async play(ground) {
      const { api, calls } = ground;
      await storeTool(api);
      await ground.startSupporting();
      await ground.startAgents();
      await ground.startOurs();
      ground.startKubelet();
      // There is an AgentRun too. Each event of it or of the run makes the supporting controller write all of it again.
      const steps = Array.from({ length: STEPS }, (_, index) => tool(`tool-${index}`, { dependsOn: [] }));
      await run(api, 'busy', [...steps, agent('agent')]);
      const alone = Array.from({ length: ALONE }, (_, index) => `alone-${index}`);
      for (const name of alone) await api.create('ToolRun', name, { spec: { toolRef: { name: 'echo' } } });
      const ended = await listEnded(ground, ALONE + STEPS);
      const phases = ended.map(({ status }) => status?.phase);
      const [costs, jobs] = [await costOf(api, calls), (await api.list('Job')).length - 1];
      const names = ended.map(({ metadata }) => metadata.name);
      return {
        now: `${tally(phases)}; ${jobs} Jobs; ${describeCosts(costs)}`,
        complaints: [
          ...(phases.filter((phase) => phase === 'Succeeded').length === ALONE + STEPS ? [] : [tally(phases)]),
          ...complainUnlessEach('Jobs', names, await countJobs(ground)),
          ...complainOfCosts(costs),
        ],
      };
    },
  },
  {
    title: 'run with a ToolRun step',
    before: 'stands still, then StepTimedOut; for ever without a timeout',
    async play(ground) {
      const { api } = ground;
      await storeTool(api);
      await ground.startSupporting();
      await ground.startOurs();
      ground.startKubelet();
      await run(api, 'one', [tool('a'), tool('b')]);
      const status = (await endOf(api, 'OrchestrationRun', 'one'))?.['status'];
      return { now: `${status?.phase}`, complaints: status?.phase === 'Succeeded' ? [] : [JSON.stringify(status)] };
    },
  },
  {
    title: 'each of their writes to a ToolRun that we hold',
    before: 'a new StatusContested Event: 45 a second without end, 3,031 from three ToolRuns',
    async play(ground) {
      const { api, calls } = ground;
      await storeTool(api);
      const { requests } = await ground.startSupporting();
      await ground.startOurs();
      const names = ['a', 'b', 'c'];
      for (const name of names) await api.create('ToolRun', name, { spec: { toolRef: { name: 'echo' } } });
      await waitUntil('their Jobs', async () => (await api.list('Job')).length >= names.length);
      const rounds = () => requests.filter((request) => request === 'list toolruns ok').length;
      const labelled = await api.create('OrchestrationRun', 'label', { spec: { orchestrationRef: { name: 'none' } } });
      const until = rounds() + 20;
      await waitUntil('20 rounds of theirs', async () => {
        const labels = { at: String(Math.round(performance.now())) };
        await api.edit('OrchestrationRun', labelled.metadata.name, { metadata: { labels } });
        return rounds() >= until;
      });
      ground.startKubelet();
      const phases = (await listEnded(ground, names.length)).map(({ status }) => status?.phase);
      const costs = await costOf(api, calls);
      const isRight = phases.every((phase) => phase === 'Succeeded');
      return {
        now: `${describeCosts(costs)}, over 20 rounds of theirs; then ${tally(phases)}`,
        complaints: [...(isRight ? [] : [tally(phases)]), ...complainOfCosts(costs)],
      };
    },
  },
  {
    title: 'ToolRuns in flight, theirs → ours',
    before: 'Jobs complete, ToolRuns stay Ready or Running for ever',
    async play(ground) {
      const { api, calls } = ground;
      await storeTool(api);
      const names = ['a', 'b', 'c'];
      const theirs = await ground.startTheirs();
      for (const name of names) await api.create('ToolRun', name, { spec: { toolRef: { name: 'echo' } } });
      for (const name of names) await api.waitFor('ToolRun', name, isIn('Running'));
      await theirs.stop();
      await ground.startSupporting();
      await ground.startOurs();
      ground.startKubelet();
      const ended = await listEnded(ground, names.length);
      const phases = ended.map(({ status }) => status?.phase);
      const [costs, jobs] = [await costOf(api, calls), (await api.list('Job')).length];
      return {
        now: `${tally(phases)}; ${jobs} Jobs, which theirs had started; ${describeCosts(costs)}`,
        complaints: [
          ...(phases.every((phase) => phase === 'Succeeded') ? [] : [tally(phases)]),
          ...complainUnlessEach('Jobs', names, await countJobs(ground)),
        ],
      };
    },
  },
];
