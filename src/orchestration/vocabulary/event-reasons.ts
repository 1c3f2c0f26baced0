import { type Meaning, namesOf } from './meaning.ts';
import type { AskingReason } from './step-reasons.ts';
import type { ToolRunReason } from './tool-run-reasons.ts';

interface EventMeaning extends Meaning {
  readonly on: string;
  readonly type: 'Normal' | 'Warning';
}

/**
 * The reasons of Events. There are also Events with the reason of a step that waits for a person, or of a ToolRun that
 * fails. Those reasons are in the status too.
 */
export const eventReasons = {
  Started: {
    on: 'OrchestrationRun',
    type: 'Normal',
    meaning: 'The run has started.',
  },
  Succeeded: {
    on: 'OrchestrationRun',
    type: 'Normal',
    meaning: 'The run has succeeded.',
  },
  Failed: {
    on: 'OrchestrationRun',
    type: 'Warning',
    meaning: 'The run has failed. The message begins with the reason of its conditions.',
    action: 'Find that reason in the tables above.',
  },
  Cancelled: {
    on: 'OrchestrationRun',
    type: 'Normal',
    meaning: 'The run was cancelled.',
  },
  StatusContested: {
    on: 'OrchestrationRun, ToolRun',
    type: 'Warning',
    meaning: 'Another controller also writes the object, or the reconciler leaves the object to it.',
    action: '[Switch one of the two off](../how-to/migrating.md#when-both-are-on).',
  },
  OutputsUnreadable: {
    on: 'ToolRun',
    type: 'Warning',
    meaning:
      'The Job has completed, but its termination message is not a JSON object, or could not be read. The ToolRun has ' +
      'no outputs.',
    action: 'If later steps read outputs, make the Tool write a JSON object to `/dev/termination-log`.',
  },
  WouldBeDenied: {
    on: 'Orchestration',
    type: 'Warning',
    meaning:
      'The Orchestration is stored, but the gate would deny it if it were created now. There is one such Event for each ' +
      'generation and set of problems.',
    action: '[Find and fix what is stored](../how-to/audit.md).',
  },
  EngineFault: {
    on: 'OrchestrationRun, ToolRun, Orchestration',
    type: 'Warning',
    meaning: 'This object has crashed the engine repeatedly, so the engine ignores it.',
    action: 'Follow the action of the condition with the same name.',
  },
} as const satisfies Readonly<Record<string, EventMeaning>>;

/** The reason of an Event. */
export type EventReason = keyof typeof eventReasons | AskingReason | ToolRunReason;
export const EventReason = namesOf(eventReasons);
