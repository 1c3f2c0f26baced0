import { StepReason } from '../../orchestration/vocabulary/step-reasons.ts';
import { stepAt } from '../pass.ts';
import { fail, START, type StartRule, skip } from './rule.ts';

/** A step whose `when` is false is skipped, and one whose `when` cannot be evaluated fails. */
export const when: StartRule = {
  judges: 'FirstAttempt',
  order: 'Dependencies',
  prepare: (pass) => (index) => {
    const { step } = stepAt(pass, index);
    if (step.when === undefined) return START;
    const judged = pass.inputs.judge(step, step.when);
    if (judged.type !== 'Value') return fail(StepReason.ConditionFailed, `when: ${judged.message}`);
    return judged.value === true ? START : skip(StepReason.ConditionFalse, `when is false: ${step.when}`);
  },
};
