import { type Condition, keepTransition } from '../orchestration/conditions.ts';
import { asRecord } from '../orchestration/decode.ts';
import { cutMessage } from '../orchestration/messages.ts';
import { ConditionType, ForeignConditionType, ForeignReason } from '../orchestration/vocabulary/conditions.ts';
import type { RuntimeRef, ToolRunStatus } from './observation.ts';
import type { Shown } from './outcome.ts';

/**
 * The most characters of a message: enough for the message of an admission webhook, and few enough for a status that is
 * written often.
 */
export const LONGEST_MESSAGE = 1_024;

/**
 * The only fields in the status of a ToolRun. The supporting controller of the agents chart sends these fields and no
 * others. As long as the status has more fields, it writes again and again.
 */
const FIELDS: ReadonlySet<string> = new Set(['phase', 'observedGeneration', 'conditions', 'updatedAt']);

/** Conditions that are removed: those about the execution, which an earlier executor wrote, and EngineFault. */
const OUTDATED: readonly string[] = [
  ForeignConditionType.Accepted,
  ForeignConditionType.InProgress,
  ForeignConditionType.Running,
  ForeignConditionType.Failed,
  ForeignConditionType.Degraded,
  ConditionType.EngineFault,
];

/** Whether the phase is final. */
export function isFinal({ phase }: Pick<ToolRunStatus, 'phase'>): boolean {
  return phase === 'Succeeded' || phase === 'Failed' || phase === 'Cancelled';
}

/** Reads a stored status. The CRD guarantees the types of all fields but `runtimeRef`. */
export function readStatus(stored: unknown): ToolRunStatus {
  const { runtimeRef, conditions, ...fields } = asRecord(stored) as unknown as ToolRunStatus;
  return {
    ...fields,
    ...(runtimeRef !== undefined && { runtimeRef: readRuntimeRef(runtimeRef) }),
    conditions: conditions ?? [],
  };
}

function readRuntimeRef(ref: unknown): RuntimeRef {
  const { type, name, uid } = asRecord(ref);
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return { type: text(type), name: text(name), ...(typeof uid === 'string' && { uid }) };
}

/** The fields of a stored status that must be removed. */
export function findStrays(stored: unknown): readonly string[] {
  return Object.keys(asRecord(stored)).filter((field) => !FIELDS.has(field));
}

/** Returns the stored status with this state in it. */
export function writeStatus(
  before: ToolRunStatus,
  { phase, reason, message }: Shown,
  observedGeneration: number | undefined,
  now: string,
): ToolRunStatus {
  const isOver = isFinal({ phase });
  const say = (type: ConditionType, status: Condition['status']) =>
    keepTransition(before, { type, status, reason, message: cutMessage(message, { longest: LONGEST_MESSAGE }) }, now);
  const said = [
    ...(before.conditions.some(isTheirs) ? [] : [say(ConditionType.Ready, phase === 'Succeeded' ? 'True' : 'False')]),
    say(ConditionType.Progressing, isOver ? 'False' : 'True'),
    say(ConditionType.Succeeded, isOver ? (phase === 'Succeeded' ? 'True' : 'False') : 'Unknown'),
  ];
  const types = new Set([...OUTDATED, ...said.map(({ type }) => type)]);
  return {
    ...(observedGeneration !== undefined && { observedGeneration }),
    phase,
    conditions: [...before.conditions.filter(({ type }) => !types.has(type)), ...said],
    updatedAt: now,
  };
}

/**
 * Whether this is the Ready condition that the supporting controller sets on every ToolRun. It would replace any other
 * Ready condition.
 */
function isTheirs({ type, reason }: Condition): boolean {
  return type === ConditionType.Ready && reason === ForeignReason.Observed;
}
