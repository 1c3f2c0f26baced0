import { displayName } from '../dag/display.ts';
import { isControlledBy, type StoredObject } from '../objects/object.ts';
import type { Outcome, Wait } from '../orchestration/kinds/kind.ts';
import type { StepKinds } from '../orchestration/kinds/step-kinds.ts';
import { isRunning, type StepStatus } from '../orchestration/run-status.ts';
import type { Step } from '../orchestration/schema.ts';
import { StepReason } from '../orchestration/vocabulary/step-reasons.ts';
import { judgeGate } from './approvals.ts';
import type { StepChange } from './draft.ts';
import { isHeldByUsAlone } from './finalizer.ts';
import type { Observation } from './observation.ts';

/**
 * The child of a step's current attempt: the object that has its name, is controlled by the run, and has the expected
 * uid. That is the uid of the child that this process created or, if it created none, the recorded uid. If no uid is
 * known, any uid matches. Labels prove nothing.
 */
export function findChild(observation: Observation, status: StepStatus): StoredObject | undefined {
  const child = findOwned(observation, status);
  return (uidOf(observation, status) ?? child?.metadata.uid) === child?.metadata.uid ? child : undefined;
}

/**
 * The object that has the name of a step's current child and that the run controls, whatever uid the status records.
 */
export function findOwned({ children, run }: Observation, { resourceRef }: StepStatus): StoredObject | undefined {
  const child = children.get(resourceRef?.name ?? '');
  return child !== undefined && isControlledBy(child, run.uid) ? child : undefined;
}

/**
 * The uid of the child of a step's current attempt. The uid that this process knows takes precedence, because others
 * can write a status.
 */
export function uidOf({ created }: Pick<Observation, 'created'>, { resourceRef }: StepStatus): string | undefined {
  return created.get(resourceRef?.name ?? '') ?? resourceRef?.uid;
}

/** Returns the state of the current attempt of a Running step. */
export function observeAttempt(observation: Observation, step: Step, status: StepStatus): Outcome {
  const kind = observation.kinds.get(step.kind);
  if (kind?.type === 'Gate') return judgeGate(observation, kind, step, status);
  if (observation.unreadable.has(status.name)) return { state: 'Running' };
  if (kind === undefined)
    return { ...failed(StepReason.UnknownStepKind, `unknown kind ${displayName(step.kind)}`), isFinal: true };
  if (kind.type === 'Immediate') return { state: 'Succeeded', message: kind.message };
  const child = findChild(observation, status);
  if (child === undefined) return explainAbsence(observation, status);
  const outcome = kind.readOutcome(child);
  if (outcome.state !== 'Running') return outcome;
  if (isHeldByUsAlone(child)) return deleted(status);
  const wait = kind.readWait?.(child, status.message ?? '');
  return wait === undefined ? outcome : { state: 'Running', wait };
}

/**
 * Explains why there is no child. A child that was recorded is gone. A child that was not recorded may still be
 * created, its name may be taken, or the API server may have refused it.
 */
function explainAbsence({ children, created, refusals, taken }: Observation, status: StepStatus): Outcome {
  const { kind, resourceRef } = status;
  const name = resourceRef?.name ?? '';
  const child = `${kind} ${name}`;
  if (resourceRef?.uid !== undefined || created.has(name)) return deleted(status);
  const difference = taken.get(name);
  if (difference !== undefined)
    return failed(StepReason.ChildNameTaken, `${child} exists but is not what this step would create: ${difference}`);
  if (children.has(name)) return failed(StepReason.ChildNameTaken, `${child} exists but does not belong to this run`);
  const refusal = refusals.get(name);
  return refusal === undefined ? { state: 'Running' } : failed(StepReason.ChildRefused, refusal);
}

function deleted({ kind, resourceRef }: StepStatus): Outcome {
  return failed(StepReason.ChildDeleted, `${kind} ${resourceRef?.name} was deleted before its end was observed`);
}

/** What a Running step waits for: that its kind can be listed, that its child is created, or what its kind reports. */
export function describeWait(observation: Observation, status: StepStatus, wait: Wait | undefined): StepChange {
  const { unreadable, waits, children, created } = observation;
  const { name, kind, reason, resourceRef: ref } = status;
  const unread = unreadable.get(name);
  if (unread !== undefined) return { reason: StepReason.KindUnreadable, message: unread };
  const isMissing = ref !== undefined && ref.uid === undefined && !children.has(ref.name) && !created.has(ref.name);
  const words = isMissing ? waits.get(ref.name) : undefined;
  if (words !== undefined)
    return { reason: StepReason.ChildNotCreated, message: `cannot create its ${kind} yet: ${words}` };
  // Another engine tried to create it. Its message stays until this engine has tried too.
  if (isMissing && reason === StepReason.ChildNotCreated) return {};
  if (wait !== undefined) return wait;
  return reason === StepReason.Started ? {} : { reason: StepReason.Started, message: '' };
}

/** Whether the child of a running step has to clean up before it is deleted. */
export function mustCleanUp(observation: Observation, status: StepStatus): boolean {
  const kind = observation.kinds.get(status.kind);
  const child = isRunning(status) ? findChild(observation, status) : undefined;
  return kind?.type === 'Child' && child !== undefined && kind.mustCleanUp?.(child) === true;
}

/** Whether the child has ended. */
export function hasEnded(child: StoredObject, kinds: StepKinds): boolean {
  const kind = kinds.ofObject(child.kind);
  return kind?.type === 'Child' && kind.readOutcome(child).state !== 'Running';
}

function failed(reason: StepReason, message: string): Outcome & { state: 'Failed' } {
  return { state: 'Failed', reason, message };
}
