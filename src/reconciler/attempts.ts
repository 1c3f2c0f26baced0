import { displayName } from '../dag/display.ts';
import { asRecord } from '../orchestration/decode.ts';
import type { StepStatus } from '../orchestration/run-status.ts';
import type { Step } from '../orchestration/schema.ts';
import { statusOfToolRun } from '../orchestration/tool-run-state.ts';
import { ConditionType, ForeignConditionType } from '../orchestration/vocabulary/conditions.ts';
import { StepReason } from '../orchestration/vocabulary/step-reasons.ts';
import { type Fields, listConditions } from './conditions.ts';
import type { StepChange } from './draft.ts';
import { isLeftToUs } from './finalizer.ts';
import type { Outcome, Wait } from './kinds/kind.ts';
import { stepKinds } from './kinds/table.ts';
import type { KubeObject, Snapshot } from './snapshot.ts';

/**
 * The child of a step's current attempt: what stands under its name, and is the very one that this process created or, if
 * it created none, that was recorded. Labels say nothing.
 */
export function findChild(snapshot: Snapshot, status: StepStatus): KubeObject | undefined {
  const child = findOwned(snapshot, status);
  return (uidOf(snapshot, status) ?? child?.metadata.uid) === child?.metadata.uid ? child : undefined;
}

/** An object of the name of a step's current child that the run owns as controller, whatever uid the status tells. */
export function findOwned({ children, run }: Snapshot, { resourceRef }: StepStatus): KubeObject | undefined {
  const child = children.get(resourceRef?.name ?? '');
  const isOwned = child?.metadata.ownerReferences?.some(
    ({ uid, controller }) => uid === run.uid && controller === true,
  );
  return isOwned ? child : undefined;
}

/** The uid of the child of a step's current attempt. Others can write a status: what this process knows comes first. */
export function uidOf({ created }: Pick<Snapshot, 'created'>, { resourceRef }: StepStatus): string | undefined {
  return created.get(resourceRef?.name ?? '') ?? resourceRef?.uid;
}

/** How the current attempt of a Running step stands. */
export function observeAttempt(snapshot: Snapshot, step: Step, status: StepStatus): Outcome {
  if (snapshot.unreadable.has(status.name)) return { state: 'Running' };
  const kind = stepKinds.get(step.kind);
  if (kind === undefined)
    return { ...failed(StepReason.UnknownStepKind, `unknown kind ${displayName(step.kind)}`), isFinal: true };
  if (kind.type === 'Immediate') return { state: 'Succeeded', message: kind.message };
  if (kind.type === 'Gate') return kind.judge(step, snapshot.watched.get(status.name) ?? []);
  const child = findChild(snapshot, status);
  if (child === undefined) return explainAbsence(snapshot, status);
  const outcome = readOutcome(child);
  if (outcome.state !== 'Running') return outcome;
  if (isLeftToUs(child)) return deleted(status);
  const wait = kind.readWait?.(child, status.message ?? '');
  return wait === undefined ? outcome : { state: 'Running', wait };
}

/** A child that was recorded is gone; one that was not may still be on its way, or the name or the API server stood in it. */
function explainAbsence({ children, created, refusals, taken }: Snapshot, status: StepStatus): Outcome {
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
export function describeWait(snapshot: Snapshot, status: StepStatus, wait: Wait | undefined): StepChange {
  const { unreadable, waits, children, created } = snapshot;
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
export function hasEnded(child: KubeObject): boolean {
  return readOutcome(child).state !== 'Running';
}

/** All children tell their end alike: by the phase of their status. */
function readOutcome({ kind, metadata, status }: KubeObject): Outcome {
  const { phase, ...rest } = kind === 'ToolRun' ? statusOfToolRun({ metadata, status }) : asRecord(status);
  if (phase === 'Succeeded') return { state: 'Succeeded' };
  const message = readCause(rest) ?? `${kind} ${metadata.name} ended ${String(phase)}`;
  if (phase === 'Failed') return failed(StepReason.ChildFailed, message);
  return phase === 'Cancelled'
    ? { ...failed(StepReason.ChildCancelled, message), isFinal: true }
    : { state: 'Running' };
}

/** Conditions that say why a child failed, the best first, and what each then is. */
const CAUSES: readonly (readonly [ConditionType | ForeignConditionType, 'True' | 'False'])[] = [
  [ForeignConditionType.Failed, 'True'],
  [ForeignConditionType.InvalidSpec, 'True'],
  [ForeignConditionType.Degraded, 'True'],
  [ConditionType.Ready, 'False'],
  [ForeignConditionType.Blocked, 'True'],
];

/** Why a child failed: the first message of its status and of these conditions, else the first reason. */
function readCause(status: Fields): string | undefined {
  const conditions = listConditions(status);
  const causes = CAUSES.map(([type, is]) => conditions.find((one) => one['type'] === type && one['status'] === is));
  const words = ['message', 'reason'].flatMap((field) => [status, ...causes].map((cause) => cause?.[field]));
  return words.find((word): word is string => typeof word === 'string' && word !== '');
}

function failed(reason: StepReason, message: string): Outcome & { state: 'Failed' } {
  return { state: 'Failed', reason, message };
}
