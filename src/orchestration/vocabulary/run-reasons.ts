import { type Meaning, namesOf } from './meaning.ts';

/**
 * Reasons of the conditions Ready, Progressing and Succeeded of an OrchestrationRun. One that fails by a rule has the code of
 * its problem instead: docs/problems.md.
 */
export const runReasons = {
  Running: {
    meaning: 'The run has started, and not all of its steps are over.',
  },
  Suspended: {
    meaning: 'The run is suspended: what runs may end, and nothing new starts.',
    action: 'To go on, run `orchestration-gate resume`, or remove the annotation.',
  },
  MissingOrchestration: {
    meaning: 'The Orchestration does not exist. The run waits for it, and fails when the time for that is over.',
    action: 'Create the Orchestration. If the run has failed, start another one.',
  },
  KindUnreadable: {
    meaning:
      'Orchestrations cannot be listed, so the run has not started. The message has the words of the API server.',
    action: 'Install the CRD or grant the right that the message names.',
  },
  SnapshotNotStored: {
    meaning: 'The ControllerRevision that the run is to follow cannot be created yet, so the run has not started.',
    action:
      'Fix what the message says in the words of the API server. The create is tried again at least once a minute.',
  },
  SnapshotUnreadable: {
    meaning:
      'The ControllerRevision that the run follows cannot be read. The run stays as it is, and can be cancelled.',
    action: 'Fix what the message says in the words of the API server. The read is tried again at least once a minute.',
  },
  StatusContested: {
    meaning:
      'Another controller starts runs in this namespace, or has ended this run. The reconciler leaves the run to it.',
    action: '[Switch one of the two off](../migrating.md#when-both-are-on).',
  },
  Completed: {
    meaning: 'All steps have succeeded.',
  },
  CompletedWithIgnoredFailures: {
    meaning: 'The run has succeeded: steps that failed have `continueOnFailure`, and all others have succeeded.',
  },
  StepFailed: {
    meaning: 'Steps have failed. The message names them.',
    action: 'Look at the reasons of these steps.',
  },
  RunTimedOut: {
    meaning: 'The run took longer than `policies.timeouts.totalSeconds`.',
    action: 'Look at the steps that ran longest, or give the run more time.',
  },
  RunCancelled: {
    meaning: 'The run was cancelled.',
  },
  SubOrchestrationCycle: {
    meaning: 'The run would close a loop of Orchestrations that run each other.',
    action: 'Remove one of the references that the message names.',
  },
  SubOrchestrationTooDeep: {
    meaning: 'More than ten Orchestrations run each other.',
    action: 'Nest fewer of them.',
  },
  StatusTooLarge: {
    meaning: 'The run itself is so large that the status of its steps has no room.',
    action: 'Give the run smaller parameters.',
  },
  SnapshotNameTaken: {
    meaning: 'A ControllerRevision has the name of the snapshot and is not what the run would store.',
    action: 'Delete that ControllerRevision, and start another run.',
  },
  SnapshotLost: {
    meaning: 'The ControllerRevision that the run follows was deleted.',
    action: 'Find out who deletes ControllerRevisions, and start another run.',
  },
  StatusContradiction: {
    meaning: 'The stored status says what no run of these steps can come to. The message says what.',
    action: 'Find out who else writes the status, and start another run.',
  },
} as const satisfies Readonly<Record<string, Meaning>>;

/** Why a run stands where it stands. */
export type RunReason = keyof typeof runReasons;
export const RunReason = namesOf(runReasons);

/** Reasons of the condition Expires of an OrchestrationRun. */
export const expiryReasons = {
  TTLAfterFinished: {
    meaning: 'The run is deleted when the time that the message names has passed since its end.',
  },
  NoTTL: {
    meaning: 'The run is kept: its Orchestration sets no `policies.ttlSecondsAfterFinished`.',
  },
} as const satisfies Readonly<Record<string, Meaning>>;

/** Why a finished run is kept for so long. */
export type ExpiryReason = keyof typeof expiryReasons;
export const ExpiryReason = namesOf(expiryReasons);

/**
 * Reasons of the conditions Ready and GateAccepted of an Orchestration. One with a problem has the code of the first instead:
 * docs/problems.md.
 */
export const orchestrationReasons = {
  Ready: {
    meaning: 'Ready: the graph can run.',
  },
  Accepted: {
    meaning: 'GateAccepted: no rule finds anything.',
  },
} as const satisfies Readonly<Record<string, Meaning>>;

/** Why an Orchestration can run. */
export type OrchestrationReason = keyof typeof orchestrationReasons;
export const OrchestrationReason = namesOf(orchestrationReasons);
