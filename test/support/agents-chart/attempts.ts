import type { Attempt } from '../agents-controller.ts';
import { RUN_LABEL, STEP_LABEL, type Stored } from './kinds.ts';

/** Numbers the children of a step from 1, in the order in which they were seen. */
export function createAttemptNumbers(): (child: Stored) => Attempt {
  const attempts = new Map<string, string[]>();
  return ({ metadata: { uid, annotations, labels } }) => {
    // A label holds a hash where the text cannot be one.
    const { [RUN_LABEL]: run = '', [STEP_LABEL]: step = '' } = { ...labels, ...annotations };
    const uids = attempts.get(`${run}/${step}`) ?? [];
    attempts.set(`${run}/${step}`, uids);
    if (!uids.includes(uid)) uids.push(uid);
    return { run, step, attempt: uids.indexOf(uid) + 1 };
  };
}
