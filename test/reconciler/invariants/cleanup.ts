import { isRunFinal, isStepFinal } from '../../../src/orchestration/run-status.ts';
import {
  type Change,
  type Check,
  cleanupMs,
  cleanupOf,
  endingOf,
  hasEnded,
  hasTimedOut,
  isDeciding,
  isEndedWithRun,
  mustCleanUp,
  type Planned,
  runIfOf,
  said,
  statusIn,
} from './moment.ts';

/**
 * Whether a step has `runIf: Always`, or its nested run cleans up. Only such steps go on in a run that ends before its
 * steps do.
 */
function isCleanup({ step, after, child }: Change): boolean {
  return (
    runIfOf(step) === 'Always' || (after.reason === 'CleaningUp' && after.phase === 'Running' && mustCleanUp(child))
  );
}

export const endsButCleanup: Check = (moment, facts, changes) => {
  if (moment.type !== 'Recorded' || changes.length === 0) return [];
  const { before, after, observation, nowMs } = moment;
  const ending = endingOf(moment, facts);
  const sinceMs = Date.parse(cleanupOf(before)?.lastTransitionTime ?? '') || nowMs;
  const isTimeUp = ending !== undefined && nowMs >= sinceMs + cleanupMs(facts);
  const open = changes.filter((change) => !isStepFinal(change.after));
  return [
    ...open.map((change) => said(ending !== undefined && !isCleanup(change), `${change.name} goes on`)),
    said(observation.run.isCancelledNow && open.length > 0, 'a run that is to end now continues'),
    said(isTimeUp && open.length > 0, 'the cleanup takes longer than it may'),
    ...changes.map((change) => {
      const { name, before: was, after: is } = change;
      const isNew = isEndedWithRun(is) && !isStepFinal(was);
      const mayEnd = isTimeUp || observation.run.isCancelledNow;
      const isEarly = isNew && runIfOf(change.step) === 'Always' && !mayEnd;
      return said(isEarly, `${name} cleans up, and was ended with the run`);
    }),
    said(isRunFinal(after) && open.length > 0, 'the run is over, and its cleanup is not'),
  ];
};

export const recordsEnding: Check = (moment, facts, changes) => {
  if (moment.type !== 'Recorded' || changes.length === 0) return [];
  const { before, after } = moment;
  const [was, is] = [cleanupOf(before), cleanupOf(after)];
  const ending = endingOf(moment, facts);
  const isDue = was !== undefined || (ending !== undefined && !isRunFinal(after));
  const status = isRunFinal(after) ? 'False' : 'True';
  return [
    said(!isDue && is !== undefined, 'the run says that it cleans up, and does not'),
    said(isDue && is?.status !== status, `CleaningUp is ${is?.status}, not ${status}`),
    said(isDue && is?.reason !== ending, `CleaningUp says ${is?.reason}, not ${ending}`),
    ...changes.map((change) => {
      const isLate = change.hasBegun || hasTimedOut(change);
      return said(isDeciding(moment, facts) && isLate, `${change.name} moved before the end was recorded`);
    }),
    said(
      was?.status === is?.status && was?.lastTransitionTime !== is?.lastTransitionTime,
      'the time of the cleanup starts anew',
    ),
  ];
};

export const asksNestedRuns: Check = (moment, facts, changes) => {
  if (moment.type === 'Planned') return checkAsked(moment);
  if (moment.type !== 'Recorded') return [];
  const ending = endingOf(moment, facts);
  return changes.flatMap(({ name, step, before, after, child }) => {
    if (before.reason !== 'CleaningUp' || before.phase !== 'Running') return [];
    const hasSucceeded = Object(child?.['status']).phase === 'Succeeded';
    // `endsButCleanup` checks when a run may end a step with `runIf: Always`.
    const wasAskedByStep = cleanupOf(moment.before) === undefined || runIfOf(step) === 'Always';
    const isOwn = wasAskedByStep && after.reason === 'StepTimedOut';
    const hasEndedOtherwise = after.phase !== 'Running' && !hasSucceeded && !isOwn && after.reason !== ending;
    const isStillAsked = after.phase === 'Running' && after.attempt === before.attempt;
    return [
      said(hasEndedOtherwise, `${name} cleaned up and ended by ${after.reason}`),
      said(isStillAsked && after.reason !== 'CleaningUp', `${name} no longer says that it cleans up`),
    ];
  });
};

/** Checks that a plan asks exactly those nested runs to end whose cleanup is awaited and that were not asked before. */
function checkAsked({ observation, actions }: Planned): string[] {
  const asked = actions.flatMap((action) => (action.type === 'CancelChild' ? [action.ref.name] : []));
  const cleaning = statusIn(actions, observation.run.status).stepStatuses.flatMap(({ phase, reason, resourceRef }) => {
    const child = observation.children.get(resourceRef?.name ?? '');
    return reason === 'CleaningUp' && phase === 'Running' && child !== undefined ? [child] : [];
  });
  const unasked = cleaning.filter(
    ({ metadata }) => !Object.keys(metadata.annotations ?? {}).some((key) => key.endsWith('/cancel')),
  );
  const names = unasked.map(({ metadata }) => metadata.name);
  return [
    ...cleaning.map((child) => said(hasEnded(child), `${child.metadata.name} has ended, and its step cleans up`)),
    said(asked.toSorted().join() !== names.toSorted().join(), `asked ${asked} to end, not ${names}`),
  ];
}
