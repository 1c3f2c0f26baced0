import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunStatus } from '../../src/orchestration/run-status.ts';
import { Label } from '../../src/orchestration/vocabulary/metadata.ts';
import type { ControlPlane } from '../support/controlplane/controlplane.ts';
import { describeNeeding, startOwnControlPlane } from '../support/controlplane/suite.ts';
import { installCrds } from '../support/gate.ts';
import type { NamespacedApi } from '../support/namespaced-api.ts';
import { connectReconciled, type Reconciler, startReconciler, useReconciledNamespace } from '../support/reconciler.ts';
import { tool } from '../support/run-steps.ts';

const patience = { timeout: 120_000 };
const testTimeout = 400_000;
const hasEnded = ({ phase }: RunStatus) => phase === 'Succeeded' || phase === 'Failed' || phase === 'Cancelled';
const restarts = (cause: string) => `orchestration_gate_engine_restarts_total{cause="${cause}"}`;
const quarantined = 'orchestration_gate_quarantined{kind="OrchestrationRun"}';

describe('a reconciler whose engine is killed', { timeout: testTimeout }, () => {
  const reconciled = useReconciledNamespace({ flags: ['--restart-cap-seconds=1', '--deaths-to-quarantine=1000'] });

  it('lives on, and its runs finish without a step run twice', async () => {
    const { run, endChild, statusOf, childrenOf, process: supervisor, enginePid, readMetric } = reconciled();
    const before = supervisor.pid;
    const steps = ['a', 'b', 'c', 'd'];
    const names = ['one', 'other'];
    for (const name of names) await run(name, { steps: steps.map((step) => tool(step)) });
    let pid: number | undefined;
    for (const step of steps) {
      const ended = Promise.all(names.map((name) => endChild(name, step, 'Succeeded')));
      pid = await enginePid(pid);
      process.kill(pid, 'SIGKILL');
      await ended;
    }
    for (const name of names) {
      const status = await statusOf(name, hasEnded);
      expect([status.phase, ...status.stepStatuses.map(({ attempt }) => attempt)]).toEqual(['Succeeded', 1, 1, 1, 1]);
      expect(await childrenOf(name)).toHaveLength(4);
    }
    await expect.poll(() => readMetric(restarts('killed')), patience).toBe(4);
    expect(supervisor.pid).toBe(before);
  });

  it('shows the metrics of the engine that lives beside its own', async () => {
    const { readMetric } = reconciled();
    await expect.poll(() => readMetric('orchestration_gate_leader'), patience).toBe(1);
    expect(await readMetric('orchestration_gate_engine_up')).toBe(1);
    expect(await readMetric('orchestration_gate_api_sockets')).toBeGreaterThan(0);
    expect(await readMetric('orchestration_gate_watch_age_seconds{resource="orchestrationruns"}')).toBeGreaterThan(0);
    expect(await readMetric('orchestration_gate_engine_nodejs_eventloop_lag_seconds')).toBeDefined();
  });

  it('takes its engine along when it is killed itself', async () => {
    const { process: supervisor, enginePid } = reconciled();
    const pid = await enginePid();
    expect(isRunning(pid)).toBe(true);
    await supervisor.kill('SIGKILL');
    await expect.poll(() => isRunning(pid), patience).toBe(false);
    await supervisor.start();
  });
});

describe('a reconciler that receives SIGTERM', { timeout: testTimeout }, () => {
  const reconciled = useReconciledNamespace({ electsLeader: true });

  it('deletes its Lease and exits with 0, and its engine with it', async () => {
    const { process: supervisor, enginePid, readMetric, api } = reconciled();
    await expect.poll(() => readMetric('orchestration_gate_leader'), patience).toBe(1);
    const pid = await enginePid();
    expect(await holders(api)).toEqual([expect.stringContaining('_')]);
    expect(await supervisor.kill('SIGTERM')).toBe(0);
    expect([isRunning(pid), await holders(api)]).toEqual([false, []]);
    await supervisor.start();
  });

  it('does not wait at the second signal', async () => {
    const { process: supervisor, enginePid } = reconciled();
    const pid = await enginePid();
    const begun = (await readFile(supervisor.logPath, 'utf8')).length;
    process.kill(pid, 'SIGSTOP'); // an engine that cannot drain
    const exits = [supervisor.kill('SIGTERM')];
    await expect
      .poll(async () => (await readFile(supervisor.logPath, 'utf8')).slice(begun), patience)
      .toContain('shutting down');
    exits.push(supervisor.kill('SIGINT'));
    expect(await Promise.all(exits)).toEqual([130, 130]);
    process.kill(pid, 'SIGKILL'); // nothing else does: it does not even notice that its parent is gone
    await supervisor.start();
  });

  it('gives its buckets back whenever another takes the Lease of the engine, and its engine stays', async () => {
    const { process: supervisor, enginePid, readMetric, run, endChild, statusOf, api } = reconciled();
    const before = await enginePid();
    await api.create('Lease', LEASE, { spec: {} });
    const lost = () => readMetric('orchestration_gate_bucket_hand_overs_total{direction="lost"}');
    const steps = ['a', 'b'];
    await run('leased', { steps: steps.map((step) => tool(step)) });
    for (const [losses, step] of steps.entries()) {
      await expect.poll(() => readMetric('orchestration_gate_leader'), patience).toBe(1);
      await takeLease(api);
      await expect.poll(lost, patience).toBe(64 * (losses + 1));
      await endChild('leased', step, 'Succeeded');
    }
    expect((await statusOf('leased', hasEnded)).phase).toBe('Succeeded');
    expect([await enginePid(), isRunning(before), await readMetric(quarantined)]).toEqual([before, true, 0]);
    expect(await supervisor.kill('SIGTERM')).toBe(0);
  });
});

describe('a reconciler that is switched off', { timeout: testTimeout }, () => {
  const reconciled = useReconciledNamespace({ environment: { AGENTS_ORCHESTRATION_CONTROLLER_ENABLED: 'false' } });

  it('lives without an engine, and ends well', async () => {
    const { process: supervisor, readMetric } = reconciled();
    expect(await readMetric('orchestration_gate_engine_up')).toBe(0);
    expect(await readFile(supervisor.logPath, 'utf8')).not.toContain('engine started');
    expect(await supervisor.kill('SIGTERM')).toBe(0);
  });
});

describeNeeding(['ownControlPlane'], 'a reconciler whose API server goes away', () => {
  /** More than the 10 s after which the lease is lost; AWAY_SECONDS=60 for the long version. */
  const awaySeconds = Number(process.env['AWAY_SECONDS'] ?? 12);
  let plane: ControlPlane;
  let reconciler: Reconciler;
  beforeAll(async () => {
    plane = await startOwnControlPlane();
    await installCrds(plane, 'agents');
    const flags = ['--restart-cap-seconds=1'];
    reconciler = await startReconciler(plane, { ownNamespace: 'default', electsLeader: true, flags });
  }, testTimeout);
  afterAll(async () => {
    await reconciler?.stop();
    await plane?.stop();
  });

  it(
    'lives on, and its runs finish, after it is back',
    async () => {
      const { process: supervisor, readMetric } = reconciler;
      const { run, endChild, statusOf, childrenOf, api } = connectReconciled(plane, 'default', supervisor);
      const before = supervisor.pid;
      await run('away', { steps: [tool('a'), tool('b'), tool('c')] });
      await endChild('away', 'a', 'Succeeded');
      await plane.apiserver.kill('SIGTERM');
      await delay(awaySeconds * 1_000);
      await plane.apiserver.start();
      const isServed = () =>
        Promise.all((['OrchestrationRun', 'ToolRun', 'AgentRun'] as const).map(api.list)).then(
          () => true,
          () => false, // "storage is (re)initializing": it is ready, but not yet for each custom resource
        );
      await expect.poll(isServed, patience).toBe(true);
      for (const step of ['b', 'c']) await endChild('away', step, 'Succeeded');
      expect((await statusOf('away', hasEnded)).phase).toBe('Succeeded');
      expect(await childrenOf('away')).toHaveLength(3);
      expect([supervisor.pid, await readMetric(quarantined)]).toEqual([before, 0]);
    },
    testTimeout + 2_000 * awaySeconds,
  );
});

describe('a run that engines die of', { timeout: testTimeout }, () => {
  const preload = pathToFileURL(join(import.meta.dirname, '../support/poison.ts')).href;
  const reconciled = useReconciledNamespace({
    flags: ['--engine-heap-mib=64', '--restart-cap-seconds=1'],
    environment: { NODE_OPTIONS: `--import=${preload}` },
  });

  it.each([
    ['poison-reject', 'fault'],
    ['poison-stall', 'stalled'],
    ['poison-memory', 'memory'],
  ])('is quarantined at the second death as %s, while the others go on', async (poison, cause) => {
    const { run, endChild, statusOf, process: supervisor, readMetric, api } = reconciled();
    const before = [supervisor.pid, await readMetric(restarts(cause))];
    const others = ['x', 'y', 'z'].map((letter) => `${poison}-not-${letter}`);
    for (const other of others) await run(other, { steps: [tool('a'), tool('b')] });
    await run(poison, { steps: [tool('a')] });
    const status = await statusOf(poison, ({ conditions }) => conditions?.some(({ type }) => type === 'EngineFault'));
    expect(status.phase).toBeUndefined();
    for (const step of ['a', 'b']) for (const other of others) await endChild(other, step, 'Succeeded');
    for (const other of others) expect((await statusOf(other, hasEnded)).phase).toBe('Succeeded');
    expect([supervisor.pid, ((await readMetric(restarts(cause))) ?? 0) - 2]).toEqual(before);
    await expect.poll(() => eventsOf(api, poison), patience).toEqual(['Warning EngineFault']);
    expect(await readMetric(quarantined)).toBeGreaterThan(0);
  });

  it('is tried again when it changes, and recovers when it no longer crashes an engine', async () => {
    const { annotateRun, statusOf, readMetric } = reconciled();
    const before = (await readMetric(quarantined)) ?? 0;
    await annotateRun('poison-reject', { 'orchestration.proompteng.ai/suspend': 'true' });
    const isSuspended = ({ conditions }: RunStatus) => conditions?.some(({ reason }) => reason === 'Suspended');
    const status = await statusOf('poison-reject', isSuspended);
    expect(status.conditions.map(({ type, reason }) => [type, reason])).toEqual([
      ['Ready', 'Suspended'],
      ['Progressing', 'Suspended'],
      ['Succeeded', 'Suspended'],
    ]);
    await expect.poll(() => readMetric(quarantined), patience).toBe(before - 1);
  });

  it('is no longer counted when it is deleted', async () => {
    const { api, readMetric } = reconciled();
    const before = (await readMetric(quarantined)) ?? 0;
    await api.remove('OrchestrationRun', 'poison-stall');
    await expect.poll(() => readMetric(quarantined), patience).toBe(before - 1);
  });

  it('is tried again by a new supervisor', async () => {
    const { process: supervisor, readMetric } = reconciled();
    expect(await supervisor.kill('SIGTERM')).toBe(0);
    await supervisor.start();
    await expect.poll(() => readMetric(quarantined), patience).toBe(1);
    expect(await readMetric(restarts('memory'))).toBe(2);
  });
});

const LEASE = 'orchestration-gate-reconciler';

/** The replicas that have a Lease of their own. */
async function holders(api: NamespacedApi): Promise<readonly string[]> {
  const leases = (await api.list('Lease')).filter(({ metadata }) => metadata.labels?.[Label.Member] !== undefined);
  return leases.map((lease) => lease['spec'].holderIdentity);
}

/** Takes the Lease, like an engine of version 0.2 that dies at once. */
async function takeLease(api: NamespacedApi): Promise<void> {
  await api.edit('Lease', LEASE, { spec: { holderIdentity: 'another', leaseDurationSeconds: 1 } });
}

async function eventsOf(api: NamespacedApi, name: string): Promise<readonly string[]> {
  const events = (await api.list('Event')).filter((event) => event['involvedObject'].name === name);
  return events.map((event) => `${event['type']} ${event['reason']}`);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
