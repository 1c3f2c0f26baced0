import { Counter, Gauge, type Registry } from 'prom-client';

/** Every metric of the certificates, told by the reconciler's process. Names and labels are API, kept for ever. */
export const CERTIFICATE_METRICS = {
  authorityNotAfter: {
    name: 'orchestration_gate_ca_not_after_seconds',
    help: 'End of life of the authority that signs (or, with provided certificates, of the first that is published), in seconds since 1970; 0 while there is none.',
  },
  leafNotAfter: {
    name: 'orchestration_gate_leaf_not_after_seconds',
    help: 'End of life of the certificate that this replica has made for its gate, in seconds since 1970; 0 while there is none.',
  },
  inSync: {
    name: 'orchestration_gate_ca_bundle_in_sync',
    help: '1 while a webhook configuration trusts exactly what it should, 0 also while it cannot be read or does not exist.',
    labelNames: ['configuration'],
  },
  issued: {
    name: 'orchestration_gate_certificates_issued_total',
    help: 'Certificates made by this replica: leaf, or authority, each of which begins a rotation.',
    labelNames: ['what'],
  },
  failures: {
    name: 'orchestration_gate_certificates_failures_total',
    help: 'Steps of the certificates that failed and are tried again.',
    labelNames: ['operation'],
  },
} as const;

/** What can fail: a step, or a look. */
const OPERATIONS = [
  'Observe',
  'ReadConfiguration',
  'Publish',
  'BeginRotation',
  'Promote',
  'Extend',
  'Drop',
  'IssueLeaf',
] as const;

/** What the certificates tell about themselves. */
export interface CertificateMetrics {
  setAuthorityEnd(notAfter: Date | undefined): void;
  setLeafEnd(notAfter: Date | undefined): void;
  setInSync(configuration: string, isInSync: boolean): void;
  countIssued(what: 'leaf' | 'authority'): void;
  countFailure(operation: string): void;
}

/** Adds them to a registry. */
export function createCertificateMetrics(registry: Registry): CertificateMetrics {
  const registers = [registry];
  const authorityNotAfter = new Gauge({ ...CERTIFICATE_METRICS.authorityNotAfter, registers });
  const leafNotAfter = new Gauge({ ...CERTIFICATE_METRICS.leafNotAfter, registers });
  const inSync = new Gauge({ ...CERTIFICATE_METRICS.inSync, registers });
  const issued = new Counter({ ...CERTIFICATE_METRICS.issued, registers });
  const failures = new Counter({ ...CERTIFICATE_METRICS.failures, registers });
  // A series that is first seen at 1 shows no increase: alerts need the zero before it.
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
