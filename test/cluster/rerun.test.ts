import { describe, expect, it } from 'vitest';
import { Annotation } from '../../src/orchestration/vocabulary/metadata.ts';
import { nameSnapshot } from '../../src/reconciler/names.ts';
import { startCommand } from '../support/cli.ts';
import { sharedCluster } from '../support/controlplane/suite.ts';
import { useReconciledNamespace } from '../support/reconciler.ts';
import { tool } from '../support/run-steps.ts';
import { hasEnded, isStep, outcomeOf, phasesOf, stepOf } from '../support/statuses.ts';

const steps = [tool('build'), tool('test'), tool('deploy')];

describe('a rerun on a real API server', () => {
  const cluster = sharedCluster();
  const reconciled = useReconciledNamespace();
  const cli = (verb: 'rerun' | 'plan' | 'status', ...args: string[]) =>
    startCommand(verb, [...args, '-n', reconciled().namespace], { KUBECONFIG: cluster.kubeconfig }).ended;

  /** A run of an Orchestration of its own, which has failed in its second step. */
  async function fail(name: string): Promise<void> {
    const { run, endChild, statusOf } = reconciled();
    await run(name, { steps });
    await endChild(name, 'build', 'Succeeded');
    await endChild(name, 'test', 'Failed', 'exit 1');
    await statusOf(name, hasEnded);
  }

  /** Continues a run of the Orchestration `of`, as kubectl would. */
  const resume = (name: string, of: string, from = of) =>
    reconciled().api.create('OrchestrationRun', name, {
      metadata: { annotations: { [Annotation.ResumeFrom]: from } },
      spec: { orchestrationRef: { name: of } },
    });

  it('runs what failed and what comes after it, and leaves the source as it is', async () => {
    const { api, endChild, statusOf, childrenOf } = reconciled();
    await fail('failed');
    const before = await api.read('OrchestrationRun', 'failed');
    expect((await cli('plan', '--rerun', 'failed')).stdout).toMatch(
      /inherits 1 of 3 steps\n {2}↳ build .*\n {2}▶ test .*it failed: exit 1/,
    );
    expect(await cli('rerun', 'failed', '--name', 'again')).toMatchObject({ code: 0, stderr: '' });
    await endChild('again', 'test', 'Succeeded');
    await endChild('again', 'deploy', 'Succeeded');
    const status = await statusOf('again', hasEnded);
    expect(status.phase).toBe('Succeeded');
    expect(stepOf(status, 'build')).toMatchObject({ reason: 'Inherited', inheritedFrom: 'failed', attempt: 0 });
    expect(await childrenOf('again', 'build')).toEqual([]);
    expect((await cli('status', 'again')).stdout).toContain('↳ Succeeded build   inherited from failed\n');
    expect((await api.read('OrchestrationRun', 'failed'))?.metadata).toEqual(before?.metadata);
  });

  it('can be rerun itself, and names the run that carried a step out', async () => {
    const { endChild, statusOf } = reconciled();
    await fail('one');
    await resume('two', 'one');
    await endChild('two', 'test', 'Succeeded');
    await endChild('two', 'deploy', 'Failed');
    await statusOf('two', hasEnded);
    await resume('three', 'one', 'two');
    await endChild('three', 'deploy', 'Succeeded');
    const { stepStatuses } = await statusOf('three', hasEnded);
    expect(stepStatuses.map(({ inheritedFrom }) => inheritedFrom)).toEqual(['one', 'two', undefined]);
  });

  it('does not need the source once it has started, and fails without it before', async () => {
    const { api, endChild, statusOf, process } = reconciled();
    await fail('short');
    await resume('started', 'short');
    await statusOf('started', isStep('test', 'Running'));
    await api.remove('OrchestrationRun', 'short');
    await api.waitUntilGone('OrchestrationRun', 'short');
    await process.kill('SIGKILL');
    await process.start();
    await endChild('started', 'test', 'Succeeded');
    await endChild('started', 'deploy', 'Succeeded');
    expect(phasesOf(await statusOf('started', hasEnded))).toEqual({
      build: 'Succeeded',
      test: 'Succeeded',
      deploy: 'Succeeded',
    });
    await resume('late', 'short');
    expect(outcomeOf(await statusOf('late', hasEnded))).toMatchObject({
      reason: 'CannotResume',
      message: 'OrchestrationRun "short" does not exist',
    });
  });

  it('starts as it should if the engine was killed between its snapshot and its claim', async () => {
    const { api, endChild, statusOf, childrenOf, process } = reconciled();
    await fail('torn');
    const source = await api.read('OrchestrationRun', 'torn');
    const stored = await api.read('ControllerRevision', nameSnapshot(source?.metadata.uid ?? ''));
    await process.kill('SIGKILL');
    const { apiVersion, kind, metadata } = await resume('mended', 'torn');
    const owner = { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true };
    await api.create('ControllerRevision', nameSnapshot(metadata.uid), {
      metadata: { ownerReferences: [owner] },
      data: stored?.['data'],
      revision: 1,
    });
    await api.edit('Orchestration', 'torn', { spec: { steps: [tool('other')] } });
    await process.start();
    await endChild('mended', 'test', 'Succeeded');
    await endChild('mended', 'deploy', 'Succeeded');
    expect(phasesOf(await statusOf('mended', hasEnded))).toEqual({
      build: 'Succeeded',
      test: 'Succeeded',
      deploy: 'Succeeded',
    });
    expect(await childrenOf('mended', 'build')).toEqual([]);
  });

  it('continues a nested run inside', async () => {
    const { api, run, endChild, statusOf, childOf } = reconciled();
    await api.create('Orchestration', 'inner', { spec: { steps } });
    await run('outer', { steps: [{ name: 'sub', kind: 'SubOrchestration', orchestrationRef: { name: 'inner' } }] });
    const { name: first } = (await childOf('outer', 'sub')).metadata;
    await endChild(first, 'build', 'Succeeded');
    await endChild(first, 'test', 'Failed');
    await statusOf('outer', hasEnded);
    expect(await cli('rerun', 'outer', '--name', 'outer-again')).toMatchObject({ code: 0 });
    const { metadata } = await childOf('outer-again', 'sub');
    expect(metadata.annotations).toMatchObject({ [Annotation.ResumeFrom]: first });
    await endChild(metadata.name, 'test', 'Succeeded');
    await endChild(metadata.name, 'deploy', 'Succeeded');
    expect((await statusOf('outer-again', hasEnded)).phase).toBe('Succeeded');
    expect(stepOf(await statusOf(metadata.name, hasEnded), 'build')).toMatchObject({ inheritedFrom: first });
  });

  it('is refused for a run that another controller wrote, by the command line and by the reconciler', async () => {
    const { api, statusOf } = reconciled();
    await fail('foreign');
    await api.setStatus('OrchestrationRun', 'foreign', { updatedAt: '2026-01-01T00:00:00Z' }, 'somebody');
    expect((await cli('rerun', 'foreign')).stderr).toMatch(/^rerun: another controller has written the status/);
    await resume('not-ours', 'foreign');
    expect(outcomeOf(await statusOf('not-ours', hasEnded))).toMatchObject({ reason: 'CannotResume' });
  });
});
