import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ControlPlane } from '../support/controlplane/controlplane.ts';
import { describeNeeding, startOwnControlPlane } from '../support/controlplane/suite.ts';
import { installCrds } from '../support/gate.ts';
import {
  connectReconciled,
  type ReconciledNamespace,
  type Reconciler,
  startReconciler,
} from '../support/reconciler.ts';
import { tool } from '../support/run-steps.ts';
import { hasEnded } from '../support/statuses.ts';

// A control plane of its own: a reconciler of all namespaces would work in those of other suites.
describeNeeding(['ownControlPlane'], 'a reconciler, with our CRDs', () => {
  let plane: ControlPlane;
  let reconciler: Reconciler | undefined;

  beforeAll(async () => {
    plane = await startOwnControlPlane();
    await installCrds(plane, 'agents');
    await installCrds(plane, 'ours');
    for (const namespace of ['red', 'green', 'blue']) await plane.kubectl(['create', 'namespace', namespace]);
  });
  afterAll(async () => {
    await reconciler?.stop();
    await plane?.stop();
  });

  async function follow(namespaces: string): Promise<(namespace: string) => ReconciledNamespace> {
    await reconciler?.stop();
    const environment = { AGENTS_ORCHESTRATION_CONTROLLER_NAMESPACES: namespaces };
    const started = await startReconciler(plane, { ownNamespace: 'red', environment });
    reconciler = started;
    return (namespace) => connectReconciled(plane, namespace, started.process);
  }

  it('runs what is in the configured namespaces, and nothing in others', async () => {
    const within = await follow('["red", "green"]');
    const name = 'listed';
    await within('blue').run(name, { steps: [tool('a')] });
    for (const namespace of ['red', 'green']) {
      const { run, endChild, statusOf } = within(namespace);
      await run(name, { steps: [tool('a')] });
      await endChild(name, 'a', 'Succeeded');
      expect((await statusOf(name, hasEnded)).phase).toBe('Succeeded');
    }
    const others = within('blue');
    expect((await others.api.read('OrchestrationRun', name))?.['status']).toBeUndefined();
    expect((await others.api.read('Orchestration', name))?.['status']).toBeUndefined();
    expect(await others.childrenOf(name)).toEqual([]);
  });

  it('runs what is in any namespace if it is configured with *, also in a namespace that is created later', async () => {
    const within = await follow('*');
    await plane.kubectl(['create', 'namespace', 'violet']);
    for (const namespace of ['blue', 'violet']) {
      const { run, endChild, statusOf } = within(namespace);
      await run('anywhere', { steps: [tool('a')] });
      await endChild('anywhere', 'a', 'Succeeded');
      expect((await statusOf('anywhere', hasEnded)).phase).toBe('Succeeded');
    }
  });

  it('shows in `kubectl get` how far a run is, and how it ended', async () => {
    const within = await follow('red');
    const { run, endChild, statusOf } = within('red');
    const steps = [
      tool('build', { dependsOn: [] }),
      tool('lint', { dependsOn: ['build'] }),
      tool('test', { dependsOn: ['build'] }),
      tool('publish', { dependsOn: ['lint', 'test'] }),
    ];
    await run('diamond', { steps });
    await endChild('diamond', 'build', 'Succeeded');
    await endChild('diamond', 'test', 'Failed', 'exit 1');
    await statusOf('diamond', ({ stepStatuses }) => stepStatuses[3]?.phase === 'Skipped');
    const get = async () => {
      const { stdout } = await plane.kubectl(['get', 'orchestrationruns', '-n', 'red', 'diamond']);
      return stdout.split('\n').map((line) => line.split(/ {2,}/).slice(0, -1));
    };
    expect((await get()).slice(0, 2)).toEqual([
      ['NAME', 'PHASE', 'PROGRESS', 'REASON', 'ORCHESTRATION'],
      ['diamond', 'Running', '3 of 4 steps done', 'Running', 'diamond'],
    ]);
    await endChild('diamond', 'lint', 'Succeeded');
    await statusOf('diamond', hasEnded);
    expect((await get())[1]).toEqual([
      'diamond',
      'Failed',
      '4 of 4 steps done: 2 succeeded, 1 failed, 1 skipped',
      'StepFailed',
      'diamond',
    ]);
    const { stdout } = await plane.kubectl(['-n', 'red', 'get', 'orchestrationrun', 'diamond', '-o', 'yaml']);
    for (const text of [
      'phase: Failed',
      'phase: Skipped',
      'reason: DependencyFailed',
      'dependency test failed: exit 1',
    ])
      expect(stdout).toContain(text);
  });
});
