import type { StoredObject } from '../../objects/object.ts';
import { asRecord } from '../decode.ts';

/**
 * When the work of a child began: its `status.startedAt`, or its creation if it says only that it works. Undefined in one of
 * these phases, and without any: nobody has begun.
 */
export function readStartUnless(idle: readonly string[]): (child: StoredObject) => string | undefined {
  return ({ metadata, status }) => {
    const { phase, startedAt } = asRecord(status);
    if (typeof startedAt === 'string' && startedAt !== '') return startedAt;
    return typeof phase !== 'string' || phase === '' || idle.includes(phase) ? undefined : metadata.creationTimestamp;
  };
}
