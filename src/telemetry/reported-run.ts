import type { StoredObject } from '../objects/object.ts';
import { asRecord } from '../orchestration/decode.ts';
import { decodeRunStatus } from '../orchestration/decode-status.ts';
import type { RunStatus } from '../orchestration/run-status.ts';

/** The part of a run that is reported. The reconciler observes more. */
export interface ReportedRun {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  /** The name of its Orchestration. */
  readonly orchestration: string;
  readonly deliveryId?: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly status: RunStatus;
}

/** Reads a whole run from the copy or from the API server. Cost: linear in its steps. */
export function readReportedRun({ metadata, spec, status }: StoredObject): ReportedRun {
  const { name, namespace, uid } = metadata;
  const { orchestrationRef, deliveryId, parameters } = asRecord(spec);
  const { name: orchestration } = asRecord(orchestrationRef);
  return {
    ...{ name, namespace, uid },
    orchestration: typeof orchestration === 'string' ? orchestration : '',
    ...(typeof deliveryId === 'string' && { deliveryId }),
    parameters: asRecord(parameters),
    status: decodeRunStatus(status),
  };
}
