import { labelValue } from '../objects/names.ts';
import { API_VERSION } from '../orchestration/schema.ts';
import { Annotation, Finalizer, Label } from '../orchestration/vocabulary/metadata.ts';
import { nameSnapshot } from './names.ts';
import type { Action, ObservedRun } from './observation.ts';

const RUN_KIND = 'OrchestrationRun';

/**
 * The child that a CreateChild asks for. Its owner reference says whose it is; labels are for people, and hold a hash
 * where the text cannot be a label: annotations of the same keys have it whole. An inner run is not labelled with the
 * delivery: the agents chart keeps one record for each, and would take the inner run for the outer. Nothing else is copied
 * from the run, since Argo CD prunes what carries its tracking label.
 */
export function buildChild(
  run: ObservedRun,
  { ref, spec, step, ttlSeconds, isHeld }: Extract<Action, { type: 'CreateChild' }>,
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
  const annotations = { ...texts, ...(ttlSeconds !== undefined && { [Annotation.ChildTtl]: String(ttlSeconds) }) };
  return {
    apiVersion,
    kind,
    metadata: {
      ...{ name, namespace, labels, annotations, ownerReferences: [blockingOwnerOf(run)] },
      ...(isHeld && { finalizers: [Finalizer.Outcome] }),
    },
    spec,
  };
}

/** The ControllerRevision that keeps the Orchestration as it was when the run started. */
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

/** The run waits for its children when it is deleted in the foreground: one that is gone runs no more. */
function blockingOwnerOf(run: ObservedRun) {
  return { ...ownerOf(run), blockOwnerDeletion: true };
}

function ownerOf({ name, uid }: ObservedRun) {
  return { apiVersion: API_VERSION, kind: RUN_KIND, name, uid, controller: true };
}
