import { type Meaning, namesOf } from './meaning.ts';

interface ConditionMeaning extends Meaning {
  /** The kinds of the objects that have it. */
  readonly on: string;
}

/** Types of the conditions that we write. */
export const conditionTypes = {
  Ready: {
    on: 'OrchestrationRun, ToolRun, Orchestration',
    meaning: 'It has succeeded. Of an Orchestration: the graph can run.',
  },
  Progressing: {
    on: 'OrchestrationRun, ToolRun',
    meaning: 'It is not over, and not suspended. The message says how far it is.',
  },
  Succeeded: {
    on: 'OrchestrationRun, ToolRun',
    meaning: 'It has succeeded. Unknown until it is over.',
  },
  Expires: {
    on: 'OrchestrationRun',
    meaning: 'The run is over, and is deleted some time after its end. False: it is kept.',
  },
  GateAccepted: {
    on: 'Orchestration',
    meaning: 'The gate would not deny the Orchestration as it is stored. The message is its first problem, or warning.',
    action: '[Fix the problem](../problems.md) that is the reason.',
  },
  EngineFault: {
    on: 'OrchestrationRun, ToolRun, Orchestration',
    meaning: 'The engine has died of this object repeatedly and leaves it alone. The reason has the same name.',
    action:
      '[Read the log for the cause](../operations.md#quarantine), then edit, cancel or suspend the object, or restart the reconciler.',
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

/** Types of conditions that others write and decisions here read. */
export const foreignConditionTypes = {
  Failed: {
    by: `${JOB_CONTROLLER} (Job), ${AGENTS_CHART}`,
    meaning: 'The Job or the child of a step has failed, or another executor says so of a ToolRun.',
  },
  Complete: { by: `${JOB_CONTROLLER} (Job)`, meaning: 'The Job has completed.' },
  InvalidSpec: { by: AGENTS_CHART, meaning: 'The child of a step is refused by its controller.' },
  Degraded: { by: AGENTS_CHART, meaning: 'The child of a step, or a ToolRun of another executor, fails.' },
  Blocked: { by: AGENTS_CHART, meaning: 'The AgentRun is held back.' },
  Accepted: { by: AGENTS_CHART, meaning: 'Another executor has accepted the ToolRun.' },
  InProgress: { by: AGENTS_CHART, meaning: 'Another executor works on the ToolRun.' },
  Running: { by: AGENTS_CHART, meaning: 'Another executor runs the ToolRun.' },
} as const satisfies Readonly<Record<string, ForeignMeaning>>;

export type ForeignConditionType = keyof typeof foreignConditionTypes;
export const ForeignConditionType = namesOf(foreignConditionTypes);

/** Reasons of conditions that others write and decisions here read. */
export const foreignReasons = {
  DeadlineExceeded: { by: `${JOB_CONTROLLER} (Job)`, meaning: 'The Job took longer than its `activeDeadlineSeconds`.' },
  PodFailurePolicy: {
    by: `${JOB_CONTROLLER} (Job)`,
    meaning: 'A rule of the pod failure policy ended the Job. The message has the exit code.',
  },
  Observed: { by: AGENTS_CHART, meaning: 'The supporting controller has given the ToolRun its Ready condition.' },
} as const satisfies Readonly<Record<string, ForeignMeaning>>;

export const ForeignReason = namesOf(foreignReasons);
