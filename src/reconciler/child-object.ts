import { labelValue } from '../objects/names.ts';
import type { StoredObject } from '../objects/object.ts';
import { bucketLabel } from '../orchestration/buckets.ts';
import { asRecord, type Orchestration } from '../orchestration/decode.ts';
import { writeResumption } from '../orchestration/resumption.ts';
import { API_VERSION } from '../orchestration/schema.ts';
import { Annotation, Finalizer, Label } from '../orchestration/vocabulary/metadata.ts';
import { nameSnapshot } from './names.ts';
import type { Action, ObservedRun } from './observation.ts';
import { namePlace } from './places.ts';

const RUN_KIND = 'OrchestrationRun';

/**
 * Builds the child that a CreateChild action asks for. The owner reference says which run it belongs to. Labels are for
 * people, except for the label with the bucket of the run, which the replicas use. If a text is not a valid label
 * value, the label holds a hash, and the annotation of the same key holds the full text. An inner run does not get the
 * delivery label, because the agents chart keeps one record for each delivery and would mistake the inner run for the
 * outer one. An inner run that continues another one follows the current Orchestration if its outer run does. Nothing
 * else is copied from the run, because Argo CD prunes objects that carry its tracking label.
 */
export function buildChild(
  run: ObservedRun,
  { ref, spec, step, ttlSeconds, isHeld, resumeFrom }: Extract<Action, { type: 'CreateChild' }>,
) {
  const texts = {
    [Label.Run]: run.name,
    [Label.Step]: step,
    ...(run.deliveryId !== undefined && { [Label.Delivery]: run.deliveryId }),
  };
  const { apiVersion, kind, name, namespace } = ref;
  const labels = Object.fromEntries(
    Object.entries(texts)
      .filter(([key]) => key !== Label.Delivery || kind !== RUN_KIND)
      .map(([key, text]) => [key, labelValue(text)]),
  );
  const annotations = {
    ...texts,
    ...(ttlSeconds !== undefined && { [Annotation.ChildTtl]: String(ttlSeconds) }),
    ...(resumeFrom !== undefined &&
      writeResumption({ run: resumeFrom, steps: [], isLatest: run.resumption?.isLatest === true })),
  };
  return {
    apiVersion,
    kind,
    metadata: {
      ...{
        name,
        namespace,
        labels: { ...labels, ...bucketLabel(run.bucket) },
        annotations,
        ownerReferences: [blockingOwnerOf(run)],
      },
      ...(isHeld && { finalizers: [Finalizer.Outcome] }),
    },
    spec,
  };
}

/** Builds the ControllerRevision that stores the Orchestration as it was when the run started. */
export function buildSnapshot(run: ObservedRun, { orchestration }: Extract<Action, { type: 'CreateSnapshot' }>) {
  const { name, namespace, uid } = run;
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: nameSnapshot(uid),
      namespace,
      ownerReferences: [ownerOf(run)],
      annotations: { [Label.Run]: name },
    },
    data: { orchestration },
    revision: 1,
  };
}

/** Reads the Orchestration of a run from its snapshot. Undefined if the ControllerRevision is not that of the run. */
export function readSnapshot({ metadata, data }: StoredObject, runUid: string): Orchestration | undefined {
  const isOurs = metadata.ownerReferences?.some(({ uid }) => uid === runUid) === true;
  return isOurs ? (asRecord(data)['orchestration'] as Orchestration) : undefined;
}

/**
 * Builds the Lease that is a place in a group. It is deleted with its run, and does not delay the deletion of the run.
 * No part of this program reads its spec, but `kubectl get leases` shows the name of the holder.
 */
export function buildPlace(run: ObservedRun, { group, index }: Extract<Action, { type: 'CreatePlace' }>) {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: namePlace(group, index),
      namespace: run.namespace,
      labels: { [Label.Group]: group.name, [Label.Holder]: run.uid },
      annotations: { [Label.Group]: group.text, [Label.Run]: run.name },
      ownerReferences: [ownerOf(run)],
    },
    spec: { holderIdentity: run.name },
  };
}

/**
 * With this owner reference, a run that is deleted in the foreground waits until its children are gone. So nothing is
 * still running for a run that no longer exists.
 */
function blockingOwnerOf(run: ObservedRun) {
  return { ...ownerOf(run), blockOwnerDeletion: true };
}

function ownerOf({ name, uid }: ObservedRun) {
  return { apiVersion: API_VERSION, kind: RUN_KIND, name, uid, controller: true };
}
