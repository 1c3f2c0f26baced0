import { Counter, Gauge, type Registry } from 'prom-client';

/** The metrics of the certificates, exported by the reconciler's process. Names and labels are API and never change. */
export const CERTIFICATE_METRICS = {
  authorityNotAfter: {
    name: 'orchestration_gate_ca_not_after_seconds',
    help: 'Expiry of the authority that signs, in seconds since 1970. With provided certificates, of the first published one. 0 if there is none.',
  },
  leafNotAfter: {
    name: 'orchestration_gate_leaf_not_after_seconds',
    help: 'Expiry of the certificate that this replica issued for its gate, in seconds since 1970. 0 if there is none.',
  },
  inSync: {
    name: 'orchestration_gate_ca_bundle_in_sync',
    help: '1 if a webhook configuration trusts exactly the published authorities. 0 also if it cannot be read or does not exist.',
    labelNames: ['configuration'],
  },
  issued: {
    name: 'orchestration_gate_certificates_issued_total',
    help: 'Certificates issued by this replica: leaf or authority. Each authority starts a rotation.',
    labelNames: ['what'],
  },
  failures: {
    name: 'orchestration_gate_certificates_failures_total',
    help: 'Failed steps of the certificates. Each is retried.',
    labelNames: ['operation'],
  },
} as const;

/** The operations that can fail: steps and reads. */
const OPERATIONS = [
  'Observe',
  'ReadConfiguration',
  'ReadEndpoints',
  'Publish',
  'BeginRotation',
  'Promote',
  'Extend',
  'Drop',
  'IssueLeaf',
] as const;

/** Records the metrics of the certificates. */
export interface CertificateMetrics {
  setAuthorityEnd(notAfter: Date | undefined): void;
  setLeafEnd(notAfter: Date | undefined): void;
  setInSync(configuration: string, isInSync: boolean): void;
  countIssued(what: 'leaf' | 'authority'): void;
  countFailure(operation: string): void;
}

/** Registers the metrics. */
export function createCertificateMetrics(registry: Registry): CertificateMetrics {
  const registers = [registry];
  const authorityNotAfter = new Gauge({ ...CERTIFICATE_METRICS.authorityNotAfter, registers });
  const leafNotAfter = new Gauge({ ...CERTIFICATE_METRICS.leafNotAfter, registers });
  const inSync = new Gauge({ ...CERTIFICATE_METRICS.inSync, registers });
  const issued = new Counter({ ...CERTIFICATE_METRICS.issued, registers });
  const failures = new Counter({ ...CERTIFICATE_METRICS.failures, registers });
  // A series that starts at 1 shows no increase. Alerts need the zero before it.
  for (const what of ['leaf', 'authority']) issued.inc({ what }, 0);
  for (const operation of OPERATIONS) failures.inc({ operation }, 0);
  const seconds = (time: Date | undefined) => (time === undefined ? 0 : time.getTime() / 1_000);
  return {
    setAuthorityEnd: (notAfter) => authorityNotAfter.set(seconds(notAfter)),
    setLeafEnd: (notAfter) => leafNotAfter.set(seconds(notAfter)),
    setInSync: (configuration, isInSync) => inSync.set({ configuration }, isInSync ? 1 : 0),
    countIssued: (what) => issued.inc({ what }),
    countFailure: (operation) => failures.inc({ operation }),
  };
}
