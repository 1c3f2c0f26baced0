import { asRecord } from '../orchestration/decode.ts';
import type { KubeObject } from './snapshot.ts';
import { isFinal, readStatus } from './status.ts';

/** A ToolRun or a Job as the copy keeps it: what decisions read. Undefined for other kinds. */
export function keepForJobs(object: KubeObject): object | undefined {
  if (object['kind'] === 'ToolRun') return keepToolRun(object);
  return object['kind'] === 'Job' ? keepJob(object) : undefined;
}

/** One that has not ended is needed whole: its Job is made of it. */
function keepToolRun(object: KubeObject): object {
  if (!isFinal(readStatus(object))) return object;
  const { toolRef } = asRecord(object['spec']);
  return { ...identify(object), spec: { toolRef }, status: object['status'] };
}

function keepJob(object: KubeObject): object {
  const { ttlSecondsAfterFinished, activeDeadlineSeconds } = asRecord(object['spec']);
  return { ...identify(object), spec: { ttlSecondsAfterFinished, activeDeadlineSeconds }, status: object['status'] };
}

function identify(object: KubeObject): object {
  const { labels: _, annotations: __, ...metadata } = object.metadata;
  return { apiVersion: object['apiVersion'], kind: object['kind'], metadata };
}
