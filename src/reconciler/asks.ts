import { listNames } from '../dag/display.ts';
import type { StepStatus } from '../orchestration/run-status.ts';
import type { Action } from './snapshot.ts';

/** Reasons of a step that waits until a person acts. */
const FOR_PEOPLE: ReadonlyMap<string, 'Normal' | 'Warning'> = new Map([
  ['ApprovalPending', 'Normal'],
  ['ApprovalPolicyMissing', 'Warning'],
  ['ApprovalPhaseUnknown', 'Warning'],
  ['MissingOrchestration', 'Warning'],
]);

/**
 * An Event for each reason for which steps begin to wait for a person, however many steps that are. It goes with the write
 * that says so: what is stored already was told.
 */
export function askPeople(before: readonly StepStatus[], after: readonly StepStatus[]): readonly Action[] {
  const stored = new Map(before.map((step) => [step.name, step]));
  const isNew = ({ name, phase, attempt, reason }: StepStatus) =>
    phase === 'Running' && (stored.get(name)?.reason !== reason || stored.get(name)?.attempt !== attempt);
  const asking = after.filter((step) => FOR_PEOPLE.has(step.reason ?? '') && isNew(step));
  return [...FOR_PEOPLE].flatMap(([reason, eventType]): Action[] => {
    const steps = asking.filter((step) => step.reason === reason);
    const message = `${listNames(steps.map(({ name }) => name))}: ${steps[0]?.message ?? ''}`;
    return steps.length === 0 ? [] : [{ type: 'EmitEvent', eventType, reason, message }];
  });
}
