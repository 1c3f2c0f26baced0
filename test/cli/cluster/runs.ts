import type { Run } from '../../../src/cli/cluster/run.ts';
import type { RunStatus, StepPhase, StepStatus } from '../../../src/orchestration/run-status.ts';

/** The start of all runs here, and the time this many seconds later, in milliseconds and as text. */
const START_MS = Date.parse('2026-01-31T12:00:00Z');
export const msAfter = (seconds: number) => START_MS + seconds * 1_000;
export const timeAfter = (seconds: number) => new Date(msAfter(seconds)).toISOString();

export function stepStatus(name: string, phase: StepPhase, fields: Partial<StepStatus> = {}): StepStatus {
  return { name, kind: 'ToolRun', phase, attempt: phase === 'Pending' ? 0 : 1, ...fields };
}

export function condition(reason: string, message: string): RunStatus['conditions'][number] {
  return { type: 'Ready', status: 'False', reason, message, lastTransitionTime: timeAfter(0) };
}

/** A run `ci/nightly` of `release`. */
export function aRun(status: Partial<RunStatus>, fields: Partial<Run> = {}): Run {
  return {
    name: 'nightly',
    namespace: 'ci',
    uid: 'uid-1',
    spec: { orchestrationRef: { name: 'release' } },
    isCancelled: false,
    isCancelledNow: false,
    isSuspended: false,
    isTemplate: false,
    status: { conditions: [], stepStatuses: [], startedAt: timeAfter(0), ...status },
    ...fields,
  };
}
