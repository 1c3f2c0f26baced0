import type { StoredObject } from '../../objects/object.ts';
import { listConditions } from '../conditions.ts';
import { asRecord } from '../decode.ts';
import { ConditionType, ForeignConditionType } from '../vocabulary/conditions.ts';
import { StepReason } from '../vocabulary/step-reasons.ts';
import type { Outcome } from './kind.ts';

/** How a child stands: all controllers write the end of their objects as the phase of the status. */
export function readOutcome({ kind, metadata, status }: StoredObject): Outcome {
  const { phase, ...rest } = asRecord(status);
  if (phase === 'Succeeded') return { state: 'Succeeded' };
  if (phase !== 'Failed' && phase !== 'Cancelled') return { state: 'Running' };
  const message = readCause(rest) ?? `${kind} ${metadata.name} ended ${phase}`;
  return phase === 'Failed'
    ? { state: 'Failed', reason: StepReason.ChildFailed, message }
    : { state: 'Failed', reason: StepReason.ChildCancelled, message, isFinal: true };
}

/** Conditions that say why a child failed, the best first, and what each then is. */
const CAUSES: readonly (readonly [ConditionType | ForeignConditionType, 'True' | 'False'])[] = [
  [ForeignConditionType.Failed, 'True'],
  [ForeignConditionType.InvalidSpec, 'True'],
  [ForeignConditionType.Degraded, 'True'],
  [ConditionType.Ready, 'False'],
  [ForeignConditionType.Blocked, 'True'],
];

/** Why a child failed: the first message of its status and of these conditions, else the first reason. */
function readCause(status: Readonly<Record<string, unknown>>): string | undefined {
  const conditions = listConditions(status);
  const causes = CAUSES.map(([type, is]) => conditions.find((one) => one['type'] === type && one['status'] === is));
  const words = ['message', 'reason'].flatMap((field) => [status, ...causes].map((cause) => cause?.[field]));
  return words.find((word): word is string => typeof word === 'string' && word !== '');
}
