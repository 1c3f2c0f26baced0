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

/** An attempt of a step that failed and is followed by another one. Times are RFC 3339 in UTC. */
export interface PreviousAttempt {
  readonly attempt: number;
  readonly reason: Stored<StepReason>;
  readonly message?: string;
  readonly startedAt?: string;
  readonly finishedAt: string;
  /** The name of its child. Absent if it had none. */
  readonly child?: string;
}

/** How many previous attempts a step keeps. */
export const MOST_PREVIOUS_ATTEMPTS = 5;

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
  /** The outputs that later steps can read, if the step succeeded. Absent if there are none. */
  readonly outputs?: Outputs;
  /** The decisions of people about the step, in the order in which the reconciler saw them. Only these count. */
  readonly approvals?: readonly Approval[];
  /** The approval that the step asks for, if it has `approvers`. For readers only. */
  readonly approvers?: Approvers;
  /** The step, or a step of the run that carries it out, cleans up: it has `runIf: Always`. */
  readonly cleanup?: boolean;
  /** The name of the run that carried out the step, if this run inherited the end of the step. */
  readonly inheritedFrom?: string;
  /** The name of the nested run that the nested run of the first attempt continues. */
  readonly resumeFrom?: string;
  /**
   * The last attempts that failed and are followed by another one, oldest first. Absent if there are none. While the
   * step waits for its next attempt, and if it ends meanwhile, the last of them has the same `attempt` as the step.
   */
  readonly previousAttempts?: readonly PreviousAttempt[];
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
 * Returns true if dependents can start: the step succeeded, or it failed with `continueOnFailure` and has no attempts
 * left, or it was skipped because its condition is false.
 */
export function isSatisfied(status: StepStatus): boolean {
  const { phase, ignored } = status;
  return phase === 'Succeeded' || (phase === 'Failed' && ignored === true) || isNeutral(status);
}

/**
 * Returns true for a step that was skipped because its condition is false, because nothing failed before
 * `runIf: Failed`, or because an input is an output of a step that did not succeed. This includes a step that was
 * skipped in the run that this run continues.
 */
function isNeutral({ phase, reason }: StepStatus): boolean {
  return phase === 'Skipped' && (reason === StepReason.ConditionFalse || reason === StepReason.Inherited);
}
