import { type Meaning, namesOf } from './meaning.ts';
import type { AskingReason } from './step-reasons.ts';
import type { ToolRunReason } from './tool-run-reasons.ts';

interface EventMeaning extends Meaning {
  readonly on: string;
  readonly type: 'Normal' | 'Warning';
}

/** Reasons of Events beside those that steps which ask for a person, and ToolRuns that fail, share with their status. */
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
    action: 'Look that reason up above.',
  },
  Cancelled: {
    on: 'OrchestrationRun',
    type: 'Normal',
    meaning: 'The run was cancelled.',
  },
  StatusContested: {
    on: 'OrchestrationRun, ToolRun',
    type: 'Warning',
    meaning: 'Another controller works on the object, too or alone.',
    action: '[Switch one of the two off](../migrating.md#when-both-are-on).',
  },
  EngineFault: {
    on: 'OrchestrationRun, ToolRun, Orchestration',
    type: 'Warning',
    meaning: 'The engine has died of this object repeatedly and leaves it alone.',
    action: 'Do what the condition of the same name asks for.',
  },
} as const satisfies Readonly<Record<string, EventMeaning>>;

/** Why an Event is on an object. */
export type EventReason = keyof typeof eventReasons | AskingReason | ToolRunReason;
export const EventReason = namesOf(eventReasons);
