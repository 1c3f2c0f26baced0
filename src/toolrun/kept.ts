import type { StoredObject } from '../objects/object.ts';
import { bucketLabel, readBucket } from '../orchestration/buckets.ts';
import { asRecord } from '../orchestration/decode.ts';
import { readToolRunState } from '../orchestration/tool-run-state.ts';
import { Annotation, Label } from '../orchestration/vocabulary/metadata.ts';
import { isFinal } from './status.ts';

/** Reduces a ToolRun or a Job to what the copy keeps: the fields that decisions read. Undefined for other kinds. */
export function keepForJobs(object: StoredObject): StoredObject | undefined {
  if (object.kind === 'ToolRun') return keepToolRun(object);
  return object.kind === 'Job' ? keepJob(object) : undefined;
}

/** A ToolRun that has not ended is kept whole, because its Job is built from it. */
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
    ...pickLabels(labels),
    ...pick('annotations', annotations, Annotation.ToolRunState),
  };
  return { apiVersion: object.apiVersion, kind: object.kind, metadata: { ...metadata, ...kept } };
}

/** The labels that say which ToolRun a Job belongs to and which replica follows the object. */
function pickLabels(labels: unknown): object {
  const { [Label.ToolRun]: toolRun } = asRecord(labels);
  const bucket = bucketLabel(readBucket(labels));
  if (toolRun === undefined) return readBucket(labels) === undefined ? {} : { labels: bucket };
  return { labels: { [Label.ToolRun]: toolRun, ...bucket } };
}

function pick(field: string, texts: unknown, key: string): object {
  const text = asRecord(texts)[key];
  return text === undefined ? {} : { [field]: { [key]: text } };
}
