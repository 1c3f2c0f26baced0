import { type Meaning, namesOf } from './meaning.ts';

/**
 * The reasons of the conditions Ready, Progressing and Succeeded of a ToolRun. If it fails, the Event has the reason
 * too.
 */
export const toolRunReasons = {
  Running: {
    meaning: 'The Job runs.',
  },
  PodRefused: {
    meaning: 'Pod Security, a quota or a missing service account prevents the Pod of the Job. The Job keeps trying.',
    action: 'Fix the error of the API server in the message.',
  },
  MissingTool: {
    meaning:
      'The Tool does not exist, or `spec.toolRef` names none. The ToolRun waits for a limited time, and then fails.',
    action: 'Create the Tool. If the ToolRun has failed, create another one.',
  },
  Completed: {
    meaning: 'The Job has completed.',
  },
  JobFailed: {
    meaning: 'The Job has failed. The message has the exit code or the message of the Job.',
    action: 'Read the log of the Pod.',
  },
  DeadlineExceeded: {
    meaning: 'The Job took longer than `timeoutSeconds` of the Tool.',
    action: 'Increase the timeout of the Tool, or make it do less.',
  },
  OutputFailed: {
    meaning: 'The Job has completed, but its termination message is too long to be read.',
    action: 'Make the Tool write smaller outputs.',
  },
  JobDeleted: {
    meaning: 'The Job was deleted before its end was recorded. The ToolRun never creates a second Job.',
    action: 'Find out what deletes Jobs, and create another ToolRun.',
  },
  ChildRefused: {
    meaning: 'The API server, a webhook or a policy denies the Job or its ConfigMap. The message has the error.',
    action: 'Fix the Tool, or the webhook or policy that denies its Job.',
  },
  ChildNameTaken: {
    meaning: 'Another Job or ConfigMap has the name of a child, and does not belong to the ToolRun.',
    action: 'Delete that object, and create another ToolRun.',
  },
  InvalidTool: {
    meaning: 'The reconciler cannot create a Job for the Tool in this namespace. The message has all mistakes.',
    action: 'Fix the Tool, or allow its service account.',
  },
  InvalidToolRun: {
    meaning: 'The ToolRun does not fit into a Job: it is nested too deeply, or its parameters are too large.',
    action: 'Create a smaller ToolRun.',
  },
} as const satisfies Readonly<Record<string, Meaning>>;

/** The reason for the state of a ToolRun. */
export type ToolRunReason = keyof typeof toolRunReasons;
export const ToolRunReason = namesOf(toolRunReasons);
