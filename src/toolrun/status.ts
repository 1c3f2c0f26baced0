import { asRecord } from '../orchestration/decode.ts';
import type { Standing } from './outcome.ts';
import type { Condition, KubeObject, RuntimeRef, ToolRunStatus } from './snapshot.ts';

/** As in an OrchestrationRun, whose steps quote it. */
const LONGEST_MESSAGE = 256;

/** Nothing more becomes of the ToolRun. */
export function isFinal({ phase }: ToolRunStatus): boolean {
  return phase === 'Succeeded' || phase === 'Failed' || phase === 'Cancelled';
}

/** Reads the status of a stored ToolRun; its CRD vouches for the types of all but `runtimeRef`. */
export function readStatus(toolRun: KubeObject): ToolRunStatus {
  const status = asRecord(toolRun['status']);
  const { runtimeRef, conditions, ...fields } = status as unknown as ToolRunStatus;
  return {
    ...fields,
    ...(runtimeRef !== undefined && { runtimeRef: readRuntimeRef(runtimeRef) }),
    conditions: conditions ?? [],
  };
}

function readRuntimeRef(ref: unknown): RuntimeRef {
  const { type, name, namespace, uid } = asRecord(ref);
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return {
    type: text(type),
    name: text(name),
    namespace: text(namespace),
    ...(typeof uid === 'string' && { uid }),
  };
}

/** The status that says so, on top of what is stored. */
export function writeStatus(
  before: ToolRunStatus,
  { phase, reason, message, finishedAt }: Standing,
  fields: Partial<ToolRunStatus>,
  now: string,
): ToolRunStatus {
  const isOver = phase === 'Succeeded' || phase === 'Failed';
  const say = (type: string, status: Condition['status']) =>
    keepTransition(before.conditions, { type, status, reason, message: cutMessage(message), lastTransitionTime: now });
  return {
    ...before,
    ...fields,
    phase,
    ...(isOver && { finishedAt: finishedAt ?? now }),
    conditions: [
      say('Ready', phase === 'Succeeded' ? 'True' : 'False'),
      say('Progressing', isOver ? 'False' : 'True'),
      say('Succeeded', isOver ? (phase === 'Succeeded' ? 'True' : 'False') : 'Unknown'),
    ],
    updatedAt: now,
  };
}

/** A condition's time moves only with its status: Kubernetes API conventions. */
function keepTransition(before: readonly Condition[], condition: Condition): Condition {
  const stored = before.find(({ type }) => type === condition.type);
  return stored?.status === condition.status
    ? { ...condition, lastTransitionTime: stored.lastTransitionTime }
    : condition;
}

/** A message as it is stored: its beginning, where it is too long. */
export function cutMessage(message: string): string {
  // A cut may fall into the middle of a character: the API server would store something else than was sent.
  return message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE - 1).toWellFormed()}…` : message;
}
