import { Counter, Gauge, type Registry } from 'prom-client';
import { createProcessMetrics } from './gate-metrics.ts';

/** What is worked on, by kind; each has a queue of its own. */
export const WORK_KINDS = ['OrchestrationRun', 'ToolRun', 'Orchestration'] as const;
export type WorkKind = (typeof WORK_KINDS)[number];
/** Every metric of the supervisor's own. Names and labels are API, kept for ever. */
export const SUPERVISOR_METRICS = {
  engineUp: {
    name: 'orchestration_gate_engine_up',
    help: '1 while the process that executes runs lives, 0 while it is awaited or switched off.',
  },
  engineRestarts: {
    name: 'orchestration_gate_engine_restarts_total',
    help: 'Engines that ended without having been asked to, and were followed by another.',
    labelNames: ['cause'],
  },
  quarantined: {
    name: 'orchestration_gate_quarantined',
    help: 'Objects that are not worked on any more, since engines died of them.',
    labelNames: ['kind'],
  },
} as const;

/** What the supervisor tells about its engine. */
export interface SupervisorMetrics {
  readonly registry: Registry;
  setUp(isUp: boolean): void;
  countRestart(cause: string): void;
  setQuarantined(works: Iterable<{ readonly kind: string }>): void;
}

/** `causes`: all that `countRestart` may be called with. */
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
