import type { Refusal } from '../../support/agents-chart/agent-run-status.ts';
import { waitUntil } from '../../support/namespaced-api.ts';
import { agent } from '../../support/run-steps.ts';
import { endOf, isIn, RUN, run, tally } from '../objects.ts';
import type { Row } from '../row.ts';

type Step = { readonly name: string; readonly phase: string; readonly message?: string; readonly reason?: string };

const refusals: Readonly<Record<string, Refusal>> = {
  ghost: { reason: 'MissingAgent', message: 'agent ghost not found' },
  unlabelled: { reason: 'MissingRequiredMetadata', message: 'label repository is required' },
  mute: { reason: 'MissingSystemPromptConfiguration', message: 'no system prompt is configured' },
};
const LIMIT = { seconds: 20, runMs: 11_000 };

export const agentRuns: readonly Row[] = [
  {
    title: 'AgentRun that their controller refuses (four kinds)',
    before: '`AgentRun … ended Failed`: the cause is lost',
    async play(ground) {
      const { api } = ground;
      await ground.startSupporting();
      await ground.startAgents({ refuse: ({ spec }) => refusals[spec.agentRef.name] });
      await ground.startOurs();
      const refused = Object.keys(refusals).map((name) => agent(name, { agentRef: { name } }));
      await run(api, 'refused', [...refused, agent('large', { with: { note: 'x'.repeat(2049) } })]);
      const status = (await endOf(api, 'OrchestrationRun', 'refused'))?.['status'];
      const causes = { ...refusals, large: { reason: 'ParameterValueTooLarge', message: 'parameter note exceeds' } };
      const lost = Object.entries(causes).flatMap(([name, { message }]) => {
        const step = (status?.stepStatuses as readonly Step[])?.find((one) => one.name === name);
        return step?.message?.includes(message) === true ? [] : [`${name}: "${step?.message}"`];
      });
      const [first] = (status?.stepStatuses ?? []) as readonly Step[];
      return { now: `${4 - lost.length} of 4 causes stand on the step, such as "${first?.message}"`, complaints: lost };
    },
  },
  {
    title: `seven parallel AgentRuns with \`timeoutSeconds: ${LIMIT.seconds}\``,
    before: 'the blocked one shows an empty message, then StepTimedOut',
    async play(ground) {
      const { api } = ground;
      await ground.startSupporting();
      const script = () => ({ phase: 'Succeeded', afterMs: LIMIT.runMs }) as const;
      await ground.startAgents({ script, jobs: 'simulated' });
      await ground.startOurs();
      const steps = Array.from({ length: 7 }, (_, index) => agent(`a${index}`, { timeoutSeconds: LIMIT.seconds }));
      await run(api, 'seven', steps);
      const saysWhy = ({ message = '' }: Step) => message.includes('ConcurrencyLimit');
      const shown = await api
        .waitFor('OrchestrationRun', 'seven', ({ status }) => status?.stepStatuses?.filter(saysWhy).length === 2, 10)
        .catch(() => undefined);
      const message = (shown?.['status'].stepStatuses as readonly Step[])?.find(saysWhy)?.message;
      const status = (await endOf(api, 'OrchestrationRun', 'seven', 90))?.['status'];
      const ends = tally(((status?.stepStatuses ?? []) as readonly Step[]).map(({ reason }) => `${reason}`));
      return {
        now: `${ends}; the two blocked ones say ${message === undefined ? 'nothing' : `"${message}"`}`,
        complaints: [
          ...(status?.phase === 'Succeeded' ? [] : [ends]),
          ...(message === undefined ? ['a blocked AgentRun does not say why'] : []),
        ],
      };
    },
  },
  {
    title: 'finished AgentRuns, a retention of 2 s, and our engine away meanwhile',
    before: 'the run fails with "was deleted before it ended", although the AgentRun had succeeded',
    async play(ground) {
      const { api } = ground;
      await ground.startSupporting();
      const ours = await ground.startOurs();
      await run(api, 'swept', [agent('a'), agent('b'), agent('c')]);
      const isRecorded = ({ resourceRef }: { resourceRef?: { uid?: string } }) => resourceRef?.uid !== undefined;
      await api.waitFor('OrchestrationRun', 'swept', ({ status }) => status?.stepStatuses?.every(isRecorded) === true);
      await ours.process.kill('SIGKILL');
      await ground.startAgents({ retentionMs: 2_000, sweepMs: 500 });
      const isSwept = ({ metadata }: { metadata: { deletionTimestamp?: string } }) =>
        metadata.deletionTimestamp !== undefined;
      await waitUntil('a sweep', async () => (await api.list('AgentRun')).every(isSwept));
      await ours.process.start();
      const status = (await endOf(api, 'OrchestrationRun', 'swept'))?.['status'];
      await waitUntil('them to go', async () => (await api.list('AgentRun')).length === 0, undefined, 30).catch(
        () => {},
      );
      const left = (await api.list('AgentRun')).length;
      const [{ message = '' } = {}] = (status?.stepStatuses ?? []) as readonly Partial<Step>[];
      return {
        now: `${status?.phase}${status?.phase === 'Succeeded' ? '' : ` ("${message}")`}; ${left} AgentRuns left behind`,
        complaints: [
          ...(status?.phase === 'Succeeded' ? [] : [`${status?.phase}: ${message}`]),
          ...(left === 0 ? [] : [`${left} AgentRuns are not let go`]),
        ],
      };
    },
  },
  {
    title: 'AgentRun, SignalWait, SubOrchestration, Checkpoint, cancel, timeout with their finalizer',
    before: 'work',
    async play(ground) {
      const { api } = ground;
      await ground.startSupporting();
      const endless = ['cancelled', 'late'];
      const script = ({ run: name }: { run: string }) =>
        endless.includes(name) ? undefined : ({ phase: 'Succeeded', afterMs: 0 } as const);
      await ground.startAgents({ script });
      await ground.startOurs();
      await api.create('Signal', 'go', { spec: {} });
      await run(api, 'inner', [{ name: 'mark', kind: 'Checkpoint' }, agent('a')]);
      await run(api, 'whole', [
        agent('a'),
        { name: 'wait', kind: 'SignalWait', signalRef: { name: 'go' } },
        { name: 'sub', kind: 'SubOrchestration', orchestrationRef: { name: 'inner' } },
        { name: 'mark', kind: 'Checkpoint' },
      ]);
      await run(api, 'late', [agent('a', { timeoutSeconds: 1 })]);
      await run(api, 'cancelled', [agent('a')]);
      const isOf = (name: string) => (one: { metadata: { labels?: Readonly<Record<string, string>> } }) =>
        one.metadata.labels?.[RUN] === name;
      await api.create('SignalDelivery', 'go', { spec: { signalRef: { name: 'go' } } });
      await waitUntil('the AgentRun to run', async () =>
        (await api.list('AgentRun')).some((one) => isOf('cancelled')(one) && isIn('Running')(one)),
      );
      const annotations = { 'orchestration.proompteng.ai/cancel': 'true' };
      await api.edit('OrchestrationRun', 'cancelled', { metadata: { annotations } });
      const expected = { whole: 'Succeeded', late: 'Failed', cancelled: 'Cancelled' };
      const ends = await Promise.all(
        Object.entries(expected).map(async ([name, phase]) => {
          const is = (await endOf(api, 'OrchestrationRun', name))?.['status']?.phase;
          return { line: `${name} ${is}`, isRight: is === phase };
        }),
      );
      const isLeft = async () => (await api.list('AgentRun')).filter((one) => endless.some((name) => isOf(name)(one)));
      await waitUntil('them to go', async () => (await isLeft()).length === 0, undefined, 30).catch(() => {});
      const left = await isLeft();
      return {
        now: `${ends.map(({ line }) => line).join(', ')}; AgentRuns of the last two are gone`,
        complaints: [
          ...ends.filter(({ isRight }) => !isRight).map(({ line }) => line),
          ...(left.length === 0 ? [] : [`${left.length} AgentRuns are left`]),
        ],
      };
    },
  },
];
