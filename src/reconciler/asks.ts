import { listNames } from '../dag/display.ts';
import type { StepStatus } from '../orchestration/run-status.ts';
import { type AskingReason, stepReasons } from '../orchestration/vocabulary/step-reasons.ts';
import type { Action } from './observation.ts';

/** Reasons of a step that waits for a person. */
const FOR_PEOPLE = Object.entries(stepReasons).flatMap(([reason, meaning]) =>
  'event' in meaning ? [{ reason: reason as AskingReason, eventType: meaning.event }] : [],
);

/**
 * Returns one Event for each reason for which steps begin to wait for a person, however many steps there are. The Event
 * goes with the status write that records the wait. A wait that is stored already has had its Event.
 */
export function askPeople(before: readonly StepStatus[], after: readonly StepStatus[]): readonly Action[] {
  const stored = new Map(before.map((step) => [step.name, step]));
  const isNew = ({ name, phase, attempt, reason }: StepStatus) =>
    phase === 'Running' && (stored.get(name)?.reason !== reason || stored.get(name)?.attempt !== attempt);
  return FOR_PEOPLE.flatMap(({ reason, eventType }): Action[] => {
    const steps = after.filter((step) => step.reason === reason && isNew(step));
    const message = `${listNames(steps.map(({ name }) => name))}: ${steps[0]?.message ?? ''}`;
    return steps.length === 0 ? [] : [{ type: 'EmitEvent', eventType, reason, message }];
  });
}
