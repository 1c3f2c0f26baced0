import type { KubeObject } from '../../objects/object.ts';
import { asRecord, decodeOrchestrationRun } from '../../orchestration/decode.ts';
import { decodeRunStatus } from '../../orchestration/decode-status.ts';
import { isRunFinal, type RunStatus } from '../../orchestration/run-status.ts';
import type { OrchestrationRunSpec } from '../../orchestration/schema.ts';
import { Annotation, FieldManager } from '../../orchestration/vocabulary/metadata.ts';
import type { Outcome } from '../command.ts';

/** An OrchestrationRun as commands see it. */
export interface Run {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly spec: OrchestrationRunSpec;
  readonly isCancelled: boolean;
  /** Without cleanup. */
  readonly isCancelledNow: boolean;
  readonly isSuspended: boolean;
  readonly isTemplate: boolean;
  /** As whom another controller writes its status: the reconciler leaves the run to that one. */
  readonly leftTo?: string;
  readonly status: RunStatus;
}

/** Reads a run from anything: what is malformed counts as absent. */
export function readRun(object: KubeObject): Run {
  const { name, namespace = '', uid = '', annotations = {}, managedFields } = object.metadata;
  const leftTo = findOtherWriter(managedFields);
  const wish = annotations[Annotation.Cancel];
  return {
    name,
    namespace,
    uid,
    spec: decodeOrchestrationRun(object).run.spec,
    isCancelled: wish === 'true' || wish === 'now',
    isCancelledNow: wish === 'now',
    isSuspended: annotations[Annotation.Suspend] === 'true',
    isTemplate: annotations[Annotation.Template] === 'true',
    ...(leftTo !== undefined && { leftTo }),
    status: decodeRunStatus(object['status']),
  };
}

function findOtherWriter(managedFields: unknown): string | undefined {
  const entries = Array.isArray(managedFields) ? managedFields.map(asRecord) : [];
  const writers = entries.filter(({ subresource }) => subresource === 'status').map(({ manager }) => String(manager));
  return writers.find((writer) => writer !== FieldManager.Reconciler);
}

/** Whether the run is there to be copied: it never starts. */
export function isIdleTemplate({ isTemplate, status }: Run): boolean {
  return isTemplate && (status.phase ?? 'Pending') === 'Pending';
}

/** Nothing more becomes of the run. */
export function hasEnded({ status }: Run): boolean {
  return isRunFinal(status);
}

/** What the outcome of a run that has ended means to whoever waits for it. */
export function exitCodeOf({ status }: Run): Outcome['exitCode'] {
  return status.phase === 'Succeeded' ? 0 : 1;
}
