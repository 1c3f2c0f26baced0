import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { CERTIFICATE_METRICS, createCertificateMetrics } from '../../src/runtime/certificate-metrics.ts';

test('every metric of the certificates is in the list once, with a help sentence', async () => {
  const registry = new Registry();
  createCertificateMetrics(registry);
  const emitted = (await registry.getMetricsAsJSON()).map(({ name, help }) => ({ name, help }));
  expect(emitted).toEqual(Object.values(CERTIFICATE_METRICS).map(({ name, help }) => ({ name, help })));
  for (const { help } of emitted) expect(help).toMatch(/^[A-Z0-9].*\.$/);
});

test('failures and certificates count from zero, and expiry is in seconds since 1970', async () => {
  const registry = new Registry();
  const metrics = createCertificateMetrics(registry);
  metrics.setLeafEnd(new Date('2026-03-31T00:00:00Z'));
  metrics.setAuthorityEnd(undefined);
  metrics.setInSync('validating/x', false);
  const lines = (await registry.metrics()).split('\n');
  for (const line of [
    'orchestration_gate_certificates_failures_total{operation="Publish"} 0',
    'orchestration_gate_certificates_failures_total{operation="ReadEndpoints"} 0',
    'orchestration_gate_certificates_issued_total{what="leaf"} 0',
    'orchestration_gate_leaf_not_after_seconds 1774915200',
    'orchestration_gate_ca_not_after_seconds 0',
    'orchestration_gate_ca_bundle_in_sync{configuration="validating/x"} 0',
  ]) {
    expect(lines).toContain(line);
  }
});
