import type { StoredObject } from '../objects/object.ts';
import { asRecord } from '../orchestration/decode.ts';
import { readToolRunState } from '../orchestration/tool-run-state.ts';
import { Annotation, Label } from '../orchestration/vocabulary/metadata.ts';
import { isFinal } from './status.ts';

/** A ToolRun or a Job as the copy keeps it: what decisions read. Undefined for other kinds. */
export function keepForJobs(object: StoredObject): StoredObject | undefined {
  if (object.kind === 'ToolRun') return keepToolRun(object);
  return object.kind === 'Job' ? keepJob(object) : undefined;
}

/** One that has not ended is needed whole: its Job is made of it. */
function keepToolRun(object: StoredObject): StoredObject {
  if (readToolRunState(object.metadata)?.outcome === undefined && !isFinal(asRecord(object['status']))) return object;
  const { toolRef } = asRecord(object['spec']);
  return { ...identify(object), spec: { toolRef }, status: object['status'] };
}

function keepJob(object: StoredObject): StoredObject {
  const { ttlSecondsAfterFinished, activeDeadlineSeconds } = asRecord(object['spec']);
  return { ...identify(object), spec: { ttlSecondsAfterFinished, activeDeadlineSeconds }, status: object['status'] };
}

function identify(object: StoredObject): Pick<StoredObject, 'apiVersion' | 'kind' | 'metadata'> {
  const { labels, annotations, ...metadata } = object.metadata;
  const kept = {
    ...pick('labels', labels, Label.ToolRun),
    ...pick('annotations', annotations, Annotation.ToolRunState),
  };
  return { apiVersion: object.apiVersion, kind: object.kind, metadata: { ...metadata, ...kept } };
}

function pick(field: string, texts: unknown, key: string): object {
  const text = asRecord(texts)[key];
  return text === undefined ? {} : { [field]: { [key]: text } };
}
