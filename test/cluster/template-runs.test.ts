import { describe, expect, it } from 'vitest';
import { startCommand } from '../support/cli.ts';
import { sharedCluster } from '../support/controlplane/suite.ts';
import { useReconciledNamespace } from '../support/reconciler.ts';
import { hasEnded } from '../support/statuses.ts';

const TEMPLATE = 'agents.proompteng.ai/template';

describe('a template', () => {
  const reconciled = useReconciledNamespace();

  it('never runs, without a word in its status, while a copy as a Schedule makes it does', async () => {
    const { api, namespace, run, statusOf, annotateRun } = reconciled();
    const cli = (verb: 'status' | 'watch') =>
      startCommand(verb, ['template', '-n', namespace], { KUBECONFIG: sharedCluster().kubeconfig }).ended;
    await run('template', { steps: [{ name: 'mark', kind: 'Checkpoint' }] }, { [TEMPLATE]: 'true' });
    const spec = { ...(await api.read('OrchestrationRun', 'template'))?.['spec'], deliveryId: 'd-1' };
    const labels = { 'schedules.proompteng.ai/schedule': 'nightly' };
    await api.create('OrchestrationRun', 'copy', { metadata: { labels }, spec });
    expect((await statusOf('copy', hasEnded)).phase).toBe('Succeeded');
    expect((await api.read('OrchestrationRun', 'template'))?.['status']).toBeUndefined();
    expect((await cli('status')).stdout).toContain('a template, which never runs');
    const { code, stderr } = await cli('watch');
    expect([code, stderr]).toEqual([2, expect.stringContaining('is a template and never runs')]);
    await annotateRun('template', { [TEMPLATE]: null });
    expect((await statusOf('template', hasEnded)).phase).toBe('Succeeded');
  });
});
