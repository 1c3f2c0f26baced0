import type { StoredObject } from '../../objects/object.ts';
import { listConditions } from '../conditions.ts';
import { asRecord } from '../decode.ts';
import type { Outcome } from './kind.ts';

/** How a child stands: all controllers write the end of their objects as the phase of the status. */
export function readOutcome({ kind, metadata, status }: StoredObject): Outcome {
  const { phase, ...rest } = asRecord(status);
  if (phase === 'Succeeded') return { state: 'Succeeded' };
  if (phase !== 'Failed' && phase !== 'Cancelled') return { state: 'Running' };
  const message = readCause(rest) ?? `${kind} ${metadata.name} ended ${phase}`;
  return phase === 'Failed'
    ? { state: 'Failed', reason: 'ChildFailed', message }
    : { state: 'Failed', reason: 'ChildCancelled', message, isFinal: true };
}

/** Conditions that say why a child failed, the best first, and what each then is. */
const CAUSES = { Failed: 'True', InvalidSpec: 'True', Degraded: 'True', Ready: 'False', Blocked: 'True' };

/** Why a child failed: the first message of its status and of these conditions, else the first reason. */
function readCause(status: Readonly<Record<string, unknown>>): string | undefined {
  const conditions = listConditions(status);
  const causes = Object.entries(CAUSES).map(([type, is]) =>
    conditions.find((one) => one['type'] === type && one['status'] === is),
  );
  const words = ['message', 'reason'].flatMap((field) => [status, ...causes].map((cause) => cause?.[field]));
  return words.find((word): word is string => typeof word === 'string' && word !== '');
}
