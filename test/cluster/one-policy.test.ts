import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeNeeding, sharedCluster, useNamespace } from '../support/controlplane/suite.ts';
import { type Gate, installCrds, installWebhooks, startGate, type Webhooks } from '../support/gate.ts';
import {
  connectReconciled,
  type ReconciledNamespace,
  type Reconciler,
  startReconciler,
} from '../support/reconciler.ts';
import { hasEnded, outcomeOf } from '../support/statuses.ts';

const mark = (name: string, fields: object = {}) => ({ name, kind: 'Checkpoint', ...fields });

// Each test begins with what the one before has configured.
describeNeeding(['loopbackWebhooks'], 'gate and reconciler', () => {
  const cluster = sharedCluster();
  const namespace = useNamespace();
  let gate: Gate;
  let webhooks: Webhooks;
  let reconciler: Reconciler;
  let reconciled: ReconciledNamespace;

  beforeAll(async () => {
    await installCrds(cluster, 'agents');
    gate = await startGate({ settings: { 'limits.maxSteps': '2000' } });
    webhooks = await installWebhooks(cluster, gate, { release: 'one-policy', namespaces: [namespace] });
    const flags = [`--settings-dir=${gate.folders.settings}`];
    reconciler = await startReconciler(cluster, { ownNamespace: namespace, flags });
    reconciled = connectReconciled(cluster, namespace, reconciler.process);
  });
  afterAll(async () => {
    await reconciler.stop();
    await webhooks.remove();
    await gate.stop();
  });

  describe('with one folder of settings', () => {
    it('admit and run a graph of 1,500 steps where the limit is 2,000', async () => {
      const steps = Array.from({ length: 1500 }, (_, i) => mark(`s${i}`, { dependsOn: [] }));
      await reconciled.run('large', { steps });
      expect(outcomeOf(await reconciled.statusOf('large', hasEnded))).toMatchObject({ reason: 'Completed' });
    });

    it('judge stored Orchestrations again when the settings change', async () => {
      const { api } = reconciled;
      await api.create('Orchestration', 'judged', { spec: { steps: [mark('Not-A-Label')] } });
      await api.waitFor('Orchestration', 'judged', ({ status }) => status?.phase === 'Ready');
      await gate.writeSettings({ 'severity.NonPortableStepName': 'deny' });
      const { status } = await api.waitFor('Orchestration', 'judged', (one) => one['status']?.phase === 'Invalid');
      expect(status.conditions).toMatchObject([{ type: 'Ready', reason: 'NonPortableStepName' }, {}]);
    });
  });
});
