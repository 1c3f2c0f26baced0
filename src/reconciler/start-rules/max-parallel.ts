import { maxParallel as readLimit } from '../../orchestration/durations.ts';
import type { StepStatus } from '../../orchestration/run-status.ts';
import { findUnwanted } from '../children.ts';
import type { Pass } from '../pass.ts';
import { START, type StartRule, wait } from './rule.ts';

/** At most `policies.maxParallel` children of a run exist at once. */
export const maxParallel: StartRule = {
  judges: 'EachAttempt',
  order: 'Starts',
  prepare: (pass) => {
    const limit = readLimit(pass.orchestration);
    if (limit === 0) return () => START;
    let room = limit - countTaken(pass);
    return (index) => {
      const child = pass.childOf(index);
      if (child === undefined) return START;
      const attempt = (pass.draft.statuses[index]?.attempt ?? 0) + 1;
      const who = attempt > 1 ? `attempt ${attempt} waits` : 'waits';
      if (room <= 0) return wait(`${who} for room: policies.maxParallel is ${limit}`);
      if ('spec' in child) room -= 1;
      return START;
    };
  },
};

/** Counts the children that exist. A child that timed out counts until it is gone. */
function countTaken({ draft, observation }: Pass): number {
  const isTaking = (status: StepStatus) =>
    (status.phase === 'Running' && status.resourceRef !== undefined) || findUnwanted(observation, status) !== undefined;
  return draft.statuses.filter(isTaking).length;
}
