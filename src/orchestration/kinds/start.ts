import type { StoredObject } from '../../objects/object.ts';
import { asRecord } from '../decode.ts';

/**
 * Returns a function that reads when the work of a child started: `status.startedAt`, or else the creation of the
 * child. If there is no `startedAt`, a child without a phase or in one of the `idle` phases has not started: undefined.
 */
export function readStartUnless(idle: readonly string[]): (child: StoredObject) => string | undefined {
  return ({ metadata, status }) => {
    const { phase, startedAt } = asRecord(status);
    if (typeof startedAt === 'string' && startedAt !== '') return startedAt;
    return typeof phase !== 'string' || phase === '' || idle.includes(phase) ? undefined : metadata.creationTimestamp;
  };
}
