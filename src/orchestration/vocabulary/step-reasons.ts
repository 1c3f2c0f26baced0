import { type Meaning, namesOf } from './meaning.ts';

interface StepMeaning extends Meaning {
  /** The phases of a step with this reason. */
  readonly phase: string;
  /** The type of the Event on the run when steps get this reason. Set if a person must act. */
  readonly event?: 'Normal' | 'Warning';
}

/** The reasons of a step, in `status.stepStatuses[].reason`, in the order of the life of a step. */
export const stepReasons = {
  Started: {
    phase: 'Running',
    meaning: 'The attempt has started, and has not finished.',
  },
  ChildNotCreated: {
    phase: 'Running',
    meaning:
      'A quota, a webhook, a permission or a missing kind prevents the creation of the child. This uses no attempt.',
    action:
      'Fix the error of the API server in the message. The reconciler tries the create again at least once a minute.',
  },
  ChildNotStarted: {
    phase: 'Running',
    meaning: 'The child is at least a minute old, and no controller has started to process it.',
    action: 'Check that the controller of the child runs.',
  },
  ChildBlocked: {
    phase: 'Running',
    meaning: 'The controller of the AgentRun blocks it. The message has the reason and the message of that controller.',
    action: 'Free capacity for the AgentRun, or limit the wait with `pendingTimeoutSeconds`.',
  },
  KindUnreadable: {
    phase: 'Running',
    meaning: 'The reconciler cannot list the kind of the child, or read what the step waits for. This uses no attempt.',
    action: 'Install the CRD or grant the permission that the message names.',
  },
  ApprovalPending: {
    phase: 'Running',
    event: 'Normal',
    meaning:
      'Neither people nor the ApprovalPolicy have decided. The message has the command, who has approved, and the phases ' +
      'of the policy that open the gate.',
    action: '[Approve or deny it](../how-to/approvals.md).',
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
    meaning: 'The phase of the ApprovalPolicy is unknown. The message has the known phases, and the nearest one.',
    action: 'Correct the phase of the policy.',
  },
  SignalPending: {
    phase: 'Running',
    meaning: 'No SignalDelivery matches the step yet. The message has the signal or the `deliveryId`.',
    action: 'Create the SignalDelivery.',
  },
  ChildPending: {
    phase: 'Running',
    meaning: 'The nested run has not started. The message has the cause.',
    action: 'Follow the action for the reason of the nested run.',
  },
  MissingOrchestration: {
    phase: 'Running',
    event: 'Warning',
    meaning: 'The Orchestration of the nested run does not exist.',
    action: 'Create the Orchestration.',
  },
  CleaningUp: {
    phase: 'Running',
    meaning: 'The run or the attempt is over, and the nested run of the step still cleans up.',
  },
  Completed: {
    phase: 'Succeeded',
    meaning: 'The child has succeeded, the gate has opened, or the step has nothing to do.',
  },
  Inherited: {
    phase: 'Succeeded, Failed, Skipped',
    meaning:
      'The step did not run again: the run continues another one, in which the step ended like this. `inheritedFrom` ' +
      'names the run that executed the step.',
  },
  ChildFailed: {
    phase: 'Failed, Retrying',
    meaning: 'The child has failed. The message is the cause that the child reports.',
    action: 'Check the child, which `resourceRef` names.',
  },
  ChildCancelled: {
    phase: 'Failed',
    meaning: 'The child was cancelled. The step is not retried.',
  },
  ChildDeleted: {
    phase: 'Failed, Retrying',
    meaning: 'The child was deleted before its end was recorded. The same attempt never runs again.',
    action: 'Find out what deletes the children of runs.',
  },
  ChildRefused: {
    phase: 'Failed, Retrying',
    meaning: 'The API server, a webhook or a policy denies the child. The message has the error.',
    action: 'Fix the step, or the webhook or policy that denies its child.',
  },
  ChildNameTaken: {
    phase: 'Failed, Retrying',
    meaning: 'Another object has the name of the child, and differs from it. The message has the difference.',
    action: 'Find out what creates such objects. The next attempt uses another name.',
  },
  OutputFailed: {
    phase: 'Failed, Retrying',
    meaning:
      'The child has succeeded, but an output of the step cannot be evaluated, or the outputs are too large. The ' +
      'message names the output and the cause.',
    action: 'Correct the expression, or make the step hand on less.',
  },
  ApprovalDenied: {
    phase: 'Failed',
    meaning: 'A person, or the ApprovalPolicy, denies the approval. The step is not retried.',
  },
  InvalidStep: {
    phase: 'Failed',
    meaning: 'The step lacks a field that its kind needs. The step is not retried.',
    action: 'Correct the Orchestration, and start another run.',
  },
  UnknownStepKind: {
    phase: 'Failed',
    meaning: 'This version does not know the kind of the step. The step is not retried.',
    action: 'Correct the Orchestration, and start another run.',
  },
  StepTimedOut: {
    phase: 'Failed, Retrying',
    meaning:
      'The attempt took longer than `timeoutSeconds`, or its child did not start within `pendingTimeoutSeconds`.',
    action: 'Check what the child waited for, or increase the timeout.',
  },
  DependencyFailed: {
    phase: 'Skipped',
    meaning: 'A dependency has failed, or was skipped or cancelled. The message names it and the root cause.',
    action: 'Check the step that is the root cause.',
  },
  ConditionFalse: {
    phase: 'Skipped',
    meaning:
      'The condition in `when` is false, nothing failed before a step with `runIf: Failed`, or an input is an output ' +
      'of a step that did not succeed. Dependents run as if the step had succeeded.',
  },
  ConditionFailed: {
    phase: 'Failed',
    meaning: 'The condition in `when` cannot be evaluated. The message says why. The step is not retried.',
    action: 'Correct the expression, and start another run.',
  },
  InputFailed: {
    phase: 'Failed',
    meaning:
      'An expression in an input of the step cannot be evaluated. The message names the input. The step is not retried.',
    action: 'Correct the expression, or test the value with has(), and start another run.',
  },
  RunTimedOut: {
    phase: 'Failed, Skipped',
    meaning: 'The run took longer than `policies.timeouts.totalSeconds` before the step finished.',
    action: 'Check the steps that ran longest, or increase the timeout.',
  },
  RunCancelled: {
    phase: 'Cancelled',
    meaning: 'The run was cancelled before the step finished.',
  },
  SnapshotLost: {
    phase: 'Failed, Skipped',
    meaning: 'The snapshot that the run follows was deleted before the step finished.',
    action: 'Find out what deletes ControllerRevisions, and start another run.',
  },
  StatusContradiction: {
    phase: 'Failed, Skipped',
    meaning: 'The stored status is impossible for a run of these steps, so the run ended before the step finished.',
    action: 'Find out what else writes the status, and start another run.',
  },
} as const satisfies Readonly<Record<string, StepMeaning>>;

/** The reason for the state of a step. */
export type StepReason = keyof typeof stepReasons;
export const StepReason = namesOf(stepReasons);

/** The reason of a step that waits until a person acts. */
export type AskingReason = {
  [Reason in StepReason]: (typeof stepReasons)[Reason] extends { readonly event: string } ? Reason : never;
}[StepReason];
