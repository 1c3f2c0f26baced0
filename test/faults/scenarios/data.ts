import type { KubeObject } from '../../../src/objects/object.ts';
import type { Orchestration } from '../../../src/orchestration/decode.ts';
import { endOf } from '../mixed-run.ts';
import { killEngines, PATIENCE_MS, type Scenario } from '../scenario.ts';

type Step = Orchestration['steps'][number];

const agentRun = (name: string, fields: Partial<Step>): Step => ({
  ...{ name, kind: 'AgentRun', agentRef: { name: 'coder' }, implementation: { inline: { text: name } } },
  ...fields,
});
const toolRun = (name: string, fields: Partial<Step>): Step => ({
  ...{ name, kind: 'ToolRun', toolRef: { name: 'echo' } },
  ...fields,
});

const steps = [
  agentRun('a', { dependsOn: [], outputs: { made: 'child.metadata.name' } }),
  agentRun('b', {
    dependsOn: ['a'],
    with: { from: '${{ steps.a.outputs.made }}' },
    outputs: { phase: 'child.status.phase' },
  }),
  toolRun('c', { dependsOn: ['b'], when: 'steps.b.outputs.phase == "Succeeded"' }),
  toolRun('undo', { dependsOn: ['c'], runIf: 'Failed' }),
  toolRun('down', { dependsOn: ['c'], runIf: 'Always' }),
];
const ends = [
  ...['a', 'b', 'c'].map((name) => `${name} Succeeded Completed 1`),
  'undo Skipped ConditionFalse 0',
  'down Succeeded Completed 1',
];

const stepOf = ({ metadata }: KubeObject) => metadata.annotations?.['agents.proompteng.ai/orchestration-step'];

export const data: readonly Scenario[] = [
  {
    id: 'F36',
    title:
      'outputs of AgentRuns that are deleted at their end, while engines die and answers to status writes are lost',
    isQuick: true,
    async play(ground) {
      const { open, count, random } = ground;
      const arena = await open({
        steps,
        removes: ({ kind }) => kind === 'AgentRun',
        expect: (status, children) => {
          const [first, second] = ['a', 'b'].map((step) => children.find((child) => stepOf(child) === step));
          const from = Object(Object(second?.['spec']).parameters).from;
          return [
            ...endOf(status).filter((end, index) => end !== ends[index]),
            ...(children.length === 4 ? [] : [`${children.length} children, and not 4`]),
            ...(from === first?.metadata.name ? [] : [`b got ${from}, and not ${first?.metadata.name}`]),
          ];
        },
      });
      const replica = await arena.startReplica();
      await arena.createRuns(6, 'dies');
      await killEngines(ground, replica, { times: 6, withinMs: 400 });
      await arena.finish(PATIENCE_MS);

      arena.proxy.follow(({ verb, subresource }) => {
        if (verb !== 'patch' || subresource !== 'status' || !random.isIn100(30)) return undefined;
        count('faults');
        return { isReplyLost: true };
      });
      await arena.createRuns(6, 'unheard');
      await arena.finish(PATIENCE_MS);
    },
  },
];
