import type { NamespacedApi, StoredObject } from '../../support/namespaced-api.ts';
import { waitUntil } from '../../support/namespaced-api.ts';
import { agent, tool } from '../../support/run-steps.ts';
import { complainUnlessEach, endOf, isIn, RUN, run, storeTool } from '../objects.ts';
import type { Row } from '../row.ts';

const names = (count: number) => Array.from({ length: count }, (_, index) => `s${index}`);
const STEP = 'agents.proompteng.ai/orchestration-step';
/** Ours has annotations too, theirs has labels only. */
const stepOf = ({ metadata: { labels, annotations } }: StoredObject) => ({ ...labels, ...annotations })[STEP];
const countOfStep = (children: readonly StoredObject[]) => (step: string) =>
  children.filter((child) => stepOf(child) === step).length;

/**
 * Waits until their controller has judged an Orchestration that was created two seconds after the start of ours. What
 * it wrote earlier may be from before that start, and does not count as evidence.
 */
async function untilEvidence(api: NamespacedApi): Promise<void> {
  const countsMs = Date.now() + 2_000;
  let count = 0;
  await waitUntil('theirs to judge what counts', async () => {
    const name = `judged-${count++}`;
    const { metadata } = await api.create('Orchestration', name, { spec: { steps: [] } });
    await api.waitFor('Orchestration', name, ({ status }) => status?.phase !== undefined);
    return Date.parse(metadata.creationTimestamp ?? '') > countsMs;
  });
}

/** Whether a child is ours: their controller owns nothing that it creates. */
const isOwned = ({ metadata }: StoredObject) => (metadata.ownerReferences?.length ?? 0) > 0;

/**
 * Starts a run of an Orchestration that their controller has judged. If it judged the Orchestration later, it would
 * look at the run twice, and double everything by itself.
 */
async function runJudged(api: NamespacedApi, name: string, steps: readonly object[]): Promise<void> {
  await api.create('Orchestration', name, { spec: { steps } });
  await api.waitFor('Orchestration', name, ({ status }) => status?.phase !== undefined);
  await api.create('OrchestrationRun', name, { spec: { orchestrationRef: { name } } });
}

async function eventsOf(api: NamespacedApi, name: string): Promise<readonly string[]> {
  const events = await api.list('Event');
  return events
    .filter(({ involvedObject: { name: about, kind } }) => about === name && kind === 'OrchestrationRun')
    .map(({ reason, message }) => `${reason}: ${message}`);
}

export const handOver: readonly Row[] = [
  {
    title: 'both orchestration controllers on, AgentRun steps (8)',
    before: '8 of 8 doubled: two AgentRuns, two Jobs; theirs wins the status, our child runs on',
    async play(ground) {
      const { api } = ground;
      await ground.startSupporting();
      await ground.startAgents();
      await ground.startOurs();
      await ground.startTheirs();
      await untilEvidence(api);
      const steps = names(8);
      await runJudged(
        api,
        'both',
        steps.map((name) => agent(name)),
      );
      const status = (await endOf(api, 'OrchestrationRun', 'both', 90))?.['status'];
      const children = await api.list('AgentRun');
      const ours = children.filter(isOwned).length;
      // Now and then, their controller doubles steps by itself too: it only needs to receive one object twice.
      const doubled = complainUnlessEach('AgentRuns', steps, countOfStep(children)).length;
      return {
        now: `${ours} AgentRuns are ours; theirs made ${children.length - ours}, and doubled ${doubled} of 8 by itself; the run is ${status?.phase}`,
        complaints: [
          ...(ours === 0 ? [] : [`${ours} AgentRuns are ours`]),
          ...(status?.phase === 'Succeeded' ? [] : [JSON.stringify(status)]),
        ],
      };
    },
  },
  {
    title: 'both on, ToolRun steps (3)',
    before: 'four Jobs for one step in 2 of 3; a run Succeeded beside a StepFailed event',
    async play(ground) {
      const { api } = ground;
      await storeTool(api);
      await ground.startSupporting();
      await ground.startOurs();
      await ground.startTheirs();
      await untilEvidence(api);
      ground.startKubelet();
      const steps = names(3);
      await runJudged(
        api,
        'both',
        steps.map((name) => tool(name, { dependsOn: [] })),
      );
      const status = (await endOf(api, 'OrchestrationRun', 'both', 60))?.['status'];
      const [toolRuns, jobs] = [await api.list('ToolRun'), await api.list('Job')];
      const [ourToolRuns, ourJobs] = [toolRuns, jobs].map((all) => all.filter(isOwned).length);
      const events = (await eventsOf(api, 'both')).filter((event) => event.startsWith('StepFailed'));
      return {
        now: `${toolRuns.length} ToolRuns (${ourToolRuns} ours), ${jobs.length} Jobs (${ourJobs} ours); ${status?.phase}, ${events.length} StepFailed Events`,
        complaints: [
          ...(ourToolRuns === 0 ? [] : [`${ourToolRuns} ToolRuns are ours`]),
          ...(ourJobs === 0 ? [] : [`${ourJobs} Jobs are ours`]),
          ...(status?.phase === 'Succeeded' && events.length > 0 ? events : []),
        ],
      };
    },
  },
  {
    title: 'run in flight, theirs → ours',
    before: 'left alone, and nothing says so: no event, log line or metric',
    async play(ground) {
      const { api } = ground;
      const theirs = await ground.startTheirs();
      await run(api, 'old', [agent('a')]);
      await api.waitFor('OrchestrationRun', 'old', isIn('Running'));
      await theirs.stop();
      const before = await api.read('OrchestrationRun', 'old');
      await ground.startOurs();
      await run(api, 'new', [{ name: 'mark', kind: 'Checkpoint' }]);
      await api.waitFor('OrchestrationRun', 'new', isIn('Succeeded'));
      const hasSaid = async () => (await eventsOf(api, 'old')).length > 0;
      await waitUntil('an Event', hasSaid, undefined, 20).catch(() => {});
      const [event] = await eventsOf(api, 'old');
      const after = await api.read('OrchestrationRun', 'old');
      const isLeft = JSON.stringify(after?.['status']) === JSON.stringify(before?.['status']);
      return {
        now: `${isLeft ? 'left alone' : 'changed'}; ${event === undefined ? 'nothing says so' : `Event "${event}"`}`,
        complaints: [...(isLeft ? [] : ['its status was changed']), ...(event ? [] : ['nothing says so'])],
      };
    },
  },
  {
    title: 'run, ours → theirs',
    before: 'goes on with the same child; our Ready=False and Progressing=True stay on the Succeeded run',
    async play(ground) {
      const { api } = ground;
      await ground.startSupporting();
      const ours = await ground.startOurs();
      await run(api, 'back', [agent('a')]);
      await waitUntil('a child', async () => (await api.list('AgentRun')).length === 1);
      await api.waitFor('OrchestrationRun', 'back', ({ status }) => status.stepStatuses[0].resourceRef?.uid);
      await ours.process.kill('SIGKILL');
      await ground.startTheirs();
      await ground.startAgents();
      const status = (await endOf(api, 'OrchestrationRun', 'back'))?.['status'];
      const children = (await api.list('AgentRun')).filter(({ metadata }) => metadata.labels?.[RUN] === 'back');
      const conditions = (status?.conditions ?? []) as readonly { type: string; status: string }[];
      const stale = conditions.filter(({ type }) => type === 'Ready' || type === 'Progressing');
      const words = stale.map((condition) => `${condition.type}=${condition.status}`).join(', ');
      return {
        now: `${status?.phase} with ${children.length} AgentRun; its conditions are ${words}`,
        complaints: [
          ...(status?.phase === 'Succeeded' ? [] : [`it is ${status?.phase}`]),
          ...(children.length === 1 ? [] : [`${children.length} AgentRuns`]),
        ],
      };
    },
  },
  {
    title: 'Orchestration edited after the hand-over',
    before: 'stale: generation 2, observedGeneration 1, Invalid EntrypointMissing, although the entrypoint was removed',
    async play(ground) {
      const { api } = ground;
      const theirs = await ground.startTheirs();
      const steps = [{ name: 'mark', kind: 'Checkpoint' }];
      await api.create('Orchestration', 'judged', { spec: { entrypoint: 'main', steps } });
      await api.waitFor('Orchestration', 'judged', ({ status }) => status?.phase !== undefined);
      await theirs.stop();
      await ground.startOurs();
      const { metadata } = await api.edit('Orchestration', 'judged', { spec: { entrypoint: null } });
      const isFresh = ({ status }: StoredObject) => status.observedGeneration === metadata.generation;
      const fresh = await api.waitFor('Orchestration', 'judged', isFresh, 30).catch(() => undefined);
      const { status } = fresh ?? (await api.waitFor('Orchestration', 'judged'));
      const seen = `generation ${metadata.generation}, observedGeneration ${status.observedGeneration}, ${status.phase}`;
      return { now: seen, complaints: fresh !== undefined && status.phase === 'Ready' ? [] : [seen] };
    },
  },
];
