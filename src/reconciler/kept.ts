import type { StoredObject } from '../objects/object.ts';
import { listConditions } from '../orchestration/conditions.ts';
import { asRecord, pick } from '../orchestration/decode.ts';
import { stepKinds } from '../orchestration/kinds/table.ts';
import { isRunFinal } from '../orchestration/run-status.ts';
import { GROUP } from '../orchestration/schema.ts';
import { ConditionType } from '../orchestration/vocabulary/conditions.ts';
import { Annotation } from '../orchestration/vocabulary/metadata.ts';

/**
 * An object as the copy keeps it: what decisions read, and nothing that grows with what people put into it. A run that is
 * over is a stub, without its steps; one that lives is kept whole, since the size of all of it bounds its status.
 */
export function keepObject(object: StoredObject, kinds = stepKinds): StoredObject {
  const { apiVersion, kind, metadata, status } = object;
  const isRun = kind === 'OrchestrationRun';
  const stepKind = kinds.ofObject(kind);
  if (stepKind === undefined || (isRun && !isRunFinal(asRecord(status)))) return object;
  const keep = isRun ? keepRun : stepKind.type === 'Gate' ? stepKind.keep : keepChild;
  return { apiVersion, kind, metadata: keepMetadata(metadata), ...keep(object) };
}

function keepRun({ spec, status }: StoredObject): object {
  return { spec: pick(spec, ['orchestrationRef']), status: keepEnd(status) };
}

function keepChild({ spec, status }: StoredObject): object {
  return { spec: pick(spec, ['ttlSecondsAfterFinished']), status: keepOutcome(status) };
}

/** What a child says of itself. */
function keepOutcome(status: unknown): object {
  return pick(status, ['phase', 'reason', 'message', 'startedAt', 'finishedAt', 'conditions']);
}

/** Of a run's end: what its parent reads, how long it is kept, and a condition that contradicts it. */
function keepEnd(status: unknown): object {
  const end = pick(status, ['phase', 'runId', 'startedAt', 'finishedAt']);
  const isKept = ({ type, status: holds }: Readonly<Record<string, unknown>>) =>
    type === ConditionType.Expires ||
    type === ConditionType.Ready ||
    (type === ConditionType.Progressing && holds === 'True');
  return { ...end, conditions: listConditions(status).filter(isKept) };
}

function keepMetadata(metadata: StoredObject['metadata']): StoredObject['metadata'] {
  const { labels: _, managedFields: __, annotations, ...kept } = metadata as typeof metadata & Record<string, unknown>;
  const ours = Object.entries(annotations ?? {}).filter(
    ([key]) => key.startsWith(`${GROUP}/`) || key === Annotation.ToolRunState,
  );
  return ours.length === 0 ? kept : { ...kept, annotations: Object.fromEntries(ours) };
}
