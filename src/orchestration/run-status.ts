import type { ConditionType, ForeignConditionType } from './vocabulary/conditions.ts';
import type { Stored } from './vocabulary/meaning.ts';
import type { ExpiryReason, RunReason } from './vocabulary/run-reasons.ts';
import type { StepReason } from './vocabulary/step-reasons.ts';
import type { ToolRunReason } from './vocabulary/tool-run-reasons.ts';
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

/** A condition as it is stored: it may be of another version or another controller. */
export interface Condition {
  readonly type: Stored<ConditionType>;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: Stored<RunReason | ExpiryReason | ToolRunReason>;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
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

/** Kept short, since every write of the status stores all of it again. */
const LONGEST_MESSAGE = 256;

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

/** The first condition of a type. */
export function findCondition<Found extends { readonly type?: unknown }>(
  conditions: readonly Found[],
  type: ConditionType | ForeignConditionType,
): Found | undefined {
  return conditions.find((condition) => condition.type === type);
}

/** A message as it is stored: its beginning, where it is too long, and all of `end`, which is short. */
export function cutMessage(message: string, end = ''): string {
  const longest = LONGEST_MESSAGE - end.length;
  // A cut may fall into the middle of a character: the API server would store something else than was sent.
  return `${message.length > longest ? `${message.slice(0, longest - 1).toWellFormed()}…` : message}${end}`;
}
