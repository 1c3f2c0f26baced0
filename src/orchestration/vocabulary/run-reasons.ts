import { type Meaning, namesOf } from './meaning.ts';

/**
 * The reasons of the conditions Ready, Progressing and Succeeded of an OrchestrationRun. If a run violates a rule, the
 * reason is the code of the problem instead: docs/reference/problems.md.
 */
export const runReasons = {
  Running: {
    meaning: 'The run has started, and not all of its steps have finished.',
  },
  Suspended: {
    meaning: 'The run is suspended: running steps continue, and no step starts.',
    action: 'To resume, run `orchestration-gate resume`, or remove the annotation.',
  },
  CleaningUp: {
    meaning: 'The run was cancelled, or its time is over. Its steps with `runIf: Always` clean up.',
    action: 'To end the cleanup too, set the cancel annotation to `"now"`.',
  },
  MissingOrchestration: {
    meaning: 'The Orchestration does not exist. The run waits for it for a limited time, and then fails.',
    action: 'Create the Orchestration. If the run has failed, start another one.',
  },
  KindUnreadable: {
    meaning: 'The reconciler cannot list Orchestrations, so the run has not started. The message has the API error.',
    action: 'Install the CRD or grant the permission that the message names.',
  },
  SnapshotNotStored: {
    meaning: 'The reconciler cannot create the snapshot (a ControllerRevision) yet, so the run has not started.',
    action:
      'Fix the error of the API server in the message. The reconciler tries the create again at least once a minute.',
  },
  SnapshotUnreadable: {
    meaning:
      'The reconciler cannot read the snapshot (a ControllerRevision). The run does not change, but you can cancel it.',
    action:
      'Fix the error of the API server in the message. The reconciler tries the read again at least once a minute.',
  },
  SourceUnreadable: {
    meaning:
      'The reconciler cannot read the run that this run continues, so this run has not started. The message has the ' +
      'API error.',
    action:
      'Fix the error of the API server in the message. The reconciler tries the read again at least once a minute.',
  },
  CannotResume: {
    meaning: 'The run that this run continues cannot be continued. The message says why. Nothing has run.',
    action: 'Do what the message says, and start another run.',
  },
  Queued: {
    meaning:
      'The run waits for a place in its group (`policies.concurrency`). The message names the runs that hold the places, ' +
      'and those that wait before it.',
    action: '[Find out why the queue does not move](../how-to/concurrency.md#if-a-queue-does-not-move).',
  },
  StatusContested: {
    meaning:
      'Another controller starts runs in this namespace, or has ended this run. The reconciler leaves the run to it.',
    action: '[Switch one of the two off](../how-to/migrating.md#when-both-are-on).',
  },
  Completed: {
    meaning: 'All steps have succeeded.',
  },
  CompletedWithIgnoredFailures: {
    meaning: 'The run has succeeded. All failed steps have `continueOnFailure`, and all other steps have succeeded.',
  },
  StepFailed: {
    meaning: 'Steps have failed. The message names them.',
    action: 'Check the reasons of these steps.',
  },
  RunTimedOut: {
    meaning: 'The run took longer than `policies.timeouts.totalSeconds`.',
    action: 'Check the steps that ran longest, or increase the timeout.',
  },
  RunCancelled: {
    meaning: 'The run was cancelled.',
  },
  SubOrchestrationCycle: {
    meaning: 'The run would close a loop of Orchestrations that run one another.',
    action: 'Remove one of the references that the message names.',
  },
  SubOrchestrationTooDeep: {
    meaning: 'More than ten Orchestrations are nested.',
    action: 'Nest fewer Orchestrations.',
  },
  InvalidParameters: {
    meaning: 'The parameters of the run violate `policies.parameters` of its Orchestration. Nothing has run.',
    action: 'Start another run with the parameters that the message asks for.',
  },
  ConcurrencyLimitReached: {
    meaning: 'No place of its group was free, and `policies.concurrency.whenFull` is `Fail`. Nothing has run.',
    action: 'Start another run when the runs that the message names have ended.',
  },
  ConcurrencyGroupFailed: {
    meaning: 'The expression `policies.concurrency.group` cannot be evaluated for this run. Nothing has run.',
    action: 'Fix the expression, or start another run with the parameters that it reads.',
  },
  StatusTooLarge: {
    meaning: 'The run is so large that the object has no room for the status of its steps.',
    action: 'Use smaller parameters for the run.',
  },
  SnapshotNameTaken: {
    meaning: 'Another ControllerRevision has the name of the snapshot, and differs from what the run would store.',
    action: 'Delete that ControllerRevision, and start another run.',
  },
  SnapshotLost: {
    meaning: 'The ControllerRevision that the run follows was deleted.',
    action: 'Find out what deletes ControllerRevisions, and start another run.',
  },
  StatusContradiction: {
    meaning: 'The stored status is impossible for a run of these steps. The message has the contradiction.',
    action: 'Find out what else writes the status, and start another run.',
  },
} as const satisfies Readonly<Record<string, Meaning>>;

/** The reason for the state of a run. */
export type RunReason = keyof typeof runReasons;
export const RunReason = namesOf(runReasons);

/** The reasons of the condition Expires of an OrchestrationRun. */
export const expiryReasons = {
  TTLAfterFinished: {
    meaning: 'The run is deleted after the time that the message names, counted from its end.',
  },
  NoTTL: {
    meaning: 'The run is kept: its Orchestration sets no `policies.ttlSecondsAfterFinished`.',
  },
} as const satisfies Readonly<Record<string, Meaning>>;

/** The reason why a finished run is deleted or kept. */
export type ExpiryReason = keyof typeof expiryReasons;
export const ExpiryReason = namesOf(expiryReasons);

/** The reasons of the condition HoldsPlace of an OrchestrationRun. */
export const placeReasons = {
  PlaceAwaited: {
    meaning: 'The run waits for a place in the group that the message names.',
  },
  PlaceTaken: {
    meaning: 'The run holds the place that the message names, until it has ended and its children are gone.',
  },
  PlaceReleased: {
    meaning: 'The run has ended, and other runs can take its place.',
  },
} as const satisfies Readonly<Record<string, Meaning>>;

/** The reason why a run holds no place in its group, or holds one. */
export type PlaceReason = keyof typeof placeReasons;
export const PlaceReason = namesOf(placeReasons);

/**
 * The reasons of the conditions Ready and GateAccepted of an Orchestration. If it has problems, the reason is the code
 * of the first one instead: docs/reference/problems.md.
 */
export const orchestrationReasons = {
  Ready: {
    meaning: 'Ready: the graph can run.',
  },
  Accepted: {
    meaning: 'GateAccepted: no rule finds a problem.',
  },
} as const satisfies Readonly<Record<string, Meaning>>;

/** The reason for the state of an Orchestration. */
export type OrchestrationReason = keyof typeof orchestrationReasons;
export const OrchestrationReason = namesOf(orchestrationReasons);
