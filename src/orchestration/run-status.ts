import type { Condition } from './conditions.ts';
import type { Stored } from './vocabulary/meaning.ts';
import type { StepReason } from './vocabulary/step-reasons.ts';

/** Where a step stands. Succeeded, Failed, Skipped and Cancelled are final. */
export type StepPhase = 'Pending' | 'Running' | 'Retrying' | 'Succeeded' | 'Failed' | 'Skipped' | 'Cancelled';

/** Where a run stands. Succeeded, Failed and Cancelled are final. */
export type FinalRunPhase = 'Succeeded' | 'Failed' | 'Cancelled';
export type RunPhase = 'Pending' | 'Running' | FinalRunPhase;

/** The object that carries out an attempt. Without uid it is an intent: it may or may not have been created. */
export interface ResourceRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly uid?: string;
}

/** One entry of `status.stepStatuses`. Times are RFC 3339 in UTC. */
export interface StepStatus {
  readonly name: string;
  readonly kind: string;
  readonly phase: StepPhase;
  /** The phase that is stored, where this build does not know it: the step counts as Running, and nobody moves it on. */
  readonly storedPhase?: string;
  readonly reason?: Stored<StepReason>;
  readonly message?: string;
  /** Attempts begun; 0 before the first. Never falls. */
  readonly attempt: number;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly lastTransitionTime?: string;
  readonly nextRetryAt?: string;
  readonly resourceRef?: ResourceRef;
  /** Of the child, in place of `resourceRef` where the status is too large for that. */
  readonly uid?: string;
  /** Of the step in the snapshot, in place of `name` where the status is too large for that. */
  readonly index?: number;
  /** The step failed, and `continueOnFailure` lets its dependents start all the same. */
  readonly ignored?: boolean;
}

/** `status` of an OrchestrationRun. */
export interface RunStatus {
  readonly phase?: RunPhase;
  readonly runId?: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly observedGeneration?: number;
  readonly updatedAt?: string;
  readonly conditions: readonly Condition[];
  readonly stepStatuses: readonly StepStatus[];
}

/** An attempt is under way, as far as this build knows: a phase that it does not know may be anything but over. */
export function isRunning({ phase, storedPhase }: StepStatus): boolean {
  return phase === 'Running' && storedPhase === undefined;
}

/** Nothing more becomes of the step. */
export function isStepFinal({ phase }: StepStatus): boolean {
  return phase === 'Succeeded' || phase === 'Failed' || phase === 'Skipped' || phase === 'Cancelled';
}

/** Nothing more becomes of the run. */
export function isRunFinal<Status extends Pick<RunStatus, 'phase'>>(
  status: Status,
): status is Status & { readonly phase: FinalRunPhase } {
  const { phase } = status;
  return phase === 'Succeeded' || phase === 'Failed' || phase === 'Cancelled';
}

/** Succeeded, or failed for good where that is tolerated: what lets dependents start. */
export function isSatisfied({ phase, ignored }: StepStatus): boolean {
  return phase === 'Succeeded' || (phase === 'Failed' && ignored === true);
}
