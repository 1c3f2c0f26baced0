import { type Meaning, namesOf } from './meaning.ts';

interface StepMeaning extends Meaning {
  /** The phases of a step with this reason. */
  readonly phase: string;
  /** The type of the Event on the run when steps begin to have this reason: a person has to act. */
  readonly event?: 'Normal' | 'Warning';
}

/** Reasons of a step, in `status.stepStatuses[].reason`, in the order of a step's life. */
export const stepReasons = {
  Started: {
    phase: 'Running',
    meaning: 'The attempt has begun, and waits for nothing but its end.',
  },
  ChildNotCreated: {
    phase: 'Running',
    meaning:
      'The child cannot be created yet: a quota, a webhook, a right or a kind is in the way. No attempt is lost.',
    action:
      'Fix what the message says in the words of the API server. The create is tried again at least once a minute.',
  },
  ChildNotStarted: {
    phase: 'Running',
    meaning: 'The child was created a minute ago, and no controller has begun to work on it.',
    action: 'Check that the controller of the child runs.',
  },
  ChildBlocked: {
    phase: 'Running',
    meaning:
      'The controller of the AgentRun holds it back. The message has the reason and the words of that controller.',
    action: 'Make room for the AgentRun, or bound the wait with `pendingTimeoutSeconds`.',
  },
  KindUnreadable: {
    phase: 'Running',
    meaning: 'The kind of the child cannot be listed, or what the step waits for cannot be read. No attempt is lost.',
    action: 'Install the CRD or grant the right that the message names.',
  },
  ApprovalPending: {
    phase: 'Running',
    event: 'Normal',
    meaning: 'The ApprovalPolicy is undecided. The message has its phase, and the phases that open the gate.',
    action: '[Approve or deny it](../approvals.md).',
  },
  ApprovalPolicyMissing: {
    phase: 'Running',
    event: 'Warning',
    meaning: 'The ApprovalPolicy that `policyRef` names does not exist.',
    action: 'Create the policy. If `policyRef` is wrong, correct it and start another run.',
  },
  ApprovalPhaseUnknown: {
    phase: 'Running',
    event: 'Warning',
    meaning: 'The phase of the ApprovalPolicy means nothing. The message has the known phases, and the nearest one.',
    action: 'Correct the phase of the policy.',
  },
  SignalPending: {
    phase: 'Running',
    meaning: 'No SignalDelivery matches the step yet. The message has the signal or the `deliveryId`.',
    action: 'Create the SignalDelivery.',
  },
  ChildPending: {
    phase: 'Running',
    meaning: 'The nested run has not started. The message says why.',
    action: 'Do what the reason of the nested run asks for.',
  },
  MissingOrchestration: {
    phase: 'Running',
    event: 'Warning',
    meaning: 'The Orchestration of the nested run does not exist.',
    action: 'Create the Orchestration.',
  },
  Completed: {
    phase: 'Succeeded',
    meaning: 'The child has succeeded, the gate has opened, or the step has nothing to do.',
  },
  ChildFailed: {
    phase: 'Failed, Retrying',
    meaning: 'The child has failed. The message is what the child says of it.',
    action: 'Look at the child: `resourceRef` names it.',
  },
  ChildCancelled: {
    phase: 'Failed',
    meaning: 'The child was cancelled. The step is not tried again.',
  },
  ChildDeleted: {
    phase: 'Failed, Retrying',
    meaning: 'The child is gone, and its end was not seen. The same attempt never runs again.',
    action: 'Find out who deletes the children of runs.',
  },
  ChildRefused: {
    phase: 'Failed, Retrying',
    meaning: 'The API server, a webhook or a policy denies the child. The message has its words.',
    action: 'Fix the step, or what denies its child.',
  },
  ChildNameTaken: {
    phase: 'Failed, Retrying',
    meaning: 'An object has the name of the child and is not what the step creates. The message says what differs.',
    action: 'Find out who creates such objects. The next attempt has another name.',
  },
  ApprovalDenied: {
    phase: 'Failed',
    meaning: 'The ApprovalPolicy has denied. The step is not tried again.',
  },
  InvalidStep: {
    phase: 'Failed',
    meaning: 'The step lacks a field that its kind needs. The step is not tried again.',
    action: 'Correct the Orchestration, and start another run.',
  },
  UnknownStepKind: {
    phase: 'Failed',
    meaning: 'This version does not know the kind of the step. The step is not tried again.',
    action: 'Correct the Orchestration, and start another run.',
  },
  StepTimedOut: {
    phase: 'Failed, Retrying',
    meaning:
      'The attempt took longer than `timeoutSeconds`, or its child did not start within `pendingTimeoutSeconds`.',
    action: 'Look at what the child waited for, or give it more time.',
  },
  DependencyFailed: {
    phase: 'Skipped',
    meaning: 'A dependency has ended without success. The message names it and the root cause.',
    action: 'Look at the step that is the root cause.',
  },
  RunTimedOut: {
    phase: 'Failed, Skipped',
    meaning: 'The run took longer than `policies.timeouts.totalSeconds` before the step was over.',
    action: 'Look at the steps that ran longest, or give the run more time.',
  },
  RunCancelled: {
    phase: 'Cancelled',
    meaning: 'The run was cancelled before the step was over.',
  },
  SnapshotLost: {
    phase: 'Failed, Skipped',
    meaning: 'The snapshot that the run follows was deleted before the step was over.',
    action: 'Find out who deletes ControllerRevisions, and start another run.',
  },
  StatusContradiction: {
    phase: 'Failed, Skipped',
    meaning:
      'The stored status says what no run of these steps can come to, so the run ended before the step was over.',
    action: 'Find out who else writes the status, and start another run.',
  },
} as const satisfies Readonly<Record<string, StepMeaning>>;

/** Why a step stands where it stands. */
export type StepReason = keyof typeof stepReasons;
export const StepReason = namesOf(stepReasons);

/** A reason of a step that waits until a person acts. */
export type AskingReason = {
  [Reason in StepReason]: (typeof stepReasons)[Reason] extends { readonly event: string } ? Reason : never;
}[StepReason];
