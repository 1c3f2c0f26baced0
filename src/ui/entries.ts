import { listWaiting } from '../cli/cluster/approvers.ts';
import { readRun } from '../cli/cluster/run.ts';
import { controllerOf, type KubeObject } from '../objects/object.ts';
import { findCondition, listConditions } from '../orchestration/conditions.ts';
import { asRecord } from '../orchestration/decode.ts';
import { isRunFinal, type StepStatus } from '../orchestration/run-status.ts';
import { ConditionType } from '../orchestration/vocabulary/conditions.ts';
import { Annotation } from '../orchestration/vocabulary/metadata.ts';
import type { Entry, EntryKind, OrchestrationEntry, RunEntry, StepCounts } from './page/protocol.ts';
import { viewName, viewText } from './texts.ts';

/** The part of an object that the copy keeps: its identity and its entry. It is so small that 10,000 of them fit. */
export interface Stub extends KubeObject {
  readonly entry: Entry;
}

/** Reduces an object of a kind that the page lists to its stub. */
export function keepStub(object: KubeObject): Stub {
  const { apiVersion, kind, metadata } = object;
  const { name, namespace, uid, resourceVersion, generation } = metadata;
  const identity = { namespace, uid, resourceVersion, generation };
  const known = Object.fromEntries(Object.entries(identity).filter(([, value]) => value !== undefined));
  return { apiVersion, kind, metadata: { name, ...known }, entry: describeEntry(object) };
}

/** Returns true if the page lists objects of this kind. */
export function isEntryKind(kind: unknown): kind is EntryKind {
  return kind === 'Orchestration' || kind === 'OrchestrationRun';
}

function describeEntry(object: KubeObject): Entry {
  return object.kind === 'Orchestration' ? describeOrchestration(object) : describeRun(object);
}

function describeOrchestration(object: KubeObject): OrchestrationEntry {
  return { kind: 'Orchestration', ...describeHead(object) };
}

function describeRun(object: KubeObject): RunEntry {
  const { spec, status, isCancelled, isSuspended, isTemplate } = readRun(object);
  const { startedAt, finishedAt, stepStatuses } = status;
  const parent = controllerOf(object, 'OrchestrationRun')?.name;
  const resumes = object.metadata.annotations?.[Annotation.ResumeFrom];
  const waiting = isRunFinal(status) ? [] : listWaiting(status).map(({ name }) => name);
  return {
    kind: 'OrchestrationRun',
    ...describeHead(object),
    orchestration: viewName(spec.orchestrationRef.name),
    ...timeOf('startedAt', startedAt),
    ...timeOf('finishedAt', finishedAt),
    ...(stepStatuses.length > 0 && { steps: countSteps(stepStatuses) }),
    ...(parent !== undefined && { parent }),
    ...(resumes !== undefined && { resumes: viewName(resumes) }),
    ...(waiting.length > 0 && { waitsForApproval: waiting }),
    ...(isSuspended && { isSuspended }),
    ...(isCancelled && { isCancelled }),
    ...(isTemplate && { isTemplate }),
  };
}

function describeHead({ metadata, status }: KubeObject) {
  const { phase } = asRecord(status);
  const message = findCondition(listConditions(status), ConditionType.Ready)?.['message'];
  const { name, creationTimestamp = '', labels = {} } = metadata;
  return {
    name,
    createdAt: Date.parse(creationTimestamp) || 0,
    ...(typeof phase === 'string' && { phase: viewName(phase) }),
    ...(typeof message === 'string' && message !== '' && { message: viewText('', message).value }),
    ...(Object.keys(labels).length > 0 && { labels }),
  };
}

/** A malformed time counts as absent. */
function timeOf<Field extends string>(field: Field, text: string | undefined): { [Key in Field]?: number } {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? {} : ({ [field]: time } as { [Key in Field]?: number });
}

const COUNTED = {
  Pending: undefined,
  Running: 'running',
  Retrying: 'running',
  Succeeded: 'succeeded',
  Failed: 'failed',
  Skipped: 'skipped',
  Cancelled: 'cancelled',
} as const;

function countSteps(steps: readonly StepStatus[]): StepCounts {
  const counts: { -readonly [Key in keyof StepCounts]: StepCounts[Key] } = { total: steps.length };
  for (const { phase } of steps) {
    const counted = COUNTED[phase];
    if (counted !== undefined) counts[counted] = (counts[counted] ?? 0) + 1;
  }
  return counts;
}
