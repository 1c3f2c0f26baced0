import type { StoredObject } from '../objects/object.ts';
import { bucketLabel, readBucket } from '../orchestration/buckets.ts';
import { listConditions } from '../orchestration/conditions.ts';
import { asRecord, pick } from '../orchestration/decode.ts';
import { stepKinds } from '../orchestration/kinds/table.ts';
import { isRunFinal } from '../orchestration/run-status.ts';
import { GROUP } from '../orchestration/schema.ts';
import { ConditionType } from '../orchestration/vocabulary/conditions.ts';
import { Annotation } from '../orchestration/vocabulary/metadata.ts';
import { BYTES_BESIDE, measureBeside } from './status-size.ts';

/**
 * Reduces an object to what the copy keeps: the fields that decisions read, and none that grow with user input. A
 * finished run is kept as a stub without its steps. A live run is kept whole, except for its last-applied annotation,
 * because its next status can repeat what the stored one says. The size of the run without its status is kept as a
 * number, because it limits the size of the status.
 */
export function keepObject(object: StoredObject, kinds = stepKinds): StoredObject {
  const { apiVersion, kind, metadata, status } = object;
  const isRun = kind === 'OrchestrationRun';
  const stepKind = kinds.ofObject(kind);
  if (stepKind === undefined) return object;
  if (isRun && !isRunFinal(asRecord(status))) return keepLive(object);
  const keep = isRun ? keepRun : stepKind.type === 'Gate' ? stepKind.keep : keepChild;
  return { apiVersion, kind, metadata: keepMetadata(metadata), ...keep(object) };
}

function keepLive(object: StoredObject): StoredObject {
  const { metadata } = object;
  const { [Annotation.LastApplied]: applied, ...annotations } = metadata.annotations ?? {};
  const kept = applied === undefined ? metadata : { ...metadata, annotations };
  return { ...object, metadata: kept, [BYTES_BESIDE]: measureBeside(object) };
}

function keepRun({ spec, status }: StoredObject): object {
  return { spec: pick(spec, ['orchestrationRef']), status: keepEnd(status) };
}

function keepChild({ spec, status }: StoredObject): object {
  return { spec: pick(spec, ['ttlSecondsAfterFinished']), status: keepOutcome(status) };
}

/** The fields in which a child reports its state. */
function keepOutcome(status: unknown): object {
  return pick(status, ['phase', 'reason', 'message', 'startedAt', 'finishedAt', 'conditions']);
}

/**
 * The end of a run: what its parent reads, how long the run is kept, the place that it has to release, and conditions that
 * contradict the end.
 */
function keepEnd(status: unknown): object {
  const end = pick(status, ['phase', 'runId', 'startedAt', 'finishedAt']);
  const isKept = ({ type, status: holds }: Readonly<Record<string, unknown>>) =>
    type === ConditionType.Expires ||
    type === ConditionType.Ready ||
    ((type === ConditionType.Progressing || type === ConditionType.HoldsPlace) && holds === 'True');
  return { ...end, conditions: listConditions(status).filter(isKept) };
}

function keepMetadata(metadata: StoredObject['metadata']): StoredObject['metadata'] {
  const { labels, managedFields: _, annotations, ...rest } = metadata as typeof metadata & Record<string, unknown>;
  const bucket = readBucket(labels);
  const kept = bucket === undefined ? rest : { ...rest, labels: bucketLabel(bucket) };
  const ours = Object.entries(annotations ?? {}).filter(
    ([key]) => key.startsWith(`${GROUP}/`) || key === Annotation.ToolRunState,
  );
  return ours.length === 0 ? kept : { ...kept, annotations: Object.fromEntries(ours) };
}
