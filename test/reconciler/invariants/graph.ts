import { isRunFinal, isStepFinal } from '../../../src/orchestration/run-status.ts';
import {
  type Change,
  type Check,
  type Created,
  cleanupOf,
  endingOf,
  type Facts,
  hasEnded,
  isBroken,
  isChildKind,
  isEndedWithRun,
  isHolding,
  isLetRun,
  isOver,
  isReady,
  isSatisfied,
  leavesFailure,
  limitOf,
  runIfOf,
  said,
  whenOf,
} from './moment.ts';

export const startsSatisfied: Check = (moment, facts, changes) => {
  if (moment.type === 'Created') return checkCreated(moment, facts);
  return changes.flatMap((change) => {
    const { name, step, before, after, hasBegun } = change;
    const isNewFailure = after.phase === 'Failed' && before.phase !== 'Failed';
    const isIgnored = after.ignored === true;
    return [
      said(hasBegun && !isLetRun(change), `${name} began too early`),
      said(hasBegun && whenOf(step) !== 'True', `${name} began although its condition is ${whenOf(step)}`),
      said(
        isNewFailure && isIgnored !== (!isEndedWithRun(after) && step.continueOnFailure === true),
        `${name} has failed, and ignored is ${after.ignored}`,
      ),
      said(isIgnored && after.phase !== 'Failed', `${name} is ${after.phase} and ignored`),
    ];
  });
};

/**
 * Checks that a child is created only after the steps before it let its step run. If its `runIf` is `Succeeded`, they
 * are satisfied. Otherwise, all ancestors are final and their children have ended.
 */
function checkCreated({ stored, child, children, step }: Created, { steps, edges }: Facts): string[] {
  const index = steps.findIndex(({ name }) => name === step);
  const { name } = child.metadata;
  if (runIfOf(steps[index] ?? {}) === 'Succeeded') {
    const open = (edges[index] ?? []).filter(
      (edge) => !stored.stepStatuses[edge] || !isSatisfied(stored.stepStatuses[edge]),
    );
    return [said(open.length > 0, `${name} was created while its dependencies were not satisfied`)];
  }
  return listAncestors(edges, index).flatMap((ancestor) => {
    const status = stored.stepStatuses[ancestor];
    const own = children.filter((other) => other.metadata.name.startsWith(`${steps[ancestor]?.name}.`));
    return [
      said(!status || !isStepFinal(status), `${name} was created while ${steps[ancestor]?.name} was not final`),
      ...own.filter((other) => !hasEnded(other)).map((other) => `${name} runs beside ${other.metadata.name}`),
    ];
  });
}

function listAncestors(edges: Facts['edges'], index: number): number[] {
  const direct = edges[index] ?? [];
  return [...new Set([...direct, ...direct.flatMap((edge) => listAncestors(edges, edge))])];
}

export const followsSequence: Check = (_, { steps }, changes) => {
  const isSequential = steps.every(({ dependsOn }) => dependsOn === undefined);
  const early = changes.filter(({ index, step, hasBegun }) => {
    const previous = changes[index - 1];
    if (!isSequential || !hasBegun || previous === undefined) return false;
    return runIfOf(step) === 'Succeeded' ? !isSatisfied(previous.after) : !isStepFinal(previous.after);
  });
  return early.map(({ name }) => `${name} did not wait`);
};

export const issuesInOrder: Check = (moment, { steps }, changes) => {
  if (moment.type === 'Planned') {
    const places = moment.actions.flatMap((action) =>
      action.type === 'CreateChild' ? [steps.findIndex(({ name }) => name === action.step)] : [],
    );
    return [
      said(
        places.some((place, i) => place < (places[i - 1] ?? -1)),
        `created in the order ${places}`,
      ),
    ];
  }
  const isNew = ({ before, after, hasBegun }: Change) =>
    hasBegun && before.attempt === 0 && after.resourceRef !== undefined;
  const last = changes.findLastIndex(isNew);
  const passed = changes.filter((change) => change.index < last && isReady(change));
  return passed.map(({ name }) => `${changes[last]?.name} was started before ${name}`);
};

export const skipsAtOnce: Check = (_, __, changes) =>
  changes
    .filter(({ step }) => runIfOf(step) === 'Succeeded')
    .flatMap((change) => {
      const { name, before, after, dependencies } = change;
      const failed = dependencies.find(leavesFailure);
      const culprit = culpritOf(change);
      const isNew = isStepFinal(after) && !isStepFinal(before);
      const isSkipped = isNew && after.reason === 'DependencyFailed';
      return [
        said(failed !== undefined && !isStepFinal(after), `${name} waits for ${failed?.name}, which is over`),
        said(isSkipped && culprit === undefined, `${name} is skipped without a culprit`),
        said(
          isNew && culprit !== undefined && isEndedWithRun(after),
          `${name} ended with the run, not by ${culprit?.name}`,
        ),
        said(isSkipped && culprit !== undefined && after.message !== blame(culprit), `${name} says "${after.message}"`),
      ];
    });

/**
 * The first dependency that failed by itself. Steps that ended with their run ended later, so they do not count. A step
 * is skipped before any other starts or has its condition judged, so dependencies that failed in that way come last.
 */
function culpritOf({ dependencies }: Change): Change | undefined {
  const failed = dependencies.filter((each) => leavesFailure(each) && !isEndedWithRun(each.after));
  return failed.find((each) => !endsLate(each)) ?? failed[0];
}

/** Whether a step ended in a write because it started, its condition was judged, or such a dependency failed. */
function endsLate(change: Change): boolean {
  const { before, after, hasBegun } = change;
  if (hasBegun || before.phase !== 'Pending') return hasBegun;
  const culprit = after.reason === 'DependencyFailed' ? culpritOf(change) : undefined;
  return culprit === undefined ? isStepFinal(after) : endsLate(culprit);
}

function blame(culprit: Change): string {
  const { name, after } = culprit;
  const root = rootOf(culprit);
  const isSkipped = after.phase === 'Skipped';
  if (isSatisfied(after)) return `dependency ${name} ${isSkipped ? 'was skipped' : 'ran'} after a failure: ${root}`;
  return isSkipped ? `dependency ${name} was skipped: ${root}` : `dependency ${root}`;
}

/** The failure that a step leaves to its dependents, in words: that of the first step that failed by itself. */
function rootOf(change: Change): string {
  const { name, after, dependencies } = change;
  const isSkipped = after.reason === 'DependencyFailed';
  const culprit = isSkipped ? culpritOf(change) : dependencies.find(leavesFailure);
  const isOwn = isBroken(after) && !isSkipped;
  return isOwn || culprit === undefined ? `${name} failed: ${after.message}` : rootOf(culprit);
}

export const skipsNeutrally: Check = (_, __, changes) =>
  changes.flatMap(({ name, step, before, after, dependencies }) => {
    const isIdle = runIfOf(step) === 'Failed' && dependencies.every(isOver) && !dependencies.some(leavesFailure);
    const wasIdle = isIdle && !dependencies.some((each) => isEndedWithRun(each.after));
    const isNew = isStepFinal(after) && !isStepFinal(before);
    const isNeutral = isNew && after.reason === 'ConditionFalse' && after.message !== `when is false: ${step.when}`;
    return [
      said(isIdle && !isStepFinal(after), `${name} waits, and no dependency has failed`),
      said(isNeutral && (!isIdle || after.phase !== 'Skipped'), `${name} is ${after.phase} by its condition`),
      said(
        isNeutral && after.message !== 'runIf is Failed, and no dependency has failed',
        `${name} says "${after.message}"`,
      ),
      said(isNew && wasIdle && isEndedWithRun(after), `${name} ended with the run, not by its condition`),
      said(runIfOf(step) !== 'Succeeded' && after.reason === 'DependencyFailed', `${name} is ${after.reason}`),
    ];
  });

export const obeysConditions: Check = (moment, facts, changes) => {
  if (moment.type !== 'Recorded') return [];
  const isHeld = isHolding(moment, facts);
  return changes.flatMap((change) => {
    const { name, step, before, after } = change;
    const isNew = isStepFinal(after) && !isStepFinal(before);
    const isFalse = isNew && after.reason === 'ConditionFalse' && after.message === `when is false: ${step.when}`;
    const hasFailed = isNew && after.reason === 'ConditionFailed';
    const isDue = after.phase === 'Pending' && isLetRun(change) && whenOf(step) !== 'True';
    return [
      said(isDue && !isHeld, `${name} waits, and its condition is ${whenOf(step)}`),
      said((isFalse || hasFailed) && (isHeld || !isLetRun(change)), `${name} is judged too early`),
      said(isFalse && whenOf(step) !== 'False', `${name} is skipped, and its condition is ${whenOf(step)}`),
      said(hasFailed && whenOf(step) !== 'Error', `${name} has failed, and its condition is ${whenOf(step)}`),
      said(hasFailed && (after.phase !== 'Failed' || after.attempt > 0), `${name} is ${after.phase}, and never began`),
    ];
  });
};

export const goesOn: Check = (moment, facts, changes) => {
  if (moment.type !== 'Recorded' || changes.length === 0) return [];
  const { after } = moment;
  const isHeld = isHolding(moment, facts);
  const isDone = changes.every((change) => isStepFinal(change.after));
  const taking = changes.filter(
    ({ after: status, isLeft }) => status.resourceRef !== undefined && (status.phase === 'Running' || isLeft),
  );
  const hasRoom = taking.length < limitOf(facts);
  return [
    said(
      isRunFinal(after) !== isDone,
      `the run is ${after.phase}, its steps are ${after.stepStatuses.map(({ phase }) => phase)}`,
    ),
    ...changes
      .filter(isReady)
      .map((change) =>
        said(!isHeld && (hasRoom || !isChildKind(change.after)), `${change.name} could start and does not`),
      ),
  ];
};

export const endsAsSteps: Check = (moment, facts, changes) => {
  if (moment.type !== 'Recorded' || changes.length === 0 || !isRunFinal(moment.after)) return [];
  const { before, after } = moment;
  const statuses = changes.map((change) => change.after);
  // The reconciler applies what the children report before it ends the run.
  const isEnded = cleanupOf(before) !== undefined || statuses.some(isEndedWithRun);
  const ending = isEnded ? endingOf(moment, facts) : undefined;
  const expected =
    ending === undefined
      ? statuses.some(isBroken)
        ? 'Failed'
        : 'Succeeded'
      : ending === 'RunCancelled'
        ? 'Cancelled'
        : 'Failed';
  const isIgnoring = expected === 'Succeeded' && statuses.some(({ ignored }) => ignored === true);
  const reason = after.conditions.find(({ type }) => type === 'Succeeded')?.reason;
  return [
    said(after.phase !== expected, `the run is ${after.phase}, not ${expected}`),
    said(isIgnoring !== (reason === 'CompletedWithIgnoredFailures'), `the reason is ${reason}`),
    said(ending !== undefined && reason !== ending, `the reason is ${reason}, not ${ending}`),
    said(after.finishedAt === undefined, 'the run has no finishedAt'),
  ];
};
