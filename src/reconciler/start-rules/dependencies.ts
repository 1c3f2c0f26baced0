import { displayName } from '../../dag/display.ts';
import { runIfOf } from '../../orchestration/run-if.ts';
import { isSatisfied, isStepFinal } from '../../orchestration/run-status.ts';
import { StepReason } from '../../orchestration/vocabulary/step-reasons.ts';
import { findUnwanted } from '../children.ts';
import { type Pass, stepAt } from '../pass.ts';
import { START, type StartRule, skip, type Verdict, wait } from './rule.ts';

/**
 * A step starts as its `runIf` says. With Succeeded, it starts when each of its dependencies is satisfied, and is
 * skipped as soon as one of them has ended unsatisfied. With Failed and Always, it waits until all of its ancestors are
 * final and the children that were ended are gone, so that nothing that it cleans up still changes.
 */
export const dependencies: StartRule = {
  judges: 'FirstAttempt',
  order: 'Dependencies',
  prepare: (pass) => {
    const { dependenciesOf } = pass.draft;
    const ends = createEnds(pass);
    const isFailed = (index: number) => ends.of(index).cause !== undefined;

    function afterSuccess(index: number): Verdict {
      const culprit = dependenciesOf(index).find(isFailed);
      if (culprit !== undefined) return skip(StepReason.DependencyFailed, ends.blame(culprit));
      return dependenciesOf(index).every((at) => isSatisfied(stepAt(pass, at).status)) ? START : wait();
    }

    return (index) => {
      const runIf = runIfOf(stepAt(pass, index).step);
      if (runIf === 'Succeeded') return afterSuccess(index);
      if (!dependenciesOf(index).every((at) => ends.of(at).isOver)) return wait();
      return runIf === 'Always' || dependenciesOf(index).some(isFailed)
        ? START
        : skip(StepReason.ConditionFalse, 'runIf is Failed, and no dependency has failed');
    };
  },
};

/** What the end of a step means for its dependents. */
interface End {
  /** The step and all of its ancestors are final, and the children that were ended are gone. */
  readonly isOver: boolean;
  /**
   * The root cause of the failure that the step passes on to its dependents. Many steps can share it. A step that ran
   * after a failure, because of its `runIf`, does not hide that failure.
   */
  readonly cause?: string | undefined;
}

/** Reads the end of each step once, after those of its dependencies: a rule judges steps in the same order. */
function createEnds(pass: Pass) {
  const { draft, observation } = pass;
  const ends = new Map<number, End>();
  let read = 0;

  function of(index: number): End {
    for (let at = draft.order[read]; at !== undefined && !ends.has(index); at = draft.order[++read])
      if (!ends.has(at)) ends.set(at, readEnd(at));
    return ends.get(index) ?? { isOver: false };
  }

  function readEnd(index: number): End {
    const { step, status } = stepAt(pass, index);
    if (!isStepFinal(status)) return { isOver: false };
    const before = draft.dependenciesOf(index).map(of);
    const isOver = findUnwanted(observation, status) === undefined && before.every((end) => end.isOver);
    const earlier = before.find(({ cause }) => cause !== undefined)?.cause;
    if (isSatisfied(status)) return runIfOf(step) === 'Succeeded' ? { isOver } : { isOver, cause: earlier };
    const ended = status.phase === 'Skipped' ? 'was skipped' : 'failed';
    const own = `${displayName(status.name)} ${ended}: ${status.message ?? status.reason ?? 'no message'}`;
    return { isOver, cause: status.reason === StepReason.DependencyFailed ? (earlier ?? own) : own };
  }

  return {
    of,
    /** Returns the message for a step that is skipped because of a dependency. */
    blame(culprit: number): string {
      const { status } = stepAt(pass, culprit);
      const { cause } = of(culprit);
      const name = displayName(status.name);
      const isSkipped = status.phase === 'Skipped';
      if (isSatisfied(status))
        return `dependency ${name} ${isSkipped ? 'was skipped' : 'ran'} after a failure: ${cause}`;
      return isSkipped ? `dependency ${name} was skipped: ${cause}` : `dependency ${cause}`;
    },
  };
}
