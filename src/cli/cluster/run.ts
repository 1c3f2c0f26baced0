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
  /** Whether the run is cancelled without cleanup. */
  readonly isCancelledNow: boolean;
  readonly isSuspended: boolean;
  readonly isTemplate: boolean;
  /**
   * The field manager of another controller that writes the run's status. The reconciler leaves the run to that
   * controller.
   */
  readonly leftTo?: string;
  readonly status: RunStatus;
}

/** Reads a run from any object. Malformed fields count as absent. */
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

/** Whether the run is only a template to copy, which never starts. */
export function isIdleTemplate({ isTemplate, status }: Run): boolean {
  return isTemplate && (status.phase ?? 'Pending') === 'Pending';
}

/** Whether the run has reached its final phase. */
export function hasEnded({ status }: Run): boolean {
  return isRunFinal(status);
}

/** Returns the exit code of a command that waited for the end of a run. */
export function exitCodeOf({ status }: Run): Outcome['exitCode'] {
  return status.phase === 'Succeeded' ? 0 : 1;
}
