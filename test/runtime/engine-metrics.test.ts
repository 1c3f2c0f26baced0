import { describe, expect, test } from 'vitest';
import { createEngineMetrics, ENGINE_METRICS } from '../../src/runtime/engine-metrics.ts';
import { createSupervisorMetrics, SUPERVISOR_METRICS, WORK_KINDS } from '../../src/runtime/supervisor-metrics.ts';
import { END_CAUSES } from '../../src/supervisor/ends.ts';

const isOwn = (name: string) =>
  name.startsWith('orchestration_gate_') && !/^orchestration_gate_engine_(process|nodejs)_/.test(name);

describe('the metrics of the reconciler', () => {
  test.each([
    ['supervisor', () => createSupervisorMetrics(END_CAUSES), SUPERVISOR_METRICS],
    ['engine', createEngineMetrics, ENGINE_METRICS],
  ])('are all in the list of the %s once, with a help sentence', async (_, create, list) => {
    const emitted = (await create().registry.getMetricsAsJSON()).filter(({ name }) => isOwn(name));
    const listed = Object.values(list).map(({ name, help }) => ({ name, help }));
    expect(emitted.map(({ name, help }) => ({ name, help }))).toEqual(listed);
    for (const { help } of listed) expect(help).toMatch(/^[A-Z0-9].*\.$/);
  });

  test('of supervisor and engine share no name, so that one page can show both', async () => {
    const names = async (registry: { getMetricsAsJSON(): Promise<{ name: string }[]> }) =>
      (await registry.getMetricsAsJSON()).map(({ name }) => name);
    const engine = await names(createEngineMetrics().registry);
    const supervisor = new Set(await names(createSupervisorMetrics(END_CAUSES).registry));
    expect(engine.filter((name) => supervisor.has(name))).toEqual([]);
  });

  test('start at zero, so that an alert detects the first increase', async () => {
    const lines = (await createSupervisorMetrics(END_CAUSES).registry.metrics()).split('\n');
    for (const cause of END_CAUSES)
      expect(lines).toContain(`orchestration_gate_engine_restarts_total{cause="${cause}"} 0`);
    for (const kind of WORK_KINDS) expect(lines).toContain(`orchestration_gate_quarantined{kind="${kind}"} 0`);
    const engine = (await createEngineMetrics().registry.metrics()).split('\n');
    expect(engine).toContain('orchestration_gate_leader 0');
    for (const phase of ['Succeeded', 'Failed', 'Cancelled'])
      expect(engine).toContain(`orchestration_gate_runs_ended_total{phase="${phase}"} 0`);
    for (const kind of WORK_KINDS)
      expect(engine).toContain(`orchestration_gate_status_contested_total{kind="${kind}"} 0`);
  });

  test('count the objects in quarantine by kind', async () => {
    const metrics = createSupervisorMetrics(END_CAUSES);
    metrics.setQuarantined([{ kind: 'ToolRun' }, { kind: 'OrchestrationRun' }, { kind: 'ToolRun' }]);
    metrics.setQuarantined([{ kind: 'ToolRun' }]);
    const lines = (await metrics.registry.metrics())
      .split('\n')
      .filter((line) => line.startsWith('orchestration_gate_quarantined{'));
    expect(lines).toEqual([
      'orchestration_gate_quarantined{kind="OrchestrationRun"} 0',
      'orchestration_gate_quarantined{kind="ToolRun"} 1',
      'orchestration_gate_quarantined{kind="Orchestration"} 0',
      'orchestration_gate_quarantined{kind="Audit"} 0',
    ]);
  });

  test('give times in seconds', async () => {
    const metrics = createEngineMetrics();
    metrics.observeQueue('OrchestrationRun').finish({ waitedMs: 30, durationMs: 2_000 });
    metrics.setWatchAge('agentruns', 1_500);
    metrics.observeReaction(60);
    const text = await metrics.registry.metrics();
    expect(text).toContain('orchestration_gate_workqueue_queue_duration_seconds_sum{kind="OrchestrationRun"} 0.03');
    expect(text).toContain('orchestration_gate_workqueue_work_duration_seconds_sum{kind="OrchestrationRun"} 2');
    expect(text).toContain('orchestration_gate_watch_age_seconds{resource="agentruns"} 1.5');
    expect(text).toContain('orchestration_gate_reaction_seconds_bucket{le="0.06"} 1');
  });
});
