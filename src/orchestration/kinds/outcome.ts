import type { StoredObject } from '../../objects/object.ts';
import { listConditions } from '../conditions.ts';
import { asRecord } from '../decode.ts';
import { ConditionType, ForeignConditionType } from '../vocabulary/conditions.ts';
import { StepReason } from '../vocabulary/step-reasons.ts';
import type { Outcome } from './kind.ts';

/** Reads the outcome of a child. All controllers write the end of their objects as `status.phase`. */
export function readOutcome({ kind, metadata, status }: StoredObject): Outcome {
  const { phase, ...rest } = asRecord(status);
  if (phase === 'Succeeded') return { state: 'Succeeded' };
  if (phase !== 'Failed' && phase !== 'Cancelled') return { state: 'Running' };
  const message = readCause(rest) ?? `${kind} ${metadata.name} ended ${phase}`;
  return phase === 'Failed'
    ? { state: 'Failed', reason: StepReason.ChildFailed, message }
    : { state: 'Failed', reason: StepReason.ChildCancelled, message, isFinal: true };
}

/** The conditions that give the cause of a failure, the best first, with the status that each then has. */
const CAUSES: readonly (readonly [ConditionType | ForeignConditionType, 'True' | 'False'])[] = [
  [ForeignConditionType.Failed, 'True'],
  [ForeignConditionType.InvalidSpec, 'True'],
  [ForeignConditionType.Degraded, 'True'],
  [ConditionType.Ready, 'False'],
  [ForeignConditionType.Blocked, 'True'],
];

/**
 * Returns the cause of a child's failure: the first message in its status and these conditions, or else the first
 * reason.
 */
function readCause(status: Readonly<Record<string, unknown>>): string | undefined {
  const conditions = listConditions(status);
  const causes = CAUSES.map(([type, is]) => conditions.find((one) => one['type'] === type && one['status'] === is));
  const words = ['message', 'reason'].flatMap((field) => [status, ...causes].map((cause) => cause?.[field]));
  return words.find((word): word is string => typeof word === 'string' && word !== '');
}
