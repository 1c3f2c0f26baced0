import type { Approval, Approvers } from './approvals.ts';
import type { Condition } from './conditions.ts';
import type { Outputs } from './outputs.ts';
import type { Stored } from './vocabulary/meaning.ts';
import { StepReason } from './vocabulary/step-reasons.ts';

/** The phase of a step. Succeeded, Failed, Skipped and Cancelled are final. */
export type StepPhase = 'Pending' | 'Running' | 'Retrying' | 'Succeeded' | 'Failed' | 'Skipped' | 'Cancelled';

/** The phase of a run. Succeeded, Failed and Cancelled are final. */
export type FinalRunPhase = 'Succeeded' | 'Failed' | 'Cancelled';
export type RunPhase = 'Pending' | 'Running' | FinalRunPhase;

/** The object that executes an attempt. Without a uid it is an intent, and the object may or may not exist. */
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
  /**
   * The stored phase, if it is unknown to this build. The step then counts as Running, and this build does not change
   * it.
   */
  readonly storedPhase?: string;
  readonly reason?: Stored<StepReason>;
  readonly message?: string;
  /** The number of attempts that have started. 0 before the first. It never decreases. */
  readonly attempt: number;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly lastTransitionTime?: string;
  readonly nextRetryAt?: string;
  readonly resourceRef?: ResourceRef;
  /** The uid of the child. It replaces `resourceRef` if the status would be too large. */
  readonly uid?: string;
  /** The index of the step in the snapshot. It replaces `name` if the status would be too large. */
  readonly index?: number;
  /** The step failed, and its dependents start anyway because of `continueOnFailure`. */
  readonly ignored?: boolean;
  /** What later steps can read, if the step succeeded. Absent if that is nothing. */
  readonly outputs?: Outputs;
  /** What people have decided about the step, in the order in which the reconciler saw it. Only this counts. */
  readonly approvals?: readonly Approval[];
  /** What the step asks of the people who approve it, if it says so. For readers only. */
  readonly approvers?: Approvers;
  /** The step, or a step of the run that carries it out, cleans up: it has `runIf: Always`. */
  readonly cleanup?: boolean;
  /** The run that carried the step out, of which this run took over its end. */
  readonly inheritedFrom?: string;
  /** The nested run that the run of the first attempt continues. */
  readonly resumeFrom?: string;
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

/**
 * Returns true if an attempt runs. False for a step whose phase is unknown to this build, which is not final either.
 */
export function isRunning({ phase, storedPhase }: StepStatus): boolean {
  return phase === 'Running' && storedPhase === undefined;
}

/** Returns true if the phase of the step is final. */
export function isStepFinal({ phase }: StepStatus): boolean {
  return phase === 'Succeeded' || phase === 'Failed' || phase === 'Skipped' || phase === 'Cancelled';
}

/** Returns true if the phase of the run is final. */
export function isRunFinal<Status extends Pick<RunStatus, 'phase'>>(
  status: Status,
): status is Status & { readonly phase: FinalRunPhase } {
  const { phase } = status;
  return phase === 'Succeeded' || phase === 'Failed' || phase === 'Cancelled';
}

/**
 * Returns true if dependents can start: the step succeeded, it failed with `continueOnFailure` and has no attempts left,
 * or it was skipped because its condition is false.
 */
export function isSatisfied(status: StepStatus): boolean {
  const { phase, ignored } = status;
  return phase === 'Succeeded' || (phase === 'Failed' && ignored === true) || isNeutral(status);
}

/**
 * Returns true for a step that was skipped by its condition, or by `runIf: Failed` because nothing failed, in this run
 * or in the run that this run continues.
 */
function isNeutral({ phase, reason }: StepStatus): boolean {
  return phase === 'Skipped' && (reason === StepReason.ConditionFalse || reason === StepReason.Inherited);
}
