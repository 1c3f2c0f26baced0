import { expect, test } from 'vitest';
import { createGateMetrics, GATE_METRICS } from '../../src/runtime/gate-metrics.ts';

const PREFIX = 'orchestration_gate_';

test('every metric of the gate is in the list once, with a help sentence', async () => {
  const emitted = await createGateMetrics().registry.getMetricsAsJSON();
  const own = emitted.filter(({ name }) => name.startsWith(PREFIX));
  const listed = Object.values(GATE_METRICS).map(({ name, help }) => ({ name, help }));
  expect(own.map(({ name, help }) => ({ name, help }))).toEqual(listed);
  expect(new Set(listed.map(({ name }) => name)).size).toBe(listed.length);
  for (const { help } of listed) expect(help).toMatch(/^[A-Z0-9].*\.$/);
});

test('counts a review by its labels and times it in seconds', async () => {
  const metrics = createGateMetrics();
  metrics.finishReview({
    webhook: 'validate',
    operation: 'CREATE',
    verdict: 'denied',
    isDryRun: true,
    durationSeconds: 0.002,
  });
  const samples = await render(metrics);
  expect(samples).toContain(
    'orchestration_gate_admission_requests_total{webhook="validate",operation="CREATE",verdict="denied",dry_run="true"} 1',
  );
  expect(samples).toContain('orchestration_gate_admission_duration_seconds_bucket{le="0.001",webhook="validate"} 0');
  expect(samples).toContain('orchestration_gate_admission_duration_seconds_bucket{le="0.0025",webhook="validate"} 1');
});

test('a review is in flight from its start to its end', async () => {
  const metrics = createGateMetrics();
  metrics.startReview();
  metrics.startReview();
  metrics.endReview();
  expect(await render(metrics)).toContain('orchestration_gate_admission_in_flight 1');
});

test('an operation that Kubernetes does not have gets no series of its own', async () => {
  const metrics = createGateMetrics();
  for (const operation of ['PWN-1', 'PWN-2', '__proto__']) {
    metrics.finishReview({ webhook: 'mutate', operation, verdict: 'error', isDryRun: false, durationSeconds: 0 });
  }
  expect(await render(metrics)).toContain(
    'orchestration_gate_admission_requests_total{webhook="mutate",operation="other",verdict="error",dry_run="false"} 3',
  );
});

test.each([
  'orchestration_gate_admission_deadline_exceeded_total{webhook="mutate"} 0',
  'orchestration_gate_admission_panics_total{webhook="validate"} 0',
  'orchestration_gate_admission_requests_total{webhook="validate",operation="CREATE",verdict="overloaded",dry_run="false"} 0',
  'orchestration_gate_certificate_reload_total{result="failure"} 0',
  'orchestration_gate_settings_reload_total{result="failure"} 0',
  'orchestration_gate_override_active{mode="off"} 0',
  'orchestration_gate_admission_duration_seconds_count{webhook="validate"} 0',
])('shows "%s" at the start, so that an alert detects the first increase', async (sample) => {
  expect(await render(createGateMetrics())).toContain(sample);
});

test('shows at most one override as active', async () => {
  const metrics = createGateMetrics();
  metrics.setOverride('off');
  metrics.setOverride('warn');
  expect(activeModes(await render(metrics))).toEqual(['orchestration_gate_override_active{mode="warn"} 1']);
  metrics.setOverride(undefined);
  expect(activeModes(await render(metrics))).toEqual([]);
});

test('gives the expiry of a certificate in seconds since 1970', async () => {
  const metrics = createGateMetrics();
  metrics.setCertificateNotAfter(new Date('2026-03-31T00:00:00Z'));
  expect(await render(metrics)).toContain('orchestration_gate_certificate_not_after_seconds 1774915200');
});

test('two gates in one process do not share counts', async () => {
  const [one, other] = [createGateMetrics(), createGateMetrics()];
  one.countPanic('validate');
  expect(await render(other)).toContain('orchestration_gate_admission_panics_total{webhook="validate"} 0');
});

async function render({ registry }: ReturnType<typeof createGateMetrics>): Promise<string[]> {
  return (await registry.metrics()).split('\n').filter((line) => line.startsWith(PREFIX));
}

function activeModes(samples: readonly string[]): string[] {
  return samples.filter((sample) => sample.startsWith('orchestration_gate_override_active') && sample.endsWith(' 1'));
}
