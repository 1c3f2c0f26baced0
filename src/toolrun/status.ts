import { type Condition, keepTransition } from '../orchestration/conditions.ts';
import { asRecord } from '../orchestration/decode.ts';
import { cutMessage } from '../orchestration/messages.ts';
import { ConditionType, ForeignConditionType, ForeignReason } from '../orchestration/vocabulary/conditions.ts';
import type { RuntimeRef, ToolRunStatus } from './observation.ts';
import type { Shown } from './outcome.ts';

/** Room for what an admission webhook says, and still less than a status that is written often should hold. */
export const LONGEST_MESSAGE = 1_024;

/**
 * All that the status of a ToolRun holds. The supporting controller of the agents chart sends these fields and no others, and
 * writes again and again as long as there are more.
 */
const FIELDS: ReadonlySet<string> = new Set(['phase', 'observedGeneration', 'conditions', 'updatedAt']);

/** Conditions that speak of the execution; the others are of an executor that ran it before us. */
const OUTDATED: readonly string[] = [
  ForeignConditionType.Accepted,
  ForeignConditionType.InProgress,
  ForeignConditionType.Running,
  ForeignConditionType.Failed,
  ForeignConditionType.Degraded,
  ConditionType.EngineFault,
];

/** Nothing more becomes of the ToolRun. */
export function isFinal({ phase }: Pick<ToolRunStatus, 'phase'>): boolean {
  return phase === 'Succeeded' || phase === 'Failed' || phase === 'Cancelled';
}

/** Reads a stored status; its CRD vouches for the types of all but `runtimeRef`. */
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

/** The fields of a stored status that it should not have. */
export function findStrays(stored: unknown): readonly string[] {
  return Object.keys(asRecord(stored)).filter((field) => !FIELDS.has(field));
}

/** The status that says so, on top of what is stored. */
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

/** Ready, as the supporting controller gives it to every ToolRun; another one it would replace. */
function isTheirs({ type, reason }: Condition): boolean {
  return type === ConditionType.Ready && reason === ForeignReason.Observed;
}
