import type { StoredObject } from '../objects/object.ts';
import { readDecisions } from '../orchestration/approvals.ts';
import { bucketOf } from '../orchestration/buckets.ts';
import { readDeclared, withDefaults } from '../orchestration/declared-parameters.ts';
import { asRecord, decodeOrchestrationRun } from '../orchestration/decode.ts';
import { decodeRunStatus } from '../orchestration/decode-status.ts';
import type { StepKinds } from '../orchestration/kinds/step-kinds.ts';
import { readResumption } from '../orchestration/resumption.ts';
import { Annotation } from '../orchestration/vocabulary/metadata.ts';
import type { NameChild } from './names.ts';
import type { ObservedOrchestration, ObservedRun } from './observation.ts';
import { repairSteps } from './repair.ts';
import { measureBeside } from './status-size.ts';

/**
 * Returns the run with the part of its status that can be trusted, and with the defaults of its snapshot, so that each
 * attempt of a step builds the same child.
 */
export function trustRun(
  run: ObservedRun,
  orchestration: ObservedOrchestration,
  nameChild: NameChild,
  kinds: StepKinds,
): ObservedRun {
  const snapshot = orchestration.state === 'Snapshotted' ? orchestration.orchestration : undefined;
  const parameters = snapshot ? withDefaults(readDeclared(snapshot), run.parameters) : run.parameters;
  const stepStatuses = repairSteps(run, snapshot?.steps, nameChild, kinds);
  return { ...run, parameters, status: { ...run.status, stepStatuses } };
}

/** Decodes a stored run leniently: malformed parts of its status count as absent. */
export function readRun(object: StoredObject, isContested: boolean): ObservedRun {
  const { metadata, status } = object;
  const { run } = decodeOrchestrationRun(object);
  const { annotations = {} } = metadata;
  const wish = annotations[Annotation.Cancel];
  const { orchestrationRef, parameters = {}, deliveryId } = run.spec;
  const resumption = readResumption(annotations);
  return {
    name: metadata.name,
    namespace: metadata.namespace,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion ?? '',
    generation: metadata.generation ?? 0,
    bucket: bucketOf(object),
    creationTimestamp: metadata.creationTimestamp ?? '',
    isBeingDeleted: metadata.deletionTimestamp !== undefined,
    isCancelled: wish === 'true' || wish === 'now',
    isCancelledNow: wish === 'now',
    isSuspended: annotations[Annotation.Suspend] === 'true',
    isTemplate: annotations[Annotation.Template] === 'true',
    ...(resumption && { resumption }),
    decisions: readDecisions(annotations),
    orchestration: orchestrationRef.name,
    parameters,
    ...(deliveryId !== undefined && { deliveryId }),
    status: decodeRunStatus(status),
    stored: asRecord(status),
    bytesBeside: measureBeside(object),
    isContested,
  };
}
