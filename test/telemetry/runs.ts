import type { RunStatus, StepStatus } from '../../src/orchestration/run-status.ts';
import type { ReportedRun } from '../../src/telemetry/reported-run.ts';

export const UID = '0f8fad5b-d9cb-469f-a165-70867728950e';
export const TRACE = '0f8fad5bd9cb469fa16570867728950e';

/** The time this many seconds after the run started. */
export function at(seconds: number): string {
  return new Date(Date.parse('2026-01-01T00:00:00Z') + seconds * 1_000).toISOString();
}

export function step(name: string, phase: StepStatus['phase'], rest: Partial<StepStatus> = {}): StepStatus {
  return { name, kind: 'ToolRun', phase, attempt: phase === 'Skipped' || phase === 'Pending' ? 0 : 1, ...rest };
}

/** A run that started at second 0 and, if it has a final phase, ended at second 60. */
export function reported(phase: NonNullable<RunStatus['phase']>, steps: readonly StepStatus[], reason = 'Completed') {
  const ready = {
    type: 'Ready',
    status: 'False',
    reason,
    message: `${phase} run`,
    lastTransitionTime: at(60),
  } as const;
  const isFinal = phase !== 'Running' && phase !== 'Pending';
  return {
    ...{ namespace: 'ci', name: 'nightly-1', uid: UID, orchestration: 'nightly', deliveryId: 'd-1', parameters: {} },
    status: {
      phase,
      runId: 'nightly-1',
      startedAt: at(0),
      ...(isFinal && { finishedAt: at(60) }),
      conditions: [ready],
      stepStatuses: steps,
    },
  } satisfies ReportedRun;
}
