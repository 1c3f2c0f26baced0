import { type Meaning, namesOf } from './meaning.ts';

/** Reasons of the conditions Ready, Progressing and Succeeded of a ToolRun; of those that fail it also of an Event. */
export const toolRunReasons = {
  Running: {
    meaning: 'The Job runs.',
  },
  PodRefused: {
    meaning: 'The Job gets no pod: Pod Security, a quota or an absent account is in the way. The Job goes on trying.',
    action: 'Fix what the message says in the words of the API server.',
  },
  MissingTool: {
    meaning: 'The Tool does not exist, or `spec.toolRef` names none. The ToolRun waits for a Tool, and then fails.',
    action: 'Create the Tool. If the ToolRun has failed, create another one.',
  },
  Completed: {
    meaning: 'The Job has completed.',
  },
  JobFailed: {
    meaning: 'The Job has failed. The message has the exit code, or what the Job says of it.',
    action: 'Look at the log of the pod.',
  },
  DeadlineExceeded: {
    meaning: 'The Job took longer than `timeoutSeconds` of the Tool.',
    action: 'Give the Tool more time, or less to do.',
  },
  JobDeleted: {
    meaning: 'The Job is gone, and its end was not seen. There is never a second one.',
    action: 'Find out who deletes Jobs, and create another ToolRun.',
  },
  ChildRefused: {
    meaning: 'The API server, a webhook or a policy denies the Job or its ConfigMap. The message has its words.',
    action: 'Fix the Tool, or what denies its Job.',
  },
  ChildNameTaken: {
    meaning: 'A Job or a ConfigMap has the name of a child and does not belong to the ToolRun.',
    action: 'Delete that object, and create another ToolRun.',
  },
  InvalidTool: {
    meaning: 'The Tool can have no Job in this namespace. The message has all mistakes.',
    action: 'Correct the Tool, or allow its service account.',
  },
  InvalidToolRun: {
    meaning: 'The ToolRun cannot be written into a Job: it is nested too deeply, or its parameters are too large.',
    action: 'Create a smaller ToolRun.',
  },
} as const satisfies Readonly<Record<string, Meaning>>;

/** Why a ToolRun stands where it stands. */
export type ToolRunReason = keyof typeof toolRunReasons;
export const ToolRunReason = namesOf(toolRunReasons);
