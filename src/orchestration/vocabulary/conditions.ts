import { type Meaning, namesOf } from './meaning.ts';

interface ConditionMeaning extends Meaning {
  /** The kinds of the objects that have it. */
  readonly on: string;
}

/** The types of the conditions that this project writes. */
export const conditionTypes = {
  Ready: {
    on: 'OrchestrationRun, ToolRun, Orchestration',
    meaning: 'The object has succeeded. For an Orchestration: the graph can run.',
  },
  Progressing: {
    on: 'OrchestrationRun, ToolRun',
    meaning: 'The object is neither finished nor suspended. The message shows the progress.',
  },
  Succeeded: {
    on: 'OrchestrationRun, ToolRun',
    meaning: 'The object has succeeded. Unknown until it has finished.',
  },
  Expires: {
    on: 'OrchestrationRun',
    meaning: 'The run has finished, and is deleted some time after its end. False: the run is kept.',
  },
  CleaningUp: {
    on: 'OrchestrationRun',
    meaning:
      'The run was cancelled, or its time is over, and steps with `runIf: Always` run. The reason decides the final ' +
      'phase. The last transition starts `policies.timeouts.cleanupSeconds`.',
  },
  HoldsPlace: {
    on: 'OrchestrationRun',
    meaning:
      'The run holds a place in its group (`policies.concurrency`). The place is a Lease, and the message has its name. ' +
      'Runs without the policy do not have this condition.',
  },
  GateAccepted: {
    on: 'Orchestration',
    meaning: 'The gate would not deny the stored Orchestration. The message is its first problem or warning.',
    action: '[Fix the problem](problems.md) that the reason names.',
  },
  EngineFault: {
    on: 'OrchestrationRun, ToolRun, Orchestration',
    meaning: 'This object has crashed the engine repeatedly, so the engine ignores it. The reason has the same name.',
    action:
      '[Read the log for the cause](../reference/reconciler.md#quarantine), then edit, cancel or suspend the object, or restart the reconciler.',
  },
} as const satisfies Readonly<Record<string, ConditionMeaning>>;

export type ConditionType = keyof typeof conditionTypes;
export const ConditionType = namesOf(conditionTypes);

interface ForeignMeaning extends Meaning {
  /** Who writes it. */
  readonly by: string;
}

const AGENTS_CHART = 'the agents chart';
const JOB_CONTROLLER = 'Kubernetes';

/** The types of the conditions that other controllers write and this project reads. */
export const foreignConditionTypes = {
  Failed: {
    by: `${JOB_CONTROLLER} (Job), ${AGENTS_CHART}`,
    meaning: 'The Job or the child of a step has failed, or another executor reports that a ToolRun has failed.',
  },
  Complete: { by: `${JOB_CONTROLLER} (Job)`, meaning: 'The Job has completed.' },
  InvalidSpec: { by: AGENTS_CHART, meaning: 'The controller of a child rejects its spec.' },
  Degraded: { by: AGENTS_CHART, meaning: 'The child of a step, or a ToolRun of another executor, has failed.' },
  Blocked: { by: AGENTS_CHART, meaning: 'The AgentRun waits, for example for capacity.' },
  Accepted: { by: AGENTS_CHART, meaning: 'Another executor has accepted the ToolRun.' },
  InProgress: { by: AGENTS_CHART, meaning: 'Another executor processes the ToolRun.' },
  Running: { by: AGENTS_CHART, meaning: 'Another executor runs the ToolRun.' },
} as const satisfies Readonly<Record<string, ForeignMeaning>>;

export type ForeignConditionType = keyof typeof foreignConditionTypes;
export const ForeignConditionType = namesOf(foreignConditionTypes);

/** The reasons of conditions that other controllers write and this project reads. */
export const foreignReasons = {
  DeadlineExceeded: { by: `${JOB_CONTROLLER} (Job)`, meaning: 'The Job took longer than its `activeDeadlineSeconds`.' },
  PodFailurePolicy: {
    by: `${JOB_CONTROLLER} (Job)`,
    meaning: 'A rule of the pod failure policy failed the Job. The message has the exit code.',
  },
  Observed: { by: AGENTS_CHART, meaning: 'The supporting controller has set the Ready condition of the ToolRun.' },
} as const satisfies Readonly<Record<string, ForeignMeaning>>;

export const ForeignReason = namesOf(foreignReasons);
