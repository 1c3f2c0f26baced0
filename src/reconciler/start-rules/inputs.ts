import { StepReason } from '../../orchestration/vocabulary/step-reasons.ts';
import { fail, START, type StartRule, skip } from './rule.ts';

/**
 * A step is skipped if an input is an output of a step that did not succeed. It fails if an input cannot be evaluated.
 */
export const inputs: StartRule = {
  judges: 'FirstAttempt',
  order: 'Dependencies',
  prepare:
    ({ childOf }) =>
    (index) => {
      const child = childOf(index);
      if (child === undefined) return START;
      if ('absent' in child) return skip(StepReason.ConditionFalse, child.absent);
      return 'failure' in child ? fail(StepReason.InputFailed, child.failure) : START;
    },
};
