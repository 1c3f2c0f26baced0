import { decodeApprovals, decodeApprovers } from './approvals.ts';
import type { Condition } from './conditions.ts';
import { asRecord, isRecord } from './decode.ts';
import { decodeOutputs } from './outputs.ts';
import type { PreviousAttempt, ResourceRef, RunPhase, RunStatus, StepPhase, StepStatus } from './run-status.ts';

const RUN_PHASES: readonly RunPhase[] = ['Pending', 'Running', 'Succeeded', 'Failed', 'Cancelled'];
const STEP_PHASES: readonly StepPhase[] = [
  'Pending',
  'Running',
  'Retrying',
  'Succeeded',
  'Failed',
  'Skipped',
  'Cancelled',
];

const STEP_TEXTS = [
  'reason',
  'message',
  'startedAt',
  'finishedAt',
  'lastTransitionTime',
  'nextRetryAt',
  'uid',
  'inheritedFrom',
  'resumeFrom',
] as const;

const ATTEMPT_TEXTS = ['reason', 'message', 'startedAt', 'finishedAt', 'child'] as const;

/**
 * Decodes the `status` of a run from any value. A field of the wrong type counts as absent. Unknown fields of a step
 * are kept. A step whose phase is unknown to this build counts as Running.
 */
export function decodeRunStatus(status: unknown): RunStatus {
  const { phase, observedGeneration, conditions, stepStatuses, ...times } = asRecord(status);
  const known = RUN_PHASES.find((name) => name === phase);
  return {
    ...(known !== undefined && { phase: known }),
    ...texts(times, ['runId', 'startedAt', 'finishedAt', 'updatedAt']),
    ...(typeof observedGeneration === 'number' && { observedGeneration }),
    conditions: records(conditions).filter(isCondition),
    stepStatuses: records(stepStatuses).flatMap(decodeStepStatus),
  };
}

function decodeStepStatus(entry: Record<string, unknown>): StepStatus[] {
  const { name, kind, phase, attempt, resourceRef, ignored, cleanup, index, outputs: handed, ...others } = entry;
  const { storedPhase: _, approvals: decided, approvers: asked, previousAttempts, ...rest } = others;
  const previous = records(previousAttempts).flatMap(decodeAttempt);
  const isPlaced = Number.isInteger(index);
  const outputs = decodeOutputs(handed);
  const approvals = decodeApprovals(decided);
  const approvers = decodeApprovers(asked);
  if (typeof name !== 'string' && !isPlaced) return [];
  return [
    {
      // The list is written as a whole, so fields that a newer build wrote must be kept.
      ...without(rest, STEP_TEXTS),
      name: typeof name === 'string' ? name : `#${Number(index)}`,
      ...(isPlaced && { index: Number(index) }),
      kind: typeof kind === 'string' ? kind : '',
      ...readPhase(phase),
      attempt: typeof attempt === 'number' ? attempt : 0,
      ...texts(rest, STEP_TEXTS),
      ...(isResourceRef(resourceRef) && { resourceRef }),
      ...(ignored === true && { ignored }),
      ...(cleanup === true && { cleanup }),
      ...(outputs !== undefined && { outputs }),
      ...(approvers !== undefined && { approvers }),
      ...(approvals !== undefined && { approvals }),
      ...(previous.length > 0 && { previousAttempts: previous }),
    },
  ];
}

function decodeAttempt({ attempt, ...rest }: Record<string, unknown>): PreviousAttempt[] {
  const { reason, message, startedAt, finishedAt, child } = texts(rest, ATTEMPT_TEXTS);
  if (typeof attempt !== 'number' || reason === undefined || finishedAt === undefined) return [];
  return [
    {
      attempt,
      reason,
      ...(message !== undefined && { message }),
      ...(startedAt !== undefined && { startedAt }),
      finishedAt,
      ...(child !== undefined && { child }),
    },
  ];
}

function readPhase(phase: unknown): Pick<StepStatus, 'phase' | 'storedPhase'> {
  if (typeof phase !== 'string') return { phase: 'Pending' };
  const known = STEP_PHASES.find((one) => one === phase);
  return known === undefined ? { phase: 'Running', storedPhase: phase } : { phase: known };
}

function texts<Field extends string>(
  record: Record<string, unknown>,
  fields: readonly Field[],
): { [Key in Field]?: string } {
  const found = fields.flatMap((field) => (typeof record[field] === 'string' ? [[field, record[field]] as const] : []));
  return Object.fromEntries(found) as { [Key in Field]?: string };
}

function without(record: Record<string, unknown>, fields: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([field]) => !fields.includes(field)));
}

function records(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function isCondition(value: Record<string, unknown>): value is Record<string, unknown> & Condition {
  return ['type', 'status', 'reason', 'message', 'lastTransitionTime'].every(
    (field) => typeof value[field] === 'string',
  );
}

function isResourceRef(value: unknown): value is ResourceRef {
  return (
    isRecord(value) && ['apiVersion', 'kind', 'name', 'namespace'].every((field) => typeof value[field] === 'string')
  );
}
