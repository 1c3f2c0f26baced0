import { isRunFinal, isStepFinal } from '../../../src/orchestration/run-status.ts';
import {
  type Change,
  type Check,
  isBroken,
  isChildKind,
  isEndedWithRun,
  isLeft,
  isSatisfied,
  isStartable,
  limitOf,
  said,
} from './moment.ts';

export const startsSatisfied: Check = (moment, { steps, edges }, changes) => {
  if (moment.type === 'Created') {
    const { stored, child } = moment;
    const index = steps.findIndex(({ name }) => name === moment.step);
    const open = (edges[index] ?? []).filter(
      (edge) => !stored.stepStatuses[edge] || !isSatisfied(stored.stepStatuses[edge]),
    );
    return [said(open.length > 0, `${child.metadata.name} was created while its dependencies were not satisfied`)];
  }
  return changes.flatMap(({ name, step, before, after, dependencies, hasBegun }) => [
    said(hasBegun && !dependencies.every(isSatisfied), `${name} began too early`),
    said(
      after.phase === 'Failed' &&
        before.phase !== 'Failed' &&
        (after.ignored === true) !== (!isEndedWithRun(after) && step.continueOnFailure === true),
      `${name} has failed, and ignored is ${after.ignored}`,
    ),
    said(after.ignored === true && after.phase !== 'Failed', `${name} is ${after.phase} and ignored`),
  ]);
};

export const followsSequence: Check = (_, { steps }, changes) => {
  const isSequential = steps.every(({ dependsOn }) => dependsOn === undefined);
  const early = changes.filter(({ index, hasBegun }) => {
    const previous = changes[index - 1];
    return isSequential && hasBegun && previous !== undefined && !isSatisfied(previous.after);
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
  const passed = changes.filter(({ index, after, dependencies }) => index < last && isStartable(after, dependencies));
  return passed.map(({ name }) => `${changes[last]?.name} was started before ${name}`);
};

export const skipsAtOnce: Check = (_, __, changes) => {
  // Steps that ended with their run ended later than steps that failed by themselves.
  const culpritOf = ({ dependencies }: Change) =>
    dependencies.find((status) => isBroken(status) && !isEndedWithRun(status));
  const rootOf = (change: Change): string => {
    const culprit = culpritOf(change);
    const next = changes.find(({ name }) => name === culprit?.name);
    return culprit?.phase === 'Skipped' && next ? rootOf(next) : `${culprit?.name} failed: ${culprit?.message}`;
  };
  return changes.flatMap((change) => {
    const { name, before, after, dependencies } = change;
    const broken = dependencies.find(isBroken);
    const culprit = culpritOf(change);
    const isNew = after.phase === 'Skipped' && before.phase !== 'Skipped' && after.reason === 'DependencyFailed';
    const named = culprit?.phase === 'Skipped' ? `dependency ${culprit.name} failed: ` : 'dependency ';
    return [
      said(broken !== undefined && !isStepFinal(after), `${name} waits for ${broken?.name}, which is ${broken?.phase}`),
      said(isNew && culprit === undefined, `${name} is skipped without a culprit`),
      said(culprit !== undefined && isEndedWithRun(after), `${name} ended with the run, not by ${culprit?.name}`),
      said(isNew && after.message !== named + rootOf(change), `${name} says "${after.message}"`),
    ];
  });
};

export const goesOn: Check = (moment, facts, changes) => {
  if (moment.type !== 'Recorded' || changes.length === 0) return [];
  const { after, observation } = moment;
  const { isSuspended } = observation.run;
  const isDone = changes.every((change) => isStepFinal(change.after));
  const taking = changes.filter(
    ({ after: status }) =>
      status.resourceRef !== undefined && (status.phase === 'Running' || isLeft(status, observation)),
  );
  const hasRoom = taking.length < limitOf(facts);
  const idle = changes.filter((change) => isStartable(change.after, change.dependencies));
  return [
    said(
      isRunFinal(after) !== isDone,
      `the run is ${after.phase}, its steps are ${after.stepStatuses.map(({ phase }) => phase)}`,
    ),
    ...idle.map((change) =>
      said(!isSuspended && (hasRoom || !isChildKind(change.after)), `${change.name} could start and does not`),
    ),
  ];
};

export const endsAsSteps: Check = (moment, _, changes) => {
  if (moment.type !== 'Recorded' || changes.length === 0 || !isRunFinal(moment.after)) return [];
  const { after } = moment;
  const statuses = changes.map((change) => change.after);
  const isCancelled = statuses.some(({ phase }) => phase === 'Cancelled');
  const expected = isCancelled ? 'Cancelled' : statuses.some(isBroken) ? 'Failed' : 'Succeeded';
  const isIgnoring = expected === 'Succeeded' && statuses.some(({ ignored }) => ignored === true);
  const reason = after.conditions.find(({ type }) => type === 'Succeeded')?.reason;
  return [
    said(after.phase !== expected, `the run is ${after.phase}, not ${expected}`),
    said(isIgnoring !== (reason === 'CompletedWithIgnoredFailures'), `the reason is ${reason}`),
    said(after.finishedAt === undefined, 'the run has no finishedAt'),
  ];
};
