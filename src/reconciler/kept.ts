import { asRecord } from '../orchestration/decode.ts';
import { isRunFinal } from '../orchestration/run-status.ts';
import { GROUP } from '../orchestration/schema.ts';
import { ConditionType } from '../orchestration/vocabulary/conditions.ts';
import { Annotation } from '../orchestration/vocabulary/metadata.ts';
import { type Fields, listConditions } from './conditions.ts';
import type { KubeObject } from './snapshot.ts';

/** What is kept of each kind; of others, everything. */
const kinds: Readonly<Record<string, (object: KubeObject) => object>> = {
  OrchestrationRun: ({ spec, status }) => ({ spec: pick(spec, ['orchestrationRef']), status: keepEnd(status) }),
  AgentRun: keepChild,
  ToolRun: keepChild,
  ApprovalPolicy: ({ spec, status }) => ({
    spec: pick(spec, ['mode', 'defaultDecision']),
    status: pick(status, ['phase']),
  }),
  SignalDelivery: ({ spec }) => {
    const { deliveryId, signalRef } = asRecord(spec);
    return { spec: { deliveryId, signalRef: pick(signalRef, ['name']) } };
  },
};

/**
 * An object as the copy keeps it: what decisions read, and nothing that grows with what people put into it. A run that is
 * over is a stub, without its steps; one that lives is kept whole, since the size of all of it bounds its status.
 */
export function keepObject(object: KubeObject): KubeObject {
  const keep = kinds[object.kind];
  const { apiVersion, kind, metadata, status } = object;
  const isLive = kind === 'OrchestrationRun' && !isRunFinal(asRecord(status));
  if (keep === undefined || isLive) return object;
  return { apiVersion, kind, metadata: keepMetadata(metadata), ...keep(object) };
}

function keepChild({ spec, status }: KubeObject): object {
  return { spec: pick(spec, ['ttlSecondsAfterFinished']), status: keepOutcome(status) };
}

/** What a child says of itself. */
function keepOutcome(status: unknown): object {
  return pick(status, ['phase', 'reason', 'message', 'startedAt', 'finishedAt', 'conditions']);
}

/** Of a run's end: what its parent reads, how long it is kept, and a condition that contradicts it. */
function keepEnd(status: unknown): object {
  const end = pick(status, ['phase', 'runId', 'startedAt', 'finishedAt']);
  const isKept = ({ type, status: holds }: Fields) =>
    type === ConditionType.Expires ||
    type === ConditionType.Ready ||
    (type === ConditionType.Progressing && holds === 'True');
  return { ...end, conditions: listConditions(status).filter(isKept) };
}

function keepMetadata(metadata: KubeObject['metadata']): KubeObject['metadata'] {
  const { labels: _, managedFields: __, annotations, ...kept } = metadata as typeof metadata & Record<string, unknown>;
  const ours = Object.entries(annotations ?? {}).filter(
    ([key]) => key.startsWith(`${GROUP}/`) || key === Annotation.ToolRunState,
  );
  return ours.length === 0 ? kept : { ...kept, annotations: Object.fromEntries(ours) };
}

function pick(record: unknown, fields: readonly string[]): Record<string, unknown> {
  const from = asRecord(record);
  return Object.fromEntries(fields.flatMap((field) => (field in from ? [[field, from[field]]] : [])));
}
