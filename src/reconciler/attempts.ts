import { displayName } from '../dag/display.ts';
import { isControlledBy, type StoredObject } from '../objects/object.ts';
import type { Outcome, Wait } from '../orchestration/kinds/kind.ts';
import type { StepKinds } from '../orchestration/kinds/step-kinds.ts';
import type { StepStatus } from '../orchestration/run-status.ts';
import type { Step } from '../orchestration/schema.ts';
import { StepReason } from '../orchestration/vocabulary/step-reasons.ts';
import type { StepChange } from './draft.ts';
import { isLeftToUs } from './finalizer.ts';
import type { Observation } from './observation.ts';

/**
 * The child of a step's current attempt: what stands under its name, and is the very one that this process created or, if
 * it created none, that was recorded. Labels say nothing.
 */
export function findChild(observation: Observation, status: StepStatus): StoredObject | undefined {
  const child = findOwned(observation, status);
  return (uidOf(observation, status) ?? child?.metadata.uid) === child?.metadata.uid ? child : undefined;
}

/** An object of the name of a step's current child that the run owns as controller, whatever uid the status tells. */
export function findOwned({ children, run }: Observation, { resourceRef }: StepStatus): StoredObject | undefined {
  const child = children.get(resourceRef?.name ?? '');
  return child !== undefined && isControlledBy(child, run.uid) ? child : undefined;
}

/** The uid of the child of a step's current attempt. Others can write a status: what this process knows comes first. */
export function uidOf({ created }: Pick<Observation, 'created'>, { resourceRef }: StepStatus): string | undefined {
  return created.get(resourceRef?.name ?? '') ?? resourceRef?.uid;
}

/** How the current attempt of a Running step stands. */
export function observeAttempt(observation: Observation, step: Step, status: StepStatus): Outcome {
  if (observation.unreadable.has(status.name)) return { state: 'Running' };
  const kind = observation.kinds.get(step.kind);
  if (kind === undefined)
    return { ...failed(StepReason.UnknownStepKind, `unknown kind ${displayName(step.kind)}`), isFinal: true };
  if (kind.type === 'Immediate') return { state: 'Succeeded', message: kind.message };
  if (kind.type === 'Gate') return kind.judge(step, observation.watched.get(status.name) ?? []);
  const child = findChild(observation, status);
  if (child === undefined) return explainAbsence(observation, status);
  const outcome = kind.readOutcome(child);
  if (outcome.state !== 'Running') return outcome;
  if (isLeftToUs(child)) return deleted(status);
  const wait = kind.readWait?.(child, status.message ?? '');
  return wait === undefined ? outcome : { state: 'Running', wait };
}

/** A child that was recorded is gone; one that was not may still be on its way, or the name or the API server stood in it. */
function explainAbsence({ children, created, refusals, taken }: Observation, status: StepStatus): Outcome {
  const { kind, resourceRef } = status;
  const name = resourceRef?.name ?? '';
  const child = `${kind} ${name}`;
  if (resourceRef?.uid !== undefined || created.has(name)) return deleted(status);
  const difference = taken.get(name);
  if (difference !== undefined)
    return failed(StepReason.ChildNameTaken, `${child} exists and is not what this step creates: ${difference}`);
  if (children.has(name)) return failed(StepReason.ChildNameTaken, `${child} exists and is not this run's`);
  const refusal = refusals.get(name);
  return refusal === undefined ? { state: 'Running' } : failed(StepReason.ChildRefused, refusal);
}

function deleted({ kind, resourceRef }: StepStatus): Outcome {
  return failed(StepReason.ChildDeleted, `${kind} ${resourceRef?.name} is gone, and its end was not seen`);
}

/** What a Running step waits for: its kind to be listed, its child to be created, or what its kind says. */
export function describeWait(observation: Observation, status: StepStatus, wait: Wait | undefined): StepChange {
  const { unreadable, waits, children, created } = observation;
  const { name, kind, reason, resourceRef: ref } = status;
  const unread = unreadable.get(name);
  if (unread !== undefined) return { reason: StepReason.KindUnreadable, message: unread };
  const isMissing = ref !== undefined && ref.uid === undefined && !children.has(ref.name) && !created.has(ref.name);
  const words = isMissing ? waits.get(ref.name) : undefined;
  if (words !== undefined)
    return { reason: StepReason.ChildNotCreated, message: `cannot create its ${kind} yet: ${words}` };
  // Another engine has tried: what it said holds until we know better.
  if (isMissing && reason === StepReason.ChildNotCreated) return {};
  if (wait !== undefined) return wait;
  return reason === StepReason.Started ? {} : { reason: StepReason.Started, message: '' };
}

/** Whether the child's work is over. */
export function hasEnded(child: StoredObject, kinds: StepKinds): boolean {
  const kind = kinds.ofObject(child.kind);
  return kind?.type === 'Child' && kind.readOutcome(child).state !== 'Running';
}

function failed(reason: StepReason, message: string): Outcome & { state: 'Failed' } {
  return { state: 'Failed', reason, message };
}
