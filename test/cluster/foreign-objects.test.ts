import { describe, expect, it } from 'vitest';
import { nameChild } from '../../src/reconciler/names.ts';
import { useReconciledNamespace } from '../support/reconciler.ts';
import { hasEnded, isStep, stepOf } from '../support/statuses.ts';

const tool = (name: string, fields: object = {}) => ({ name, kind: 'ToolRun', toolRef: { name }, ...fields });
const SUSPEND = 'orchestration.proompteng.ai/suspend';
const CANCEL = 'orchestration.proompteng.ai/cancel';

describe('a run', () => {
  const reconciled = useReconciledNamespace({ isBesideChart: true });

  describe('whose first child another client has created', () => {
    async function preCreate(name: string, spec: object) {
      const { api, annotateRun, run } = reconciled();
      await run(name, { steps: [tool('scan'), tool('ship', { dependsOn: ['scan'] })] }, { [SUSPEND]: 'true' });
      const { uid } = (await api.read('OrchestrationRun', name))?.metadata ?? { uid: '' };
      const child = nameChild({ name, uid }, 'scan', 1);
      const texts = {
        'agents.proompteng.ai/orchestration-run': name,
        'agents.proompteng.ai/orchestration-step': 'scan',
      };
      const owner = { apiVersion: 'orchestration.proompteng.ai/v1alpha1', kind: 'OrchestrationRun', name, uid };
      const metadata = { labels: texts, annotations: texts, ownerReferences: [{ ...owner, controller: true }] };
      await api.create('ToolRun', child, { metadata, spec });
      await annotateRun(name, { [SUSPEND]: null });
      return child;
    }

    it('fails where that would run another Tool, and says which', async () => {
      await preCreate('forged', { toolRef: { name: 'harmless' }, parameters: {} });
      const status = await reconciled().statusOf('forged', hasEnded);
      expect(stepOf(status, 'scan')).toMatchObject({
        phase: 'Failed',
        reason: 'ChildNameTaken',
        message: expect.stringContaining('spec.toolRef.name is "harmless", not "scan"'),
      });
      expect(stepOf(status, 'ship').phase).toBe('Skipped');
    });

    it('takes over one that is just as it would create it', async () => {
      const child = await preCreate('alike', { toolRef: { name: 'scan' }, parameters: {} });
      const { api, statusOf } = reconciled();
      const status = await statusOf('alike', (one) => one.stepStatuses[0]?.resourceRef?.uid !== undefined);
      expect(stepOf(status, 'scan').resourceRef?.name).toBe(child);
      await api.setStatus('ToolRun', child, { phase: 'Succeeded' });
      expect(stepOf(await statusOf('alike', isStep('ship', 'Running')), 'scan').phase).toBe('Succeeded');
    });
  });

  it('whose status another client has written creates its children in its own namespace, and can be cancelled', async () => {
    const { api, annotateRun, childOf, childrenOf, run, statusOf } = reconciled();
    await run('rewritten', { steps: [tool('build')] });
    const child = await childOf('rewritten', 'build');
    const { stepStatuses, ...status } = await statusOf('rewritten', isStep('build', 'Running'));
    for (const forged of [
      { kind: 'ToolRun', namespace: 'default', name: 'elsewhere' },
      { kind: 'Secret', apiVersion: 'v1' },
    ]) {
      const resourceRef = { ...stepStatuses[0]?.resourceRef, uid: undefined, ...forged };
      await api.setStatus(
        'OrchestrationRun',
        'rewritten',
        { ...status, stepStatuses: [{ ...stepStatuses[0], resourceRef }] },
        'orchestration-gate-reconciler',
      );
      await statusOf('rewritten', (one) => one.stepStatuses[0]?.resourceRef?.name === child.metadata.name);
    }
    expect(await childrenOf('rewritten')).toEqual([child.metadata.name]);
    await annotateRun('rewritten', { [CANCEL]: 'true' });
    expect((await statusOf('rewritten', hasEnded)).phase).toBe('Cancelled');
    await api.waitUntilGone('ToolRun', child.metadata.name);
  });
});
