import { describe, expect, it } from 'vitest';
import type { RunStatus } from '../../src/orchestration/run-status.ts';
import { useReconciledNamespace } from '../support/reconciler.ts';
import { tool } from '../support/run-steps.ts';
import { hasEnded, isStep, outcomeOf, phasesOf, stepOf } from '../support/statuses.ts';

const isRecorded =
  (step: string) =>
  ({ stepStatuses }: RunStatus) =>
    stepStatuses.some(({ name, resourceRef }) => name === step && resourceRef?.uid !== undefined);

describe('a run on a real API server', () => {
  const reconciled = useReconciledNamespace({ isBesideChart: true });

  it('goes step by step where no step declares dependsOn', async () => {
    const { run, endChild, statusOf, childrenOf } = reconciled();
    await run('sequential', { steps: [tool('a'), tool('b'), tool('c')] });
    for (const step of ['a', 'b', 'c']) {
      await statusOf('sequential', isStep(step, 'Running'));
      await endChild('sequential', step, 'Succeeded');
    }
    const status = await statusOf('sequential', hasEnded);
    expect([status.phase, phasesOf(status)]).toEqual(['Succeeded', { a: 'Succeeded', b: 'Succeeded', c: 'Succeeded' }]);
    expect(await childrenOf('sequential')).toHaveLength(3);
    const started = status.stepStatuses.map(({ startedAt = '', finishedAt = '' }) => [startedAt, finishedAt]);
    expect(started.flat()).toEqual(started.flat().toSorted());
  });

  it('skips what depends on a failure, names the failed dependency and its root, and continues the other branch', async () => {
    const { run, endChild, statusOf } = reconciled();
    const steps = [
      tool('build', { dependsOn: [] }),
      tool('lint', { dependsOn: [] }),
      tool('test', { dependsOn: ['build'] }),
      tool('publish', { dependsOn: ['test', 'lint'] }),
    ];
    await run('diamond', { steps });
    await endChild('diamond', 'build', 'Failed', 'exit 1');
    const meanwhile = await statusOf('diamond', isStep('publish', 'Skipped'));
    expect(meanwhile.phase).toBe('Running');
    await endChild('diamond', 'lint', 'Succeeded');
    const status = await statusOf('diamond', hasEnded);
    expect(phasesOf(status)).toEqual({ build: 'Failed', lint: 'Succeeded', test: 'Skipped', publish: 'Skipped' });
    expect(stepOf(status, 'test')).toMatchObject({
      reason: 'DependencyFailed',
      message: 'dependency build failed: exit 1',
    });
    expect(stepOf(status, 'publish').message).toBe('dependency test was skipped: build failed: exit 1');
    expect(outcomeOf(status)).toMatchObject({
      status: 'False',
      reason: 'StepFailed',
    });
  });

  it('tries again as often as retries says, each attempt a child of its own', async () => {
    const { run, endChild, statusOf, childrenOf } = reconciled();
    await run('retried', { steps: [tool('flaky', { retries: 1 })] });
    await endChild('retried', 'flaky', 'Failed', 'exit 1');
    await endChild('retried', 'flaky', 'Succeeded');
    const status = await statusOf('retried', hasEnded);
    expect([status.phase, stepOf(status, 'flaky').attempt]).toEqual(['Succeeded', 2]);
    const children = await childrenOf('retried', 'flaky');
    expect(children).toHaveLength(2);
    const { previousAttempts = [], resourceRef } = stepOf(status, 'flaky');
    expect(previousAttempts).toMatchObject([{ attempt: 1, reason: 'ChildFailed', message: 'exit 1' }]);
    expect(new Set([previousAttempts[0]?.child, resourceRef?.name])).toEqual(new Set(children));
  });

  it('continues after a failure that continueOnFailure tolerates', async () => {
    const { run, endChild, statusOf } = reconciled();
    await run('best-effort', { steps: [tool('a', { continueOnFailure: true }), tool('b')] });
    await endChild('best-effort', 'a', 'Failed');
    await endChild('best-effort', 'b', 'Succeeded');
    const status = await statusOf('best-effort', hasEnded);
    expect([status.phase, stepOf(status, 'a').ignored]).toEqual(['Succeeded', true]);
    expect(status.conditions[0]?.reason).toBe('CompletedWithIgnoredFailures');
  });

  it('ends at once when it is cancelled, and deletes what runs', async () => {
    const { run, annotateRun, statusOf, childrenOf } = reconciled();
    await run('cancelled', { steps: [tool('a'), tool('b')] });
    await statusOf('cancelled', isRecorded('a'));
    await annotateRun('cancelled', { 'orchestration.proompteng.ai/cancel': 'true' });
    const status = await statusOf('cancelled', hasEnded);
    expect([status.phase, phasesOf(status)]).toEqual(['Cancelled', { a: 'Cancelled', b: 'Cancelled' }]);
    await expect.poll(() => childrenOf('cancelled'), { timeout: 60_000 }).toEqual([]);
  });

  it('starts nothing while it is suspended, and continues afterwards', async () => {
    const { run, annotateRun, endChild, statusOf } = reconciled();
    const suspend = 'orchestration.proompteng.ai/suspend';
    await run('suspended', { steps: [tool('a')] }, { [suspend]: 'true' });
    const before = await statusOf('suspended', ({ phase }) => phase === 'Pending');
    expect([before.runId, before.conditions[0]?.reason]).toEqual([undefined, 'Suspended']);
    await annotateRun('suspended', { [suspend]: null });
    await endChild('suspended', 'a', 'Succeeded');
    expect((await statusOf('suspended', hasEnded)).phase).toBe('Succeeded');
  });

  it('fails a step whose child is deleted, and does not run it again', async () => {
    const { run, statusOf, childrenOf, api } = reconciled();
    await run('deleted', { steps: [tool('a')] });
    const { resourceRef } = stepOf(await statusOf('deleted', isRecorded('a')), 'a');
    await api.remove('ToolRun', resourceRef?.name ?? '');
    const status = await statusOf('deleted', hasEnded);
    expect(stepOf(status, 'a')).toMatchObject({ phase: 'Failed', reason: 'ChildDeleted', attempt: 1 });
    expect(await childrenOf('deleted')).toEqual([]);
  });

  it('survives being killed between any two steps, and runs none of them twice', async () => {
    const { run, endChild, statusOf, childrenOf, process } = reconciled();
    const names = ['a', 'b', 'c', 'd'];
    await run('killed', { steps: names.map((name) => tool(name)) });
    for (const step of names) {
      const ended = endChild('killed', step, 'Succeeded');
      await process.kill('SIGKILL');
      await process.start();
      await ended;
    }
    const status = await statusOf('killed', hasEnded);
    expect([status.phase, ...status.stepStatuses.map(({ attempt }) => attempt)]).toEqual(['Succeeded', 1, 1, 1, 1]);
    expect(await childrenOf('killed')).toHaveLength(4);
  }, 600_000);
});
