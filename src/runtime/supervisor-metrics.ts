import { Counter, Gauge, type Registry } from 'prom-client';
import { createProcessMetrics } from './gate-metrics.ts';

/** The kinds of work, each with its own queue: the kinds that are reconciled, and the audit of stored Orchestrations. */
export const WORK_KINDS = ['OrchestrationRun', 'ToolRun', 'Orchestration', 'Audit'] as const;
export type WorkKind = (typeof WORK_KINDS)[number];
/** The supervisor's own metrics. Names and labels are API and never change. */
export const SUPERVISOR_METRICS = {
  engineUp: {
    name: 'orchestration_gate_engine_up',
    help: '1 while the process that executes runs and audits Orchestrations is alive, 0 while it is starting or disabled.',
  },
  engineRestarts: {
    name: 'orchestration_gate_engine_restarts_total',
    help: 'Engines that ended unexpectedly and were restarted.',
    labelNames: ['cause'],
  },
  quarantined: {
    name: 'orchestration_gate_quarantined',
    help: 'Objects that are no longer reconciled, because they crashed engines.',
    labelNames: ['kind'],
  },
} as const;

/** Records the supervisor's metrics. */
export interface SupervisorMetrics {
  readonly registry: Registry;
  setUp(isUp: boolean): void;
  countRestart(cause: string): void;
  setQuarantined(works: Iterable<{ readonly kind: string }>): void;
}

/** `causes` lists every value that `countRestart` accepts. */
export function createSupervisorMetrics(causes: readonly string[]): SupervisorMetrics {
  const registry = createProcessMetrics();
  const registers = [registry];
  const engineUp = new Gauge({ ...SUPERVISOR_METRICS.engineUp, registers });
  const engineRestarts = new Counter({ ...SUPERVISOR_METRICS.engineRestarts, registers });
  const quarantined = new Gauge({ ...SUPERVISOR_METRICS.quarantined, registers });
  for (const cause of causes) engineRestarts.inc({ cause }, 0);
  const setQuarantined = (works: Iterable<{ readonly kind: string }>) => {
    for (const kind of WORK_KINDS) quarantined.set({ kind }, 0);
    for (const { kind } of works) quarantined.inc({ kind });
  };
  setQuarantined([]);
  return {
    registry,
    setUp: (isUp) => engineUp.set(isUp ? 1 : 0),
    countRestart: (cause) => engineRestarts.inc({ cause }),
    setQuarantined,
  };
}
