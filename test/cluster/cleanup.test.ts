import { describe, expect, it } from 'vitest';
import { useReconciledNamespace } from '../support/reconciler.ts';
import { tool } from '../support/run-steps.ts';
import { hasEnded, isStep, outcomeOf, phasesOf } from '../support/statuses.ts';

const CANCEL = 'orchestration.proompteng.ai/cancel';

const steps = [
  tool('up', { dependsOn: [] }),
  tool('test', { dependsOn: ['up'] }),
  tool('undo', { dependsOn: ['test'], runIf: 'Failed' }),
  tool('down', { dependsOn: ['test'], runIf: 'Always' }),
];

describe('a run with steps that clean up', () => {
  const reconciled = useReconciledNamespace();

  it('runs those that a failure calls for, and fails', async () => {
    const { run, endChild, statusOf } = reconciled();
    await run('failing', { steps });
    await endChild('failing', 'up', 'Succeeded');
    await endChild('failing', 'test', 'Failed', 'exit 1');
    await endChild('failing', 'undo', 'Succeeded');
    await endChild('failing', 'down', 'Succeeded');
    const status = await statusOf('failing', hasEnded);
    expect(phasesOf(status)).toEqual({ up: 'Succeeded', test: 'Failed', undo: 'Succeeded', down: 'Succeeded' });
    expect(outcomeOf(status)).toMatchObject({ reason: 'StepFailed', message: '"test" failed: exit 1' });
  });

  it('cleans up when it is cancelled, although it is suspended and its engine is killed', async () => {
    const { run, endChild, statusOf, annotateRun, childOf, process } = reconciled();
    await run('cancelled', { steps });
    await endChild('cancelled', 'up', 'Succeeded');
    await childOf('cancelled', 'test');
    await annotateRun('cancelled', { 'orchestration.proompteng.ai/suspend': 'true', [CANCEL]: 'true' });
    await statusOf('cancelled', isStep('test', 'Cancelled'));
    await process.kill('SIGKILL');
    await annotateRun('cancelled', { [CANCEL]: null });
    await process.start();
    await endChild('cancelled', 'down', 'Succeeded');
    const status = await statusOf('cancelled', hasEnded);
    expect(status.phase).toBe('Cancelled');
    expect(phasesOf(status)).toEqual({ up: 'Succeeded', test: 'Cancelled', undo: 'Cancelled', down: 'Succeeded' });
  });

  it('runs no cleanup if it is cancelled with "now"', async () => {
    const { run, statusOf, annotateRun, childOf } = reconciled();
    await run('hurried', { steps });
    await childOf('hurried', 'up');
    await annotateRun('hurried', { [CANCEL]: 'now' });
    expect(Object.values(phasesOf(await statusOf('hurried', hasEnded)))).toEqual(Array(4).fill('Cancelled'));
  });

  it('lets its nested run clean up, and ends after it', async () => {
    const { api, run, endChild, statusOf, annotateRun, childOf } = reconciled();
    await api.create('Orchestration', 'inner', { spec: { steps } });
    await run('outer', { steps: [{ name: 'sub', kind: 'SubOrchestration', orchestrationRef: { name: 'inner' } }] });
    const { metadata } = await childOf('outer', 'sub');
    await childOf(metadata.name, 'up');
    await statusOf('outer', ({ stepStatuses }) => stepStatuses[0]?.cleanup === true);
    await annotateRun('outer', { [CANCEL]: 'true' });
    await endChild(metadata.name, 'down', 'Succeeded');
    expect((await statusOf(metadata.name, hasEnded)).phase).toBe('Cancelled');
    const [outer, inner] = [await statusOf('outer', hasEnded), await statusOf(metadata.name, hasEnded)];
    expect(outer.phase).toBe('Cancelled');
    expect(Date.parse(outer.finishedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(inner.finishedAt ?? ''));
  });
});
