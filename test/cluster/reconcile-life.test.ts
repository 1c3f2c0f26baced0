import { describe, expect, it } from 'vitest';
import type { RunStatus } from '../../src/orchestration/run-status.ts';
import { type StoredObject, waitUntil } from '../support/namespaced-api.ts';
import { useReconciledNamespace } from '../support/reconciler.ts';
import { tool } from '../support/run-steps.ts';
import { hasEnded, isStep, outcomeOf, phasesOf, stepOf } from '../support/statuses.ts';

/** The garbage collector hears of new kinds every 30 s. */
const GARBAGE_SECONDS = 60;

const mark = (name: string, fields: object = {}) => ({ name, kind: 'Checkpoint', ...fields });
const reasonOf = (status: RunStatus) => outcomeOf(status)?.reason;

describe('the life of a run', () => {
  const reconciled = useReconciledNamespace({ isBesideChart: true, flags: ['--missing-orchestration-seconds=3'] });

  describe('without its Orchestration', () => {
    it('waits for it, and runs once it is there', async () => {
      const { api, start, statusOf } = reconciled();
      await start('early', 'late');
      const waiting = await statusOf('early', ({ phase }) => phase === 'Pending');
      expect([waiting.runId, reasonOf(waiting)]).toEqual([undefined, 'MissingOrchestration']);
      await api.create('Orchestration', 'late', { spec: { steps: [mark('a')] } });
      expect((await statusOf('early', hasEnded)).phase).toBe('Succeeded');
    });

    it('fails when the time for that is over', async () => {
      const { start, statusOf } = reconciled();
      await start('in-vain', 'never');
      expect(outcomeOf(await statusOf('in-vain', hasEnded))).toMatchObject({
        status: 'False',
        reason: 'MissingOrchestration',
        message: 'Orchestration "never" did not appear within 3 s',
      });
    });
  });

  describe('with an Orchestration', () => {
    it('that can never run fails with the reason of the Orchestration', async () => {
      const { api, run, statusOf } = reconciled();
      await run('broken', { steps: [mark('a', { dependsOn: ['b'] }), mark('b', { dependsOn: ['a'] })] });
      const status = await statusOf('broken', hasEnded);
      const reason = 'DependencyCycle';
      expect([status.phase, outcomeOf(status)]).toMatchObject([
        'Failed',
        { reason, message: expect.stringContaining('a → b → a') },
      ]);
      const { status: judged, metadata } = await api.waitFor('Orchestration', 'broken', ({ status: one }) => one);
      expect(judged).toMatchObject({
        phase: 'Invalid',
        observedGeneration: metadata.generation,
        conditions: [
          { type: 'Ready', status: 'False', reason, message: expect.stringContaining('a → b → a') },
          { type: 'GateAccepted', status: 'False', reason },
        ],
      });
    });

    it('is judged again when it changes: Ready, with the warnings of the gate in GateAccepted', async () => {
      const { api, run, statusOf } = reconciled();
      await run('mended', { steps: [mark('a', { dependsOn: ['a'] })] });
      await api.waitFor('Orchestration', 'mended', ({ status }) => status?.phase === 'Invalid');
      await statusOf('mended', hasEnded);
      await api.edit('Orchestration', 'mended', { spec: { entrypoint: 'main', steps: [mark('a')] } });
      const { status } = await api.waitFor('Orchestration', 'mended', (one) => one['status']?.phase === 'Ready');
      expect(status).toMatchObject({
        observedGeneration: 2,
        conditions: [
          { type: 'Ready', status: 'True' },
          { type: 'GateAccepted', status: 'True', reason: 'EntrypointMissing' },
        ],
      });
    });

    it('that declares parameters fails a run that violates them, with every violation', async () => {
      const { api, start, statusOf } = reconciled();
      // The API server returns the names in alphabetical order.
      const parameters = { version: { required: true }, env: { enum: ['dev', 'prod'] } };
      await api.create('Orchestration', 'declaring', { spec: { policies: { parameters }, steps: [tool('a')] } });
      await start('violating', 'declaring', { parameters: { env: 'test' } });
      const status = await statusOf('violating', hasEnded);
      expect([status.phase, status.stepStatuses, outcomeOf(status)]).toMatchObject([
        'Failed',
        [],
        {
          reason: 'InvalidParameters',
          message:
            '2 parameters are invalid: parameter "env" is "test", not one of "dev", "prod"; parameter "version" is required and absent: give it a value',
        },
      ]);
    });

    it('that declares parameters gives its defaults to every child, also after it is edited', async () => {
      const { api, start, endChild, statusOf } = reconciled();
      const declare = (value: string) => ({ parameters: { env: { default: value }, version: { required: true } } });
      const steps = [tool('a'), tool('b')];
      await api.create('Orchestration', 'defaulting', { spec: { policies: declare('dev'), steps } });
      await start('defaulted', 'defaulting', { parameters: { version: '1' } });
      await statusOf('defaulted', isStep('a', 'Running'));
      await api.edit('Orchestration', 'defaulting', { spec: { policies: declare('prod'), steps } });
      await endChild('defaulted', 'a', 'Succeeded');
      const status = await statusOf('defaulted', isStep('b', 'Running'));
      for (const step of ['a', 'b']) {
        const child = await api.read('ToolRun', stepOf(status, step)?.resourceRef?.name ?? '');
        expect(child?.['spec']).toMatchObject({ parameters: { env: 'dev', version: '1' } });
      }
    });

    it('follows it as it was at the start, though it is edited and deleted', async () => {
      const { api, run, start, endChild, statusOf } = reconciled();
      await run('snapshotted', { steps: [tool('a'), tool('b')] });
      await statusOf('snapshotted', isStep('a', 'Running'));
      await api.edit('Orchestration', 'snapshotted', { spec: { steps: [mark('other')] } });
      await start('afterwards', 'snapshotted');
      expect(phasesOf(await statusOf('afterwards', hasEnded))).toEqual({ other: 'Succeeded' });
      await endChild('snapshotted', 'a', 'Succeeded');
      await api.remove('Orchestration', 'snapshotted');
      await endChild('snapshotted', 'b', 'Succeeded');
      const status = await statusOf('snapshotted', hasEnded);
      expect([status.runId, phasesOf(status)]).toEqual(['snapshotted', { a: 'Succeeded', b: 'Succeeded' }]);
      const { metadata } = (await api.read('OrchestrationRun', 'snapshotted')) ?? {};
      const revision = await api.read('ControllerRevision', `orchestration-run-${metadata?.uid}`);
      expect(revision?.metadata.ownerReferences).toMatchObject([{ uid: metadata?.uid }]);
    });

    it('whose last dependsOn is removed runs its steps one by one again', async () => {
      const { api, run, start, childrenOf, endChild, statusOf } = reconciled();
      await run('declared', { steps: [tool('a', { dependsOn: [] }), tool('b', { dependsOn: [] })] });
      const parallel = await statusOf(
        'declared',
        (status) => isStep('a', 'Running')(status) && isStep('b', 'Running')(status),
      );
      expect(parallel.phase).toBe('Running');
      await api.edit('Orchestration', 'declared', { spec: { steps: [tool('a'), tool('b')] } });
      await start('undeclared', 'declared');
      const status = await statusOf('undeclared', isStep('a', 'Running'));
      expect(phasesOf(status)).toEqual({ a: 'Running', b: 'Pending' });
      await endChild('undeclared', 'a', 'Succeeded');
      await statusOf('undeclared', isStep('b', 'Running'));
      await endChild('undeclared', 'b', 'Succeeded');
      expect((await statusOf('undeclared', hasEnded)).phase).toBe('Succeeded');
      expect(await childrenOf('undeclared')).toHaveLength(2);
    });
  });

  describe('beside another controller', () => {
    const manager = 'agents-controller';

    /** Lets a run of ours go from start to end: by then, everything that came before it has been looked at. */
    async function letARunPass(name: string): Promise<void> {
      const { run, statusOf } = reconciled();
      await run(name, { steps: [mark('a')] });
      expect((await statusOf(name, hasEnded)).phase).toBe('Succeeded');
    }

    it('stops work on a run whose status the other writes too, and says so in an event', async () => {
      const { api, run, endChild, statusOf } = reconciled();
      await run('contested', { steps: [tool('a'), tool('b')] });
      await statusOf('contested', isStep('a', 'Running'));
      const contested = await api.setStatus('OrchestrationRun', 'contested', { observedGeneration: 0 }, manager);
      await waitUntil('the event', async () => (await eventsOf('contested')).includes('Warning StatusContested'));
      await endChild('contested', 'a', 'Succeeded');
      await letARunPass('passing-contested');
      expect(await api.read('OrchestrationRun', 'contested')).toEqual(contested);
    });
  });

  /** `Normal Started`, …, sorted. */
  async function eventsOf(run: string): Promise<string[]> {
    const events = await reconciled().api.list('Event');
    return events
      .filter(({ involvedObject }) => involvedObject.kind === 'OrchestrationRun' && involvedObject.name === run)
      .map(({ type, reason }) => `${type} ${reason}`)
      .toSorted();
  }

  it.each([
    ['Succeeded', 'Normal'],
    ['Failed', 'Warning'],
  ])('that %s is told in two events, and no step in any', async (phase, type) => {
    const { run, endChild, statusOf } = reconciled();
    const name = `told-${phase.toLowerCase()}`;
    await run(name, { steps: [tool('a'), mark('b')] });
    await endChild(name, 'a', phase);
    await statusOf(name, hasEnded);
    await waitUntil('two events', async () => (await eventsOf(name)).length === 2);
    expect(await eventsOf(name)).toEqual(['Normal Started', `${type} ${phase}`].toSorted());
  });

  it('is written on its children, with the delivery and the bucket, and nothing else is', async () => {
    const { api, childOf } = reconciled();
    const deliveryId = 'push of 2026/11/26';
    const labels = { 'app.kubernetes.io/instance': 'shop' };
    const annotations = { 'argocd.argoproj.io/tracking-id': 'shop:x' };
    await api.create('Orchestration', 'labelled', { spec: { steps: [tool('Build it')] } });
    const spec = { orchestrationRef: { name: 'labelled' }, deliveryId };
    const run = await api.create('OrchestrationRun', 'labelled', { spec, metadata: { labels, annotations } });
    const { metadata } = await childOf('labelled', 'Build it');
    expect(metadata.annotations).toEqual({
      'agents.proompteng.ai/orchestration-run': 'labelled',
      'agents.proompteng.ai/orchestration-step': 'Build it',
      'agents.proompteng.ai/delivery-id': deliveryId,
    });
    expect(metadata.labels).toEqual({
      'agents.proompteng.ai/orchestration-run': 'labelled',
      'agents.proompteng.ai/orchestration-step': expect.stringMatching(/^build-it-[a-z2-7]{16}$/),
      'agents.proompteng.ai/delivery-id': expect.stringMatching(/^push-of-2026-11-26-[a-z2-7]{16}$/),
      'orchestration.proompteng.ai/bucket': expect.stringMatching(/^\d{1,2}$/),
    });
    expect(metadata.ownerReferences).toMatchObject([
      { kind: 'OrchestrationRun', uid: run.metadata.uid, controller: true },
    ]);
  });

  it('has as many children at once as maxParallel allows, in declaration order', async () => {
    const { run, endChild, childrenOf, statusOf } = reconciled();
    const steps = ['a', 'b', 'c', 'd'].map((name) => tool(name, { dependsOn: [] }));
    await run('narrow', { policies: { maxParallel: 2 }, steps });
    const full = await statusOf('narrow', isStep('b', 'Running'));
    expect(phasesOf(full)).toEqual({ a: 'Running', b: 'Running', c: 'Pending', d: 'Pending' });
    await endChild('narrow', 'b', 'Succeeded');
    const next = await statusOf('narrow', isStep('c', 'Running'));
    expect(phasesOf(next)).toEqual({ a: 'Running', b: 'Succeeded', c: 'Running', d: 'Pending' });
    for (const step of ['a', 'c', 'd']) await endChild('narrow', step, 'Succeeded');
    expect((await statusOf('narrow', hasEnded)).phase).toBe('Succeeded');
    expect(await childrenOf('narrow')).toHaveLength(4);
  });

  it('ends with its deadline: what runs fails and is deleted, the rest is skipped', async () => {
    const { run, childrenOf, statusOf } = reconciled();
    const steps = [tool('a', { retries: 3, continueOnFailure: true }), tool('b')];
    await run('overdue', { policies: { timeouts: { totalSeconds: 1 } }, steps });
    const status = await statusOf('overdue', hasEnded);
    expect([status.phase, reasonOf(status), phasesOf(status)]).toEqual([
      'Failed',
      'RunTimedOut',
      { a: 'Failed', b: 'Skipped' },
    ]);
    await waitUntil('the child to go', async () => (await childrenOf('overdue')).length === 0);
  });

  it('is deleted when its time to live is over, and not before it has ended', async () => {
    const { run, endChild, api } = reconciled();
    await run('brief', { policies: { ttlSecondsAfterFinished: 0 }, steps: [tool('a')] });
    await endChild('brief', 'a', 'Succeeded');
    await api.waitUntilGone('OrchestrationRun', 'brief');
  });

  it('tries a step again after a timeout only when the child before, and all that it owns, is gone', async () => {
    const { run, childOf, beginChild, endChild, childrenOf, statusOf, api } = reconciled();
    await run('slow', { steps: [tool('a', { timeoutSeconds: 1, retries: 1 })] });
    const { metadata } = await childOf('slow', 'a');
    const { name, uid } = metadata;
    await beginChild('slow', 'a');
    const owner = { apiVersion: 'tools.proompteng.ai/v1alpha1', kind: 'ToolRun', name, uid, blockOwnerDeletion: true };
    await api.create('ConfigMap', 'held', { metadata: { ownerReferences: [owner], finalizers: ['example.com/hold'] } });
    const retrying = await statusOf('slow', isStep('a', 'Retrying'));
    expect(stepOf(retrying, 'a')).toMatchObject({
      reason: 'StepTimedOut',
      message: 'attempt took longer than 1 s; attempt 2 follows',
    });
    const isBeingDeleted = (object: StoredObject) => object.metadata.deletionTimestamp !== undefined;
    await api.waitFor('ToolRun', name, isBeingDeleted);
    await api.waitFor('ConfigMap', 'held', isBeingDeleted, GARBAGE_SECONDS);
    expect(phasesOf(await statusOf('slow', () => true))).toEqual({ a: 'Retrying' });
    expect(await childrenOf('slow')).toEqual([]);
    await api.edit('ConfigMap', 'held', { metadata: { finalizers: null } });
    await endChild('slow', 'a', 'Succeeded');
    expect(stepOf(await statusOf('slow', hasEnded), 'a')).toMatchObject({ phase: 'Succeeded', attempt: 2 });
    expect(await api.read('ToolRun', name)).toBeUndefined();
  });
});
