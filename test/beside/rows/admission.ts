import { lint } from '../../../src/cli/commands/lint.ts';
import { runOn } from '../../cli/run-command.ts';
import { connectApi } from '../../support/api.ts';
import { waitUntil } from '../../support/namespaced-api.ts';
import { agent } from '../../support/run-steps.ts';
import { isIn, run, tally } from '../objects.ts';
import type { Row } from '../row.ts';

const apiVersion = 'orchestration.proompteng.ai/v1alpha1';
const manifest = (name: string, steps: readonly object[]) => ({
  apiVersion,
  kind: 'Orchestration',
  metadata: { name },
  spec: { steps },
});

/** Has the shape of codex-rerun: everything as JSON text in `with`, and no `inline.text`. */
const codexRerun = manifest('codex-rerun', [
  {
    name: 'rerun',
    kind: 'AgentRun',
    agentRef: { name: 'codex' },
    with: {
      implementation: JSON.stringify({ summary: 'run it again', source: { provider: 'codex' } }),
      runtime: JSON.stringify({ type: 'workflow', config: {} }),
      prompt: '{{parameters.prompt}}',
    },
  },
]);
const misspelt = manifest('deploy', [
  { name: 'build', kind: 'Checkpoint' },
  { name: 'approve', kind: 'Checkpoint', depends_on: ['build'] },
  { name: 'deploy', kind: 'Checkpoint', depends_on: ['approve'], retry: 2 },
]);
const broken = manifest('broken', [
  { name: 'build', kind: 'Checkpoint', dependsOn: [] },
  { name: 'test', kind: 'Checkpoint', dependsOn: ['biuld'] },
]);
const POLICIES = 12;

export const admission: readonly Row[] = [
  {
    title: `ApprovalGate, \`mode: manual, defaultDecision: deny\` (${POLICIES})`,
    before: 'opens at once ("approval policy … is ready"); 1 of 12 denied right after creation was put back to Ready',
    async play(ground) {
      const { api } = ground;
      await ground.startSupporting();
      await ground.startOurs();
      const names = Array.from({ length: POLICIES }, (_, index) => `p${index}`);
      const gates = names.map((name) => ({ name, kind: 'ApprovalGate', policyRef: name, dependsOn: [] }));
      await run(api, 'gates', gates);
      for (const name of names)
        await api.create('ApprovalPolicy', name, { spec: { mode: 'manual', defaultDecision: 'deny' } });
      for (const name of names) await api.waitFor('ApprovalPolicy', name, ({ status }) => status?.phase !== undefined);
      // Our reconciler has looked at a run that came later, and so at all gates before it.
      await run(api, 'later', [{ name: 'mark', kind: 'Checkpoint' }]);
      await api.waitFor('OrchestrationRun', 'later', isIn('Succeeded'));
      const opened = (await api.read('OrchestrationRun', 'gates'))?.['status'].stepStatuses.filter(isOpen).length;
      const message = (await api.read('OrchestrationRun', 'gates'))?.['status'].stepStatuses[0].message;
      // A write of their controller may undo a decision, so each attempt decides again.
      const decisions = names.map((name, index) => [name, index % 2 === 0 ? 'Approved' : 'Denied'] as const);
      const isDecided = async () => {
        for (const [name, phase] of decisions) await api.setStatus('ApprovalPolicy', name, { phase });
        const { status } = await api.waitFor('OrchestrationRun', 'gates');
        return status.phase === 'Failed';
      };
      await waitUntil('the run to end', isDecided, undefined, 30).catch(() => {});
      const ends = (await api.read('OrchestrationRun', 'gates'))?.['status'].stepStatuses.map(
        ({ phase }: { phase: string }) => phase,
      );
      const isRight = decisions.every(
        ([, phase], index) => ends[index] === (phase === 'Denied' ? 'Failed' : 'Succeeded'),
      );
      return {
        now: `${opened} opened by the default phase; they say "${message}"; after six approvals and six denials ${tally(ends)}`,
        complaints: [...(opened === 0 ? [] : [`${opened} gates opened`]), ...(isRight ? [] : [tally(ends)])],
      };
    },
  },
  {
    title: 'codex-rerun and its run, and `depends_on`',
    before: 'no finding; the run ends ChildRefused (422 of the API server); `depends_on`: no finding',
    async play(ground) {
      const { cluster, namespace } = ground;
      await ground.startGate();
      const complaints: string[] = [];
      for (const [object, words] of [
        [codexRerun, ['inline.text is absent', 'provider is "codex"']],
        [misspelt, ['depends_on', 'did you mean dependsOn', 'did you mean retries']],
      ] as const) {
        const { name } = object.metadata;
        const input = JSON.stringify(object);
        const { stderr } = await cluster.kubectl(['-n', namespace, 'apply', '-f', '-'], { input });
        const { stdout } = await runOn(lint, { [`${name}.yaml`]: input }, [`${name}.yaml`]);
        console.log(`$ kubectl apply -f ${name}.yaml\n${stderr}\n$ orchestration-gate lint ${name}.yaml\n${stdout}`);
        for (const word of words) {
          if (!stderr.includes(word)) complaints.push(`kubectl apply of ${name} does not say "${word}"`);
          if (!stdout.includes(word)) complaints.push(`lint of ${name} does not say "${word}"`);
        }
      }
      const now =
        complaints.length === 0 ? 'a warning of each mistake, by `kubectl apply` and `lint` (screens above)' : '';
      return { now: now || complaints.join('; '), complaints };
    },
  },
  {
    title: '`POST /v1/orchestrations` with a broken graph',
    before: 'HTTP 502; our sentences inside JSON inside text. Warnings are lost',
    async play(ground) {
      const { cluster, namespace } = ground;
      await ground.startGate();
      const path = `/apis/${apiVersion}/namespaces/${namespace}/orchestrations`;
      const { status, body } = await connectApi(cluster)('POST', path, broken);
      const { message = '' } = body as { message?: string };
      // Their API puts the whole answer into the text of an error, which it returns as JSON.
      const nested = JSON.stringify({ error: `create failed: ${JSON.stringify(body)}` });
      const [first = ''] = message.replace(/^.*?denied the request: /s, '').split(/(?<=[.!?])\s/);
      const isReadable = first.includes('biuld') && nested.includes(first);
      return {
        now: `${status}; inside JSON inside text its first sentence is ${isReadable ? 'whole' : 'broken up'}: "${first}"`,
        complaints: [
          ...(status === 422 || status === 403 ? [] : [`HTTP ${status}`]),
          ...(isReadable ? [] : [`"${first}" cannot be read in ${nested}`]),
        ],
      };
    },
  },
  {
    title: 'sequential default under theirs',
    before: 'runs in order, also when their API writes the object again',
    async play(ground) {
      const { api } = ground;
      await ground.startGate();
      await ground.startTheirs();
      await ground.startAgents();
      const steps = [agent('first', { dependsOn: undefined }), agent('second', { dependsOn: undefined })];
      const stored = await api.create('Orchestration', 'order', { spec: { steps } });
      await api.edit('Orchestration', 'order', { spec: stored['spec'] });
      await api.create('OrchestrationRun', 'order', { spec: { orchestrationRef: { name: 'order' } } });
      const { status } = await api.waitFor('OrchestrationRun', 'order', isIn('Succeeded'));
      const [first, second] = status.stepStatuses as readonly { startedAt: string; finishedAt: string }[];
      const isOrdered = first !== undefined && second !== undefined && first.finishedAt <= second.startedAt;
      return { now: isOrdered ? 'runs in order' : 'runs at once', complaints: isOrdered ? [] : ['they ran at once'] };
    },
  },
];

function isOpen({ phase }: { readonly phase: string }): boolean {
  return phase === 'Succeeded';
}
