import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

type Webhook = 'validate' | 'mutate';
/** `error`: an internal error or a review that cannot be read. `deadline`, `overloaded`: the failure policy decided. */
type ReviewVerdict = 'allowed' | 'denied' | 'error' | 'deadline' | 'overloaded';
type ReloadResult = 'success' | 'failure';
type OverrideMode = 'enforce' | 'warn' | 'off';

const WEBHOOKS: readonly Webhook[] = ['validate', 'mutate'];
const RELOAD_RESULTS: readonly ReloadResult[] = ['success', 'failure'];
const OVERRIDE_MODES: readonly OverrideMode[] = ['enforce', 'warn', 'off'];
const OPERATIONS: ReadonlySet<string> = new Set(['CREATE', 'UPDATE', 'DELETE', 'CONNECT']);
/**
 * How often the lag of the event loop is sampled. The default of 10 ms wakes an idle process a hundred times a second,
 * which is nearly all the CPU time that it uses.
 */
const LAG_INTERVAL_MS = 100;

/**
 * The gate's own metrics; the process metrics are prom-client's defaults. Names and labels are API and never change.
 */
export const GATE_METRICS = {
  requests: {
    name: 'orchestration_gate_admission_requests_total',
    help: 'Admission reviews answered.',
    labelNames: ['webhook', 'operation', 'verdict', 'dry_run'],
  },
  duration: {
    name: 'orchestration_gate_admission_duration_seconds',
    help: 'Time from the arrival of an admission review to its answer.',
    labelNames: ['webhook'],
    // From a small review (under 1 ms) to the API server's timeout of 5 s.
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  },
  inFlight: {
    name: 'orchestration_gate_admission_in_flight',
    help: 'Admission reviews that have arrived and are not answered or abandoned yet.',
  },
  problems: {
    name: 'orchestration_gate_admission_problems_total',
    help: 'Problems found in reviewed objects, by code and by severity (deny or warn).',
    labelNames: ['code', 'severity'],
  },
  deadlineExceeded: {
    name: 'orchestration_gate_admission_deadline_exceeded_total',
    help: "Admission reviews that were decided after the API server's deadline.",
    labelNames: ['webhook'],
  },
  panics: {
    name: 'orchestration_gate_admission_panics_total',
    help: 'Admission reviews that caused an unexpected exception in the gate, which is a bug.',
    labelNames: ['webhook'],
  },
  certificateNotAfter: {
    name: 'orchestration_gate_certificate_not_after_seconds',
    help: 'Expiry of the served certificate, in seconds since 1970. 0 before the first is loaded.',
  },
  certificateReloads: {
    name: 'orchestration_gate_certificate_reload_total',
    help: 'Attempts to load a new serving certificate. After a failure, the gate keeps the last good one.',
    labelNames: ['result'],
  },
  settingsReloads: {
    name: 'orchestration_gate_settings_reload_total',
    help: 'Attempts to load new gate settings. After a failure, the gate keeps the last good ones.',
    labelNames: ['result'],
  },
  overrideActive: {
    name: 'orchestration_gate_override_active',
    help: '1 for the mode that the override ConfigMap sets for the whole gate, 0 for every other mode.',
    labelNames: ['mode'],
  },
} as const;

interface FinishedReview {
  readonly webhook: Webhook;
  /**
   * As in the request. Operations that Kubernetes does not have count as `other`, so that there are few label values.
   */
  readonly operation: string;
  readonly verdict: ReviewVerdict;
  readonly isDryRun: boolean;
  readonly durationSeconds: number;
}

/** Records the gate's metrics. Starting and finishing a review together take about a microsecond. */
export interface GateMetrics {
  /** Renders the page `/metrics`. */
  readonly registry: Registry;
  startReview(): void;
  /** A review is no longer in flight. It may be unanswered, because a client can hang up. */
  endReview(): void;
  /** A review was answered. */
  finishReview(review: FinishedReview): void;
  countProblem(code: string, severity: 'deny' | 'warn'): void;
  countDeadlineExceeded(webhook: Webhook): void;
  countPanic(webhook: Webhook): void;
  countCertificateReload(result: ReloadResult): void;
  setCertificateNotAfter(notAfter: Date): void;
  countSettingsReload(result: ReloadResult): void;
  /** Undefined if no override is active. */
  setOverride(mode: OverrideMode | undefined): void;
}

/** Creates a registry with the process metrics only. Their names begin with `prefix`. */
export function createProcessMetrics(prefix = ''): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix, eventLoopMonitoringPrecision: LAG_INTERVAL_MS });
  return registry;
}

/** Creates the metrics in their own registry, so that two gates in one process (tests) do not share counts. */
export function createGateMetrics(): GateMetrics {
  const registry = createProcessMetrics();
  const registers = [registry];
  const requests = new Counter({ ...GATE_METRICS.requests, registers });
  const duration = new Histogram({ ...GATE_METRICS.duration, buckets: [...GATE_METRICS.duration.buckets], registers });
  const inFlight = new Gauge({ ...GATE_METRICS.inFlight, registers });
  const problems = new Counter({ ...GATE_METRICS.problems, registers });
  const deadlineExceeded = new Counter({ ...GATE_METRICS.deadlineExceeded, registers });
  const panics = new Counter({ ...GATE_METRICS.panics, registers });
  const certificateNotAfter = new Gauge({ ...GATE_METRICS.certificateNotAfter, registers });
  const certificateReloads = new Counter({ ...GATE_METRICS.certificateReloads, registers });
  const settingsReloads = new Counter({ ...GATE_METRICS.settingsReloads, registers });
  const overrideActive = new Gauge({ ...GATE_METRICS.overrideActive, registers });

  // A series that starts at 1 shows no increase. Alerts need the zero before it.
  for (const webhook of WEBHOOKS) {
    duration.zero({ webhook });
    deadlineExceeded.inc({ webhook }, 0);
    panics.inc({ webhook }, 0);
    for (const operation of ['CREATE', 'UPDATE'])
      for (const dry_run of ['true', 'false']) requests.inc({ webhook, operation, verdict: 'overloaded', dry_run }, 0);
  }
  for (const result of RELOAD_RESULTS) {
    certificateReloads.inc({ result }, 0);
    settingsReloads.inc({ result }, 0);
  }
  const setOverride = (active: OverrideMode | undefined) => {
    for (const mode of OVERRIDE_MODES) overrideActive.set({ mode }, mode === active ? 1 : 0);
  };
  setOverride(undefined);
  // Binding the labels once halves the cost of an observation.
  const durationOf = { validate: duration.labels('validate'), mutate: duration.labels('mutate') };

  return {
    registry,
    startReview: () => inFlight.inc(),
    endReview: () => inFlight.dec(),
    finishReview({ webhook, operation, verdict, isDryRun, durationSeconds }) {
      durationOf[webhook].observe(durationSeconds);
      const known = OPERATIONS.has(operation) ? operation : 'other';
      requests.inc({ webhook, operation: known, verdict, dry_run: isDryRun ? 'true' : 'false' });
    },
    countProblem: (code, severity) => problems.inc({ code, severity }),
    countDeadlineExceeded: (webhook) => deadlineExceeded.inc({ webhook }),
    countPanic: (webhook) => panics.inc({ webhook }),
    countCertificateReload: (result) => certificateReloads.inc({ result }),
    setCertificateNotAfter: (notAfter) => certificateNotAfter.set(notAfter.getTime() / 1_000),
    countSettingsReload: (result) => settingsReloads.inc({ result }),
    setOverride,
  };
}
