import { displayName } from '../../dag/display.ts';
import { isSatisfied, isStepFinal } from '../../orchestration/run-status.ts';
import { StepReason } from '../../orchestration/vocabulary/step-reasons.ts';
import { START, type StartRule, skip, wait } from './rule.ts';

/** A step starts when each of its dependencies is satisfied, and is skipped if one of them has ended unsatisfied. */
export const dependencies: StartRule = {
  judges: 'FirstAttempt',
  order: 'Dependencies',
  prepare: ({ draft }) => {
    /** Why a step was skipped, by its name. Many steps can be skipped for the same cause. */
    const causes = new Map<string, string>();
    return (index) => {
      const open = draft.dependenciesOf(index).filter((status) => !isSatisfied(status));
      const culprit = open.find(isStepFinal);
      if (culprit === undefined) return open.length > 0 ? wait() : START;
      const blamed = `${displayName(culprit.name)} failed: `;
      const root = causes.get(culprit.name) ?? `${blamed}${culprit.message ?? culprit.reason ?? 'no message'}`;
      causes.set(draft.statuses[index]?.name ?? '', root);
      const message = culprit.phase === 'Skipped' ? `dependency ${blamed}${root}` : `dependency ${root}`;
      return skip(StepReason.DependencyFailed, message);
    };
  },
};
