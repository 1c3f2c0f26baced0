import { displayName } from '../dag/display.ts';
import type { KubeObject } from '../objects/object.ts';
import { findCondition } from '../orchestration/conditions.ts';
import { asRecord, decodeOrchestrationRun } from '../orchestration/decode.ts';
import { decodeRunStatus } from '../orchestration/decode-status.ts';
import { isStepFinal, type RunStatus } from '../orchestration/run-status.ts';
import { ConditionType } from '../orchestration/vocabulary/conditions.ts';
import type { Entry, EntryKind } from './page/protocol.ts';

/** Returns an object as an entry of a list. Undefined for a kind that the page does not list. */
export function describeEntry(object: KubeObject): Entry | undefined {
  const { kind, metadata } = object;
  if (!isEntryKind(kind)) return undefined;
  const status = decodeRunStatus(object['status']);
  const { phase } = asRecord(object['status']);
  const head = {
    kind,
    name: metadata.name,
    phase: typeof phase === 'string' ? displayName(phase) : '',
    createdAt: metadata.creationTimestamp ?? '',
  };
  if (kind === 'Orchestration') return { ...head, message: '' };
  const { startedAt, finishedAt, stepStatuses } = status;
  return {
    ...head,
    message: describeReady(status),
    orchestration: displayName(decodeOrchestrationRun(object).run.spec.orchestrationRef.name),
    ...(startedAt !== undefined && { startedAt }),
    ...(finishedAt !== undefined && { finishedAt }),
    ...(stepStatuses.length > 0 && {
      progress: { done: stepStatuses.filter(isStepFinal).length, total: stepStatuses.length },
    }),
  };
}

/** Returns true if the page lists objects of this kind. */
export function isEntryKind(kind: string): kind is EntryKind {
  return kind === 'Orchestration' || kind === 'OrchestrationRun';
}

function describeReady({ conditions }: RunStatus): string {
  return findCondition(conditions, ConditionType.Ready)?.message ?? '';
}
