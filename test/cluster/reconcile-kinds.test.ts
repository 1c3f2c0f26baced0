import { describe, expect, it } from 'vitest';
import { DELIVERY_LABEL } from '../support/agents-chart/kinds.ts';
import { waitUntil } from '../support/namespaced-api.ts';
import { useReconciledNamespace } from '../support/reconciler.ts';
import { agent, tool } from '../support/run-steps.ts';
import { hasEnded, isStep, outcomeOf, phasesOf, stepOf } from '../support/statuses.ts';

/** The garbage collector hears of new kinds every 30 s. */
const GARBAGE_SECONDS = 60;

describe('a step', () => {
  const reconciled = useReconciledNamespace({ isBesideChart: true });
  const decide = (policy: string, phase: string) => reconciled().decide(policy, phase);
  const deliver = (name: string, spec: object) => reconciled().api.create('SignalDelivery', name, { spec });

  describe('ApprovalGate', () => {
    const ask = (policyRef: string, fields: object = {}) => ({
      name: 'ask',
      kind: 'ApprovalGate',
      policyRef,
      ...fields,
    });

    it('waits for a policy that is not there yet, and opens once it is approved, in any case of letters', async () => {
      const { run, statusOf, api } = reconciled();
      await run('approval', { steps: [ask('board'), { name: 'release', kind: 'Checkpoint' }] });
      const waiting = await statusOf('approval', isStep('ask', 'Running'));
      expect(phasesOf(waiting)).toEqual({ ask: 'Running', release: 'Pending' });
      await api.create('ApprovalPolicy', 'board', { spec: { mode: 'manual' } });
      await decide('board', 'pending');
      await decide('board', 'APPROVED');
      const status = await statusOf('approval', hasEnded);
      expect(phasesOf(status)).toEqual({ ask: 'Succeeded', release: 'Succeeded' });
      expect(stepOf(status, 'ask').message).toBe('approval policy board is approved, for every run that waits for it');
    });

    it('is opened by a policy that was approved for another run', async () => {
      const { run, statusOf, api } = reconciled();
      await api.create('ApprovalPolicy', 'standing', {});
      await decide('standing', 'allowed');
      await run('approved-before', { steps: [ask('standing')] });
      expect((await statusOf('approved-before', hasEnded)).phase).toBe('Succeeded');
    });

    it('that is denied fails the step, though the step has retries', async () => {
      const { run, statusOf, api } = reconciled();
      await api.create('ApprovalPolicy', 'strict', {});
      await decide('strict', 'Rejected');
      await run('denied', { steps: [ask('strict', { retries: 3 }), tool('release')] });
      const status = await statusOf('denied', hasEnded);
      expect(phasesOf(status)).toEqual({ ask: 'Failed', release: 'Skipped' });
      expect(stepOf(status, 'ask')).toMatchObject({ reason: 'ApprovalDenied', attempt: 1 });
      expect(stepOf(status, 'release').message).toBe('dependency ask failed: approval policy strict is rejected');
    });
  });

  describe('SignalWait', () => {
    it('for a signal is opened by a delivery that came with the run or later, not by yesterday’s', async () => {
      const { run, statusOf, api } = reconciled();
      const { metadata } = await deliver('yesterday', { signalRef: { name: 'go' } });
      await waitUntil('another second', async () => {
        const { metadata: now } = await api.create('ConfigMap', `at-${Date.now()}`, {});
        return now.creationTimestamp > metadata.creationTimestamp;
      });
      await run('signalled', { steps: [{ name: 'wait', kind: 'SignalWait', signalRef: { name: 'go' } }] });
      await statusOf('signalled', isStep('wait', 'Running'));
      await deliver('other', { signalRef: { name: 'stop' } });
      await deliver('today', { signalRef: { name: 'go' } });
      expect(stepOf(await statusOf('signalled', hasEnded), 'wait')).toMatchObject({
        phase: 'Succeeded',
        message: 'signal delivery today arrived',
      });
    });

    it('for a delivery is opened by it, though it came before the run', async () => {
      const { run, statusOf } = reconciled();
      await deliver('early', { signalRef: { name: 'any' }, deliveryId: 'delivery-7' });
      await run('delivered', { steps: [{ name: 'wait', kind: 'SignalWait', with: { deliveryId: 'delivery-7' } }] });
      expect(stepOf(await statusOf('delivered', hasEnded), 'wait').message).toBe('signal delivery early arrived');
    });
  });

  describe('SubOrchestration', () => {
    const sub = (name: string, fields: object = {}) => ({
      name: 'sub',
      kind: 'SubOrchestration',
      orchestrationRef: { name },
      ...fields,
    });

    it('runs another Orchestration with the parameters of the run and its own, and ends as it does', async () => {
      const { api, start, childOf, endChild, statusOf } = reconciled();
      await api.create('Orchestration', 'inner', { spec: { steps: [tool('a')] } });
      await api.create('Orchestration', 'outer', { spec: { steps: [sub('inner', { with: { service: 'shop' } })] } });
      for (const [run, phase] of [
        ['outer-1', 'Succeeded'],
        ['outer-2', 'Failed'],
      ] as const) {
        await start(run, 'outer', { parameters: { version: '2', service: 'all' }, deliveryId: run });
        const { kind, metadata, spec } = await childOf(run, 'sub');
        expect([kind, spec]).toEqual([
          'OrchestrationRun',
          { orchestrationRef: { name: 'inner' }, parameters: { version: '2', service: 'shop' } },
        ]);
        expect(metadata.annotations).toHaveProperty([DELIVERY_LABEL], run);
        expect(metadata.labels).not.toHaveProperty([DELIVERY_LABEL]);
        await endChild(metadata.name, 'a', phase, 'exit 1');
        expect((await statusOf(run, hasEnded)).phase).toBe(phase);
      }
      expect(stepOf(await statusOf('outer-2', hasEnded), 'sub')).toMatchObject({
        reason: 'ChildFailed',
        message: '"a" failed: exit 1',
      });
    });

    it('fails where Orchestrations run each other in a loop, and says which', async () => {
      const { api, start, statusOf } = reconciled();
      await api.create('Orchestration', 'ping', { spec: { steps: [sub('pong')] } });
      await api.create('Orchestration', 'pong', { spec: { steps: [sub('ping')] } });
      await start('loop', 'ping');
      const message = outcomeOf(await statusOf('loop', hasEnded))?.message;
      expect(message).toContain('"ping", run by "pong", run by "ping": this loop would never end');
    });

    it('may be ten deep, and no deeper', async () => {
      const { api, start, statusOf } = reconciled();
      for (let depth = 1; depth <= 10; depth++)
        await api.create('Orchestration', `deep-${depth}`, { spec: { steps: [sub(`deep-${depth + 1}`)] } });
      await api.create('Orchestration', 'deep-11', { spec: { steps: [{ name: 'end', kind: 'Checkpoint' }] } });
      await start('ten', 'deep-2');
      await start('eleven', 'deep-1');
      expect((await statusOf('ten', hasEnded)).phase).toBe('Succeeded');
      const message = outcomeOf(await statusOf('eleven', hasEnded))?.message;
      expect(message).toContain('SubOrchestrations are nested more than 10 levels deep');
    });

    it('takes its run with it when it is cancelled', async () => {
      const { api, start, childOf, annotateRun, statusOf, childrenOf } = reconciled();
      await api.create('Orchestration', 'long', { spec: { steps: [tool('work')] } });
      await api.create('Orchestration', 'parent', { spec: { steps: [sub('long')] } });
      await start('called-off', 'parent');
      const { metadata } = await childOf('called-off', 'sub');
      const grandchild = await childOf(metadata.name, 'work');
      await annotateRun('called-off', { 'orchestration.proompteng.ai/cancel': 'true' });
      expect((await statusOf('called-off', hasEnded)).phase).toBe('Cancelled');
      await waitUntil('the child run goes', async () => (await childrenOf('called-off')).length === 0);
      await api.waitUntilGone('ToolRun', grandchild.metadata.name, GARBAGE_SECONDS);
    });
  });

  it.each(['Checkpoint', 'MemoryOp'])('%s succeeds at once, and says that nothing was done', async (kind) => {
    const { run, statusOf } = reconciled();
    const name = kind.toLowerCase();
    await run(name, { steps: [{ name: 'mark', kind }] });
    const status = await statusOf(name, hasEnded);
    expect(stepOf(status, 'mark')).toMatchObject({
      phase: 'Succeeded',
      message: expect.stringMatching(/only marks a place|does not execute/),
    });
    expect(stepOf(status, 'mark').resourceRef).toBeUndefined();
  });

  it('of an unknown kind fails the run, and names the kind', async () => {
    const { run, statusOf } = reconciled();
    await run('unknown', { steps: [{ name: 'odd', kind: 'Exec' }] });
    expect(stepOf(await statusOf('unknown', hasEnded), 'odd')).toMatchObject({
      phase: 'Failed',
      reason: 'UnknownStepKind',
      message: 'unknown kind Exec',
    });
  });

  describe('AgentRun', () => {
    const inline = { inline: { text: 'Mend it.' } };

    it.each<[string, object, object]>([
      ['references by name', {}, {}],
      ['a reference that is only a name', { implementationSpecRef: 'fix' }, {}],
      [
        'references in with',
        {
          agentRef: undefined,
          implementationSpecRef: undefined,
          with: { agentRef: 'coder', implementationSpecRef: 'fix' },
        },
        {},
      ],
      [
        'references in with as JSON text',
        {
          agentRef: undefined,
          implementationSpecRef: undefined,
          with: { agentRef: '{"name": "coder"}', implementationSpecRef: '{"name": "fix"}' },
        },
        {},
      ],
      [
        'an implementation of its own',
        { implementationSpecRef: undefined, implementation: inline },
        { implementationSpecRef: undefined, implementation: inline },
      ],
      [
        'an implementation in with as JSON text',
        { implementationSpecRef: undefined, with: { implementation: JSON.stringify(inline) } },
        { implementationSpecRef: undefined, implementation: inline },
      ],
      [
        'everything else in with as JSON text',
        {
          with: {
            runtime: '{"type": "temporal", "config": {"queue": "q"}}',
            workload: '{"image": "coder:1"}',
            goal: '{"objective": "green"}',
            vcsRef: '{"name": "repo"}',
            vcsPolicy: '{"mode": "read-only"}',
            memoryRef: 'memory',
            secrets: '["token", "key"]',
          },
        },
        {
          runtime: { type: 'temporal', config: { queue: 'q' } },
          workload: { image: 'coder:1' },
          goal: { objective: 'green' },
          vcsRef: { name: 'repo' },
          vcsPolicy: { mode: 'read-only' },
          memoryRef: { name: 'memory' },
          secrets: ['token', 'key'],
        },
      ],
      [
        'everything else as fields',
        {
          runtime: { type: 'workflow' },
          workflow: { steps: [{ name: 'plan', timeoutSeconds: 60 }] },
          secrets: ['token'],
          memoryRef: { name: 'memory' },
        },
        {
          runtime: { type: 'workflow' },
          workflow: { steps: [{ name: 'plan', timeoutSeconds: 60 }] },
          secrets: ['token'],
          memoryRef: { name: 'memory' },
        },
      ],
    ])('is created with %s', async (title, fields, expected) => {
      const { api, start, childOf } = reconciled();
      const name = title.toLowerCase().replaceAll(' ', '-');
      await api.create('Orchestration', name, { spec: { steps: [agent('work', fields)] } });
      await start(name, name, { parameters: { branch: 'main' } });
      const { kind, spec } = await childOf(name, 'work');
      expect([kind, spec]).toEqual([
        'AgentRun',
        JSON.parse(
          JSON.stringify({
            agentRef: { name: 'coder' },
            implementationSpecRef: { name: 'fix' },
            runtime: { type: 'job' },
            parameters: { branch: 'main' },
            ...expected,
          }),
        ),
      ]);
    });

    it.each(['agentRef', 'implementationSpecRef'])(
      'without %s fails for good in a sentence, and nothing is created',
      async (field) => {
        const { run, statusOf, childrenOf } = reconciled();
        const name = `without-${field.toLowerCase()}`;
        await run(name, { steps: [agent('work', { [field]: undefined, retries: 2 })] });
        expect(stepOf(await statusOf(name, hasEnded), 'work')).toMatchObject({
          phase: 'Failed',
          reason: 'InvalidStep',
          message: expect.stringContaining(`${field} `),
          attempt: 1,
        });
        expect(await childrenOf(name)).toEqual([]);
      },
    );

    it('gets a lifetime only after its result is recorded', async () => {
      const { run, childOf, endChild, statusOf, api } = reconciled();
      await run('short-lived', {
        steps: [agent('work', { ttlSecondsAfterFinished: 600 }), tool('after', { dependsOn: ['work'] })],
      });
      const { metadata, spec } = await childOf('short-lived', 'work');
      expect(spec.ttlSecondsAfterFinished).toBeUndefined();
      await endChild('short-lived', 'work', 'Succeeded');
      await statusOf('short-lived', isStep('work', 'Succeeded'));
      await api.waitFor('AgentRun', metadata.name, (child) => child['spec'].ttlSecondsAfterFinished === 600);
    });
  });

  describe('whose child the API server rejects', () => {
    it('fails each attempt with the server’s own words where the child is invalid', async () => {
      const { run, statusOf, childrenOf } = reconciled();
      const steps = [agent('work', { runtime: { type: 'magic' }, retries: 1 })];
      await run('invalid-child', { steps });
      expect(stepOf(await statusOf('invalid-child', hasEnded), 'work')).toMatchObject({
        phase: 'Failed',
        reason: 'ChildRefused',
        message: expect.stringContaining('spec.runtime.type: Unsupported value: "magic"'),
        attempt: 2,
      });
      expect(await childrenOf('invalid-child')).toEqual([]);
    });

    const toolRun = { spec: { toolRef: { name: 'echo' } } };

    /**
     * Forbids ToolRuns by a quota, and returns a function that allows them again. Both wait, because a quota takes
     * effect, and ends, a moment after the change is stored.
     */
    async function forbidToolRuns(): Promise<() => Promise<void>> {
      const { api } = reconciled();
      const hard = { 'count/toolruns.tools.proompteng.ai': '0' };
      await api.create('ResourceQuota', 'none', { spec: { hard } });
      await api.setStatus('ResourceQuota', 'none', { hard, used: hard });
      let probes = 0;
      const isDenied = () => {
        const probe = api.create('ToolRun', `probe-${++probes}`, toolRun);
        return probe.then(
          () => false,
          ({ message }: Error) => message.includes('exceeded quota'),
        );
      };
      await waitUntil('the quota to hold', isDenied);
      return async () => {
        await api.remove('ResourceQuota', 'none');
        await waitUntil('the quota to end', async () => !(await isDenied()));
      };
    }

    it('fails the attempt whose child’s name is taken, leaves that object alone, and continues under another name', async () => {
      const { run, statusOf, endChild, api, process } = reconciled();
      const allowToolRuns = await forbidToolRuns();
      await run('taken', { steps: [tool('work', { retries: 1 })] });
      const { resourceRef } = stepOf(await statusOf('taken', isStep('work', 'Running')), 'work');
      const name = resourceRef?.name ?? '';
      expect(name).toMatch(/^taken-work-[a-z2-7]{16}$/);
      await process.kill('SIGKILL');
      await allowToolRuns();
      const { metadata } = await api.create('ToolRun', name, toolRun);
      await process.start();
      await statusOf('taken', (status) => stepOf(status, 'work').attempt === 2);
      await endChild('taken', 'work', 'Failed', 'exit 1');
      const status = await statusOf('taken', hasEnded);
      expect(stepOf(status, 'work')).toMatchObject({ reason: 'ChildFailed', attempt: 2 });
      expect(await api.read('ToolRun', name)).toMatchObject({ metadata: { uid: metadata.uid }, ...toolRun });
    });
  });
});
