import type { StoredObject } from '../objects/object.ts';
import { formatTraceparent, type SpanContext, spanOfAttempt, TRACEPARENT } from '../objects/trace-context.ts';
import { findCondition } from '../orchestration/conditions.ts';
import { asRecord, isRecord } from '../orchestration/decode.ts';
import { parameterFacts } from '../orchestration/kinds/agent-run-facts.ts';
import type { StepKind } from '../orchestration/kinds/kind.ts';
import {
  isRunning,
  isStepFinal,
  type ResourceRef,
  type RunStatus,
  type StepStatus,
} from '../orchestration/run-status.ts';
import type { Step } from '../orchestration/schema.ts';
import { ConditionType } from '../orchestration/vocabulary/conditions.ts';
import { Annotation } from '../orchestration/vocabulary/metadata.ts';
import { RunReason } from '../orchestration/vocabulary/run-reasons.ts';
import { StepReason } from '../orchestration/vocabulary/step-reasons.ts';
import { findChild, findOwned, hasEnded, uidOf } from './attempts.ts';
import { isEnding } from './ending.ts';
import { isHeld } from './finalizer.ts';
import { createInputs, type Inputs } from './inputs.ts';
import type { Action, Observation, ObservedRun } from './observation.ts';

type CreateChild = Extract<Action, { type: 'CreateChild' }>;

/**
 * Reasons for which an attempt ends while its child may still run. ChildDeleted is one of them, because the recorded
 * uid may be forged.
 */
export const ENDED_BY_US: ReadonlySet<string> = new Set<StepReason>([
  StepReason.ChildDeleted,
  StepReason.StepTimedOut,
  StepReason.RunTimedOut,
  StepReason.RunCancelled,
  StepReason.SnapshotLost,
  StepReason.StatusContradiction,
]);

/**
 * The child of an attempt that we ended, as long as it exists: it must be deleted, whatever uid the status records. If
 * a run ends while a step is between two attempts, the child of the last attempt has ended by itself. That child stays,
 * so that people can inspect it. A child that cannot be read counts as existing.
 */
export function findUnwanted(observation: Observation, status: StepStatus): Pick<StoredObject, 'metadata'> | undefined {
  if (status.phase === 'Running' || !ENDED_BY_US.has(status.reason ?? '')) return undefined;
  const child = findOwned(observation, status);
  if (child === undefined) return findUnseen(observation, status);
  return status.reason === StepReason.StepTimedOut || !hasEnded(child, observation.kinds) ? child : undefined;
}

/** The child of an attempt if it is known to have been created and its kind cannot be read. */
export function findUnseen(observation: Observation, status: StepStatus): Pick<StoredObject, 'metadata'> | undefined {
  const { name = '', namespace = '' } = status.resourceRef ?? {};
  const uid = uidOf(observation, status);
  return observation.unreadable.has(status.name) && uid !== undefined
    ? { metadata: { name, namespace, uid } }
    : undefined;
}

/**
 * Creates the children whose intent is recorded and that have not been seen, including those that were recorded before
 * a crash. Creates none while the run is suspended, unless it is ending. In declaration order.
 */
export function createMissing(observation: Observation, statuses: readonly StepStatus[]): readonly Action[] {
  const { orchestration, run, kinds, children, unreadable } = observation;
  if (orchestration.state !== 'Snapshotted' || (run.isSuspended && !isEnding(run))) return [];
  const { steps } = orchestration.orchestration;
  const inputs = createInputs(run, steps, statuses);
  return statuses.flatMap((status, index): Action[] => {
    const step = steps[index];
    if (step === undefined || !isIntent(status) || status.resourceRef.uid !== undefined) return [];
    const isThere = children.has(status.resourceRef.name) || unreadable.has(status.name);
    const intent = isThere ? undefined : intentOf(run, step, status, kinds.get(step.kind), inputs);
    return intent === undefined ? [] : [intent];
  });
}

/** The action that creates the child of a running attempt; undefined if there can be no child. */
export function intentOf(
  run: ObservedRun,
  step: Step,
  { name, resourceRef: ref, attempt, resumeFrom }: StepStatus,
  kind: StepKind | undefined,
  inputs: Inputs,
): CreateChild | undefined {
  const built = kind?.type === 'Child' ? inputs.build(step, kind) : undefined;
  if (ref === undefined || kind?.type !== 'Child' || built === undefined || !('spec' in built)) return undefined;
  const ttlSeconds = kind.ttlSeconds?.(step);
  return {
    ...{ type: 'CreateChild', step: name, ref },
    spec: run.passesTraceparent ? withTraceparent(built.spec, step, spanOfAttempt(run.uid, name, attempt)) : built.spec,
    ...(ttlSeconds !== undefined && { ttlSeconds }),
    ...(kind.isHeld && { isHeld: true }),
    ...(attempt === 1 && resumeFrom !== undefined && { resumeFrom }),
  };
}

/**
 * Adds the span of the attempt to the parameters of its child. The span is derived from the run, the step and the
 * number of the attempt, so the child is the same after a crash. Adds nothing if the step sets this parameter itself,
 * or if the child would then have more parameters than an AgentRun may have.
 */
function withTraceparent(spec: CreateChild['spec'], step: Step, span: SpanContext): CreateChild['spec'] {
  const { parameters } = spec;
  if (!isRecord(parameters) || Object.hasOwn(step.with ?? {}, TRACEPARENT)) return spec;
  const handed = { ...parameters, [TRACEPARENT]: formatTraceparent(span) };
  return Object.keys(handed).length > parameterFacts.most ? spec : { ...spec, parameters: handed };
}

/** Whether a step is running with a child, created or not. */
export function isIntent(status: StepStatus): status is StepStatus & { readonly resourceRef: ResourceRef } {
  return isRunning(status) && status.resourceRef !== undefined;
}

/**
 * Removes our finalizer from children whose end is recorded or will never be recorded. Only children that a running
 * step waits for keep it.
 */
export function releaseRecorded(
  { held }: Pick<Observation, 'held'>,
  statuses: readonly StepStatus[],
): readonly Action[] {
  const awaited = new Set(
    statuses.flatMap(({ phase, resourceRef: ref }) => (phase === 'Running' && ref ? ref.name : [])),
  );
  return held.flatMap((child): Action[] => (awaited.has(child.metadata.name) ? [] : [{ type: 'ReleaseChild', child }]));
}

/**
 * Puts our finalizer back on running children that have lost it. A controller that writes the whole list of finalizers
 * may drop it.
 */
export function holdAgain(observation: Observation, statuses: readonly StepStatus[]): readonly Action[] {
  return statuses.filter(isIntent).flatMap((status): Action[] => {
    const child = findChild(observation, status);
    const kind = observation.kinds.get(status.kind);
    if (child === undefined || kind?.type !== 'Child' || !kind.isHeld || isHeld(child)) return [];
    if (child.metadata.deletionTimestamp !== undefined || hasEnded(child, observation.kinds)) return [];
    return [{ type: 'HoldChild', child }];
  });
}

/** Deletes the children of attempts that we ended: by a timeout, with the run, or by a cancel. */
export function deleteUnwanted(observation: Observation, statuses: readonly StepStatus[]): readonly Action[] {
  return statuses.flatMap((status): Action[] => {
    const child = findUnwanted(observation, status);
    if (child === undefined || status.resourceRef === undefined || child.metadata.deletionTimestamp !== undefined)
      return [];
    return [{ type: 'DeleteChild', ref: { ...status.resourceRef, uid: child.metadata.uid } }];
  });
}

/**
 * Asks the nested runs of steps with the reason CleaningUp to end, so that they clean up. A nested run is deleted
 * afterwards if it has not ended in time, or if its step has timed out.
 */
export function cancelChildren(observation: Observation, statuses: readonly StepStatus[]): readonly Action[] {
  return statuses.flatMap((status): Action[] => {
    const child = status.reason === StepReason.CleaningUp ? findChild(observation, status) : undefined;
    if (child === undefined || status.resourceRef === undefined) return [];
    if (child.metadata.annotations?.[Annotation.Cancel] !== undefined) return [];
    return [{ type: 'CancelChild', ref: { ...status.resourceRef, uid: child.metadata.uid } }];
  });
}

/**
 * Deletes all children that still run although their run is over, including those that no step in the status names. A
 * child whose end is recorded stays, even if another controller has put its phase back. If the run was cancelled or
 * took too long, such a child is deleted too: nothing of the run may continue, and another client may have recorded the
 * end.
 */
export function deleteAll(
  observation: Observation,
  { phase, conditions, stepStatuses }: Pick<RunStatus, 'phase' | 'conditions' | 'stepStatuses'>,
): readonly Action[] {
  const unwanted = deleteUnwanted(observation, stepStatuses);
  const uids = new Set(unwanted.map((action) => action.type === 'DeleteChild' && action.ref.uid));
  const isTimedOut = findCondition(conditions, ConditionType.Succeeded)?.reason === RunReason.RunTimedOut;
  const recorded = new Set(phase === 'Cancelled' || isTimedOut ? [] : stepStatuses.flatMap(listRecordedEnds));
  const strays = observation.owned.flatMap((child): Action[] => {
    const { apiVersion, kind, metadata } = child;
    const { name, namespace, uid, deletionTimestamp } = metadata;
    if (uids.has(uid) || deletionTimestamp !== undefined || hasEnded(child, observation.kinds)) return [];
    if (recorded.has(name)) return [];
    return [{ type: 'DeleteChild', ref: { apiVersion, kind, name, namespace, uid } }];
  });
  return [...unwanted, ...strays];
}

/** The names of the children of a step that have ended by themselves, according to the status. */
function listRecordedEnds({ phase, reason = '', resourceRef, previousAttempts = [] }: StepStatus): readonly string[] {
  const last = phase === 'Succeeded' || phase === 'Failed' ? [{ reason, child: resourceRef?.name }] : [];
  return [...previousAttempts, ...last].flatMap((one) => (ENDED_BY_US.has(one.reason) ? [] : (one.child ?? [])));
}

/** Sets the lifetimes that steps ask for on children that have finished and whose result is recorded. */
export function limitFinished(observation: Observation, statuses: readonly StepStatus[]): readonly Action[] {
  const { orchestration } = observation;
  const steps = orchestration.state === 'Snapshotted' ? orchestration.orchestration.steps : [];
  return statuses.flatMap((status, index): Action[] => {
    const step = steps[index];
    const kind = observation.kinds.get(status.kind);
    const seconds = step !== undefined && kind?.type === 'Child' ? kind.ttlSeconds?.(step) : undefined;
    if (seconds === undefined || status.resourceRef === undefined || !isStepFinal(status)) return [];
    const child = findChild(observation, status);
    if (child === undefined || !hasEnded(child, observation.kinds)) return [];
    if (asRecord(child['spec'])['ttlSecondsAfterFinished'] === seconds) return [];
    return [{ type: 'SetChildTtl', ref: { ...status.resourceRef, uid: child.metadata.uid }, seconds }];
  });
}
