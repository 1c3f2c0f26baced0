import { describe, expect, it } from 'vitest';
import type { RunStatus } from '../../src/orchestration/run-status.ts';
import { useReconciledNamespace } from '../support/reconciler.ts';

const tool = (name: string, fields: object = {}) => ({ name, kind: 'ToolRun', toolRef: { name: 'echo' }, ...fields });
const phases = ({ stepStatuses }: RunStatus) =>
  Object.fromEntries(stepStatuses.map(({ name, phase }) => [name, phase]));
const hasEnded = ({ phase }: RunStatus) => phase === 'Succeeded' || phase === 'Failed' || phase === 'Cancelled';
const stepOf = (status: RunStatus, name: string) => status.stepStatuses.find((step) => step.name === name);

describe('a run on a real API server', () => {
  const reconciled = useReconciledNamespace();

  it('goes step by step where no step declares dependsOn', async () => {
    const { run, endToolRun, statusOf, toolRunsOf } = reconciled();
    await run('sequential', { steps: [tool('a'), tool('b'), tool('c')] });
    for (const step of ['a', 'b', 'c']) {
      await statusOf('sequential', (status) => stepOf(status, step)?.phase === 'Running');
      await endToolRun('sequential', step, 'Succeeded');
    }
    const status = await statusOf('sequential', hasEnded);
    expect([status.phase, phases(status)]).toEqual(['Succeeded', { a: 'Succeeded', b: 'Succeeded', c: 'Succeeded' }]);
    expect(await toolRunsOf('sequential')).toHaveLength(3);
    const started = status.stepStatuses.map(({ startedAt = '', finishedAt = '' }) => [startedAt, finishedAt]);
    expect(started.flat()).toEqual(started.flat().toSorted());
  });

  it('skips what depends on a failure, names the culprit and the root, and lets the other branch go on', async () => {
    const { run, endToolRun, statusOf } = reconciled();
    const steps = [
      tool('build', { dependsOn: [] }),
      tool('lint', { dependsOn: [] }),
      tool('test', { dependsOn: ['build'] }),
      tool('publish', { dependsOn: ['test', 'lint'] }),
    ];
    await run('diamond', { steps });
    await endToolRun('diamond', 'build', 'Failed', 'exit 1');
    const meanwhile = await statusOf('diamond', (status) => stepOf(status, 'publish')?.phase === 'Skipped');
    expect(meanwhile.phase).toBe('Running');
    await endToolRun('diamond', 'lint', 'Succeeded');
    const status = await statusOf('diamond', hasEnded);
    expect(phases(status)).toEqual({ build: 'Failed', lint: 'Succeeded', test: 'Skipped', publish: 'Skipped' });
    expect(stepOf(status, 'test')).toMatchObject({
      reason: 'DependencyFailed',
      message: 'dependency build failed: exit 1',
    });
    expect(stepOf(status, 'publish')?.message).toBe('dependency test failed: build failed: exit 1');
    expect(status.conditions.find(({ type }) => type === 'Succeeded')).toMatchObject({
      status: 'False',
      reason: 'StepFailed',
    });
  });

  it('tries again as often as retries says, each attempt a child of its own', async () => {
    const { run, endToolRun, statusOf, toolRunsOf } = reconciled();
    await run('retried', { steps: [tool('flaky', { retries: 1 })] });
    await endToolRun('retried', 'flaky', 'Failed', 'exit 1');
    await endToolRun('retried', 'flaky', 'Succeeded');
    const status = await statusOf('retried', hasEnded);
    expect([status.phase, stepOf(status, 'flaky')?.attempt]).toEqual(['Succeeded', 2]);
    expect(await toolRunsOf('retried', 'flaky')).toHaveLength(2);
  });

  it('goes on behind a failure that continueOnFailure tolerates', async () => {
    const { run, endToolRun, statusOf } = reconciled();
    await run('best-effort', { steps: [tool('a', { continueOnFailure: true }), tool('b')] });
    await endToolRun('best-effort', 'a', 'Failed');
    await endToolRun('best-effort', 'b', 'Succeeded');
    const status = await statusOf('best-effort', hasEnded);
    expect([status.phase, stepOf(status, 'a')?.ignored]).toEqual(['Succeeded', true]);
    expect(status.conditions[0]?.reason).toBe('CompletedWithIgnoredFailures');
  });

  it('ends at once when it is cancelled, and deletes what runs', async () => {
    const { run, annotateRun, statusOf, toolRunsOf } = reconciled();
    await run('cancelled', { steps: [tool('a'), tool('b')] });
    await statusOf('cancelled', (status) => stepOf(status, 'a')?.resourceRef?.uid !== undefined);
    await annotateRun('cancelled', { 'orchestration.proompteng.ai/cancel': 'true' });
    const status = await statusOf('cancelled', hasEnded);
    expect([status.phase, phases(status)]).toEqual(['Cancelled', { a: 'Cancelled', b: 'Cancelled' }]);
    await expect.poll(() => toolRunsOf('cancelled'), { timeout: 10_000 }).toEqual([]);
  });

  it('starts nothing while it is suspended, and goes on afterwards', async () => {
    const { run, annotateRun, endToolRun, statusOf } = reconciled();
    const suspend = 'orchestration.proompteng.ai/suspend';
    await run('suspended', { steps: [tool('a')] }, { [suspend]: 'true' });
    const before = await statusOf('suspended', ({ phase }) => phase === 'Pending');
    expect([before.runId, before.conditions[0]?.reason]).toEqual([undefined, 'Suspended']);
    await annotateRun('suspended', { [suspend]: null });
    await endToolRun('suspended', 'a', 'Succeeded');
    expect((await statusOf('suspended', hasEnded)).phase).toBe('Succeeded');
  });

  it('fails a step whose child somebody deletes, and does not run it again', async () => {
    const { run, statusOf, toolRunsOf, send, namespace } = reconciled();
    await run('deleted', { steps: [tool('a')] });
    const { resourceRef } =
      stepOf(await statusOf('deleted', (status) => stepOf(status, 'a')?.resourceRef?.uid !== undefined), 'a') ?? {};
    await send('DELETE', `/apis/tools.proompteng.ai/v1alpha1/namespaces/${namespace}/toolruns/${resourceRef?.name}`);
    const status = await statusOf('deleted', hasEnded);
    expect(stepOf(status, 'a')).toMatchObject({ phase: 'Failed', reason: 'ChildDeleted', attempt: 1 });
    expect(await toolRunsOf('deleted')).toEqual([]);
  });

  it('survives being killed between any two steps, and runs none of them twice', async () => {
    const { run, endToolRun, statusOf, toolRunsOf, process } = reconciled();
    const names = ['a', 'b', 'c', 'd'];
    await run('killed', { steps: names.map((name) => tool(name)) });
    for (const step of names) {
      const ended = endToolRun('killed', step, 'Succeeded');
      await process.kill('SIGKILL');
      await process.start();
      await ended;
    }
    const status = await statusOf('killed', hasEnded);
    expect([status.phase, ...status.stepStatuses.map(({ attempt }) => attempt)]).toEqual(['Succeeded', 1, 1, 1, 1]);
    expect(await toolRunsOf('killed')).toHaveLength(4);
  });
});
