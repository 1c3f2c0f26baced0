import { describe, expect, it } from 'vitest';
import { sharedCluster } from '../support/controlplane/suite.ts';
import { waitUntil } from '../support/namespaced-api.ts';
import { useReconciledNamespace } from '../support/reconciler.ts';
import { agent, tool } from '../support/run-steps.ts';
import { hasEnded, isStep, stepOf } from '../support/statuses.ts';

/** The garbage collector hears of new kinds every 30 s. */
const GARBAGE_SECONDS = 60;
/** The longest wait between two attempts. */
const RETRY_SECONDS = 60;

/** Whether an AgentRun is denied: a quota takes effect a moment after it is stored. */
async function isDenied(namespace: string): Promise<boolean> {
  const probe = {
    apiVersion: 'agents.proompteng.ai/v1alpha1',
    kind: 'AgentRun',
    metadata: { name: 'probe', namespace },
    spec: { agentRef: { name: 'coder' }, implementationSpecRef: { name: 'fix' }, runtime: { type: 'job' } },
  };
  const { code, stderr } = await sharedCluster().kubectl(['create', '--dry-run=server', '-f', '-'], {
    input: JSON.stringify(probe),
  });
  return code !== 0 && stderr.includes('quota: one');
}

describe('one call that fails', () => {
  const reconciled = useReconciledNamespace({ isBesideChart: true });

  it('under a quota that a hung step fills, that one is deleted when its time is over, and the next starts', async () => {
    const { api, run, statusOf, childOf, endChild, namespace } = reconciled();
    const count = 'count/agentruns.agents.proompteng.ai';
    const hard = { [count]: '1' };
    await api.create('ResourceQuota', 'one', { spec: { hard } });
    // Until usage is counted, the API server denies with "status unknown for quota". That costs no attempt either.
    await api.setStatus('ResourceQuota', 'one', { hard });
    await waitUntil('the quota to hold', () => isDenied(namespace));
    await run('crowded', {
      steps: [
        agent('hung', { dependsOn: [], pendingTimeoutSeconds: 20 }),
        tool('other', { dependsOn: [] }),
        agent('waits', { dependsOn: ['other'] }),
      ],
    });
    await childOf('crowded', 'other');
    await statusOf('crowded', (status) => stepOf(status, 'hung').reason === 'ChildNotCreated');
    await api.setStatus('ResourceQuota', 'one', { hard, used: { [count]: '0' } });
    await childOf('crowded', 'hung');
    await endChild('crowded', 'other', 'Succeeded');
    const waiting = await statusOf('crowded', (status) => stepOf(status, 'waits').reason === 'ChildNotCreated');
    expect(stepOf(waiting, 'waits').message).toMatch(
      /^cannot create its AgentRun yet: .*(exceeded|unknown for) quota: one/,
    );
    await statusOf('crowded', isStep('hung', 'Failed'));
    // No quota controller runs here, so the test counts what it would count.
    const isCreated = async () => {
      const left = await api.list('AgentRun');
      await api.setStatus('ResourceQuota', 'one', { hard, used: { [count]: String(left.length) } });
      return left.some(({ metadata }) => metadata.name.startsWith('crowded-waits-'));
    };
    await waitUntil('the child that waits', isCreated, undefined, GARBAGE_SECONDS + RETRY_SECONDS);
    await endChild('crowded', 'waits', 'Succeeded');
    const status = await statusOf('crowded', hasEnded);
    expect(stepOf(status, 'hung')).toMatchObject({ reason: 'StepTimedOut', attempt: 1 });
    expect(stepOf(status, 'waits')).toMatchObject({ phase: 'Succeeded', attempt: 1 });
    await api.remove('ResourceQuota', 'one');
  });

  it('of a webhook that is down does not stop the other steps, and says what the run waits for', async () => {
    const { api, run, statusOf, childOf, endChild, namespace } = reconciled();
    const { kubectl } = sharedCluster();
    const input = JSON.stringify({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: `${namespace}-agents-down` },
      webhooks: [
        {
          name: 'agents-down.example.com',
          clientConfig: { url: 'https://127.0.0.1:1/' }, // nobody listens there
          rules: [
            {
              operations: ['CREATE'],
              apiGroups: ['agents.proompteng.ai'],
              apiVersions: ['*'],
              resources: ['agentruns'],
            },
          ],
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
        },
      ],
    });
    expect(await kubectl(['create', '-f', '-'], { input })).toMatchObject({ code: 0 });
    const { spec } = {
      spec: { agentRef: { name: 'coder' }, implementationSpecRef: { name: 'fix' }, runtime: { type: 'job' } },
    };
    await waitUntil('the API server asks the webhook', () =>
      api.create('AgentRun', `probe-${Date.now()}`, { spec }).then(
        () => false,
        ({ message }: Error) => message.includes('failed calling webhook'),
      ),
    );
    await run('unlucky', { steps: [agent('work'), tool('other')] });
    await childOf('unlucky', 'other');
    const waiting = await statusOf('unlucky', (status) => stepOf(status, 'work').reason === 'ChildNotCreated');
    expect(stepOf(waiting, 'work').message).toContain('failed calling webhook "agents-down.example.com"');
    expect(await kubectl(['delete', '-f', '-'], { input })).toMatchObject({ code: 0 });
    await endChild('unlucky', 'work', 'Succeeded');
    await endChild('unlucky', 'other', 'Succeeded');
    expect(stepOf(await statusOf('unlucky', hasEnded), 'work')).toMatchObject({ phase: 'Succeeded', attempt: 1 });
  });

  it('does not create what a cancelled run no longer needs', async () => {
    const { api, run, annotateRun, statusOf } = reconciled();
    const steps = Array.from({ length: 1_000 }, (_, index) => tool(`s${index}`, { dependsOn: [] }));
    await run('wide', { steps });
    await waitUntil('five children', async () => (await api.list('ToolRun')).length >= 5);
    const before = (await api.list('ToolRun')).length;
    await annotateRun('wide', { 'orchestration.proompteng.ai/cancel': 'true' });
    const status = await statusOf('wide', hasEnded);
    expect(status.phase).toBe('Cancelled');
    expect(status.stepStatuses.filter(({ resourceRef }) => resourceRef?.uid !== undefined).length).toBeLessThan(1_000);
    expect(before).toBeLessThan(1_000);
  });
});
