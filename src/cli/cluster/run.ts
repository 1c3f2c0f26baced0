import type { KubeObject } from '../../objects/object.ts';
import { asRecord, decodeOrchestrationRun } from '../../orchestration/decode.ts';
import { decodeRunStatus } from '../../orchestration/decode-status.ts';
import { FIELD_MANAGER, isRunFinal, type RunStatus } from '../../orchestration/run-status.ts';
import { GROUP, type OrchestrationRunSpec, TEMPLATE } from '../../orchestration/schema.ts';
import type { Outcome } from '../command.ts';

export const CANCEL = `${GROUP}/cancel`;
export const SUSPEND = `${GROUP}/suspend`;

/** An OrchestrationRun as commands see it. */
export interface Run {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly spec: OrchestrationRunSpec;
  readonly isCancelled: boolean;
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
  return {
    name,
    namespace,
    uid,
    spec: decodeOrchestrationRun(object).run.spec,
    isCancelled: annotations[CANCEL] === 'true',
    isSuspended: annotations[SUSPEND] === 'true',
    isTemplate: annotations[TEMPLATE] === 'true',
    ...(leftTo !== undefined && { leftTo }),
    status: decodeRunStatus(object['status']),
  };
}

function findOtherWriter(managedFields: unknown): string | undefined {
  const entries = Array.isArray(managedFields) ? managedFields.map(asRecord) : [];
  const writers = entries.filter(({ subresource }) => subresource === 'status').map(({ manager }) => String(manager));
  return writers.find((writer) => writer !== FIELD_MANAGER);
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
