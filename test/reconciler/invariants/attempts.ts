import { isRunFinal, isStepFinal } from '../../../src/orchestration/run-status.ts';
import {
  type Change,
  type Check,
  cleanupMs,
  endingOf,
  type Facts,
  hasEnded,
  hasTimedOut,
  isChildKind,
  isDeciding,
  isHolding,
  limitOf,
  mustCleanUp,
  type Recorded,
  runIfOf,
  said,
} from './moment.ts';

/** Reasons after which another attempt would fail in the same way or come too late. */
const NEVER_RETRIED = [
  'ChildCancelled',
  'ConditionFailed',
  'ApprovalDenied',
  'UnknownStepKind',
  'InvalidStep',
  'RunTimedOut',
  'SnapshotLost',
];

export const isCreatedOnce: Check = (moment) =>
  moment.type === 'Created'
    ? [said(moment.count > 1, `${moment.child.metadata.name} was created ${moment.count} times`)]
    : [];

export const isRecordedFirst: Check = (moment) => {
  if (moment.type !== 'Released') return [];
  const { child, stored } = moment;
  const status = stored.stepStatuses.find(({ resourceRef }) => resourceRef?.name === child.metadata.name);
  return [said(status?.phase === 'Running', `${child.metadata.name} was released before its end was recorded`)];
};

export const retriesAsTold: Check = (moment, facts, changes) =>
  moment.type === 'Recorded' ? changes.flatMap((change) => checkRetry(change, moment, facts)) : [];

function checkRetry(
  { name, step, before, after, hasBegun }: Change,
  { nowMs }: Recorded,
  { policies }: Facts,
): string[] {
  const reason = after.reason ?? '';
  const isAgain = after.attempt > 1 && hasBegun;
  const hasFailed = after.phase === 'Failed' && before.phase !== 'Failed' && !NEVER_RETRIED.includes(reason);
  const isWaiting = after.phase === 'Retrying' && before.phase !== 'Retrying';
  // Flags are read only where they matter, because the exhaustive check chooses them on the first read.
  if (!isAgain && !hasFailed && !isWaiting) return [];
  const { limit = 0 } = (policies['retries'] ?? {}) as { limit?: number };
  const { retries = limit, retryBackoffSeconds = 0 } = step;
  const backoffMs = retryBackoffSeconds * 1000;
  const retryAt = before.phase === 'Retrying' ? Date.parse(before.nextRetryAt ?? '') : nowMs + backoffMs;
  return [
    said(after.attempt > 1 + retries, `${name} is at attempt ${after.attempt} with ${retries} retries`),
    said(
      hasFailed && after.attempt < 1 + retries,
      `${name} gave up at attempt ${after.attempt} with ${retries} retries`,
    ),
    said(isWaiting && NEVER_RETRIED.includes(reason), `${name} waits for a retry after ${reason}`),
    said(
      isWaiting && Date.parse(after.nextRetryAt ?? '') !== nowMs + backoffMs,
      `${name} waits until ${after.nextRetryAt}`,
    ),
    said(isAgain && !(nowMs >= retryAt), `${name} is retried too early`),
  ];
}

export const timesOutInOrder: Check = (moment, facts, changes) => {
  if (moment.type === 'Created') {
    const { child, children, step } = moment;
    const others = children.filter((other) => other !== child && other.metadata.name.startsWith(`${step}.`));
    return others
      .filter((other) => !hasEnded(other))
      .map((other) => `${child.metadata.name} runs beside ${other.metadata.name}`);
  }
  if (moment.type === 'Deleted') {
    const { child, stored } = moment;
    const status = stored.stepStatuses.find(({ resourceRef }) => resourceRef?.name === child.metadata.name);
    return [said(status?.phase === 'Running', `${child.metadata.name} was deleted before that was recorded`)];
  }
  if (moment.type !== 'Recorded' || changes.length === 0) return [];
  const ended = changes.filter(({ before, after }) => after.reason === 'RunTimedOut' && before.reason !== after.reason);
  return [
    said(endingOf(moment, facts) !== 'RunTimedOut' && ended.length > 0, 'the run timed out too early'),
    ...changes.flatMap((change) => checkTimeout(change, moment, facts)),
  ];
};

function checkTimeout(change: Change, moment: Recorded, facts: Facts): string[] {
  const { name, before, after, hasBegun, child } = change;
  const isRunning = after.phase === 'Running' && before.phase === 'Running' && !hasBegun;
  const isNew = hasTimedOut(change);
  if (!isRunning && !isNew) return [];
  const { nowMs } = moment;
  const dueMs = deadlineOf(change);
  // A nested run cleans up after the timeout of its step. If its parent ends too, both share the time for cleanup.
  const isCleaning = after.reason === 'CleaningUp' && mustCleanUp(child);
  const extraMs = endingOf(moment, facts) === undefined ? cleanupMs(facts) : Infinity;
  const isUnseen = child === undefined && isChildKind(after);
  const mayRun = isDeciding(moment, facts) || isUnseen || (isCleaning && nowMs < dueMs + extraMs);
  return [
    said(isNew && nowMs < dueMs, `${name} timed out too early`),
    said(isRunning && nowMs >= dueMs && !mayRun, `${name} runs on after its timeout`),
  ];
}

/** When the attempt of a running step must end, in milliseconds since 1970. */
function deadlineOf({ step, before, child }: Change): number {
  const { phase } = Object(child?.['status']);
  const isUnstarted = child?.kind === 'ToolRun' && phase === undefined;
  // Flags are read only where they matter, because the exhaustive check chooses them on the first read.
  const { [isUnstarted ? 'pendingTimeoutSeconds' : 'timeoutSeconds']: seconds = 0 } = step;
  const intended = Date.parse(before.startedAt ?? '');
  const created = Date.parse(child?.metadata.creationTimestamp ?? '') || intended;
  // The API server sets the creation time of the child, without fractions of a second. The intent comes before the
  // creation, so it is at most a second later than that time.
  const began = Math.max(Math.min(intended, created + 1000), created);
  return seconds > 0 ? Math.max(began, startMs(child) || began) + seconds * 1000 : Infinity;
}

export const staysWithinLimit: Check = (moment, facts) => {
  if (moment.type !== 'Created') return [];
  const running = moment.children.filter((child) => !hasEnded(child));
  return [said(running.length > limitOf(facts), `${running.length} children run`)];
};

/** Checks the order of outcomes, end, cancel, run deadline, timeouts, retries and new steps. */
export const appliesInOrder: Check = (moment, facts, changes) => {
  if (moment.type !== 'Recorded' || changes.length === 0) return [];
  const { observation, nowMs, after } = moment;
  const { isCancelled } = observation.run;
  const ending = endingOf(moment, facts);
  const overdue = changes.filter(
    ({ after: { phase, nextRetryAt = '' }, isLeft }) =>
      phase === 'Retrying' && nowMs >= Date.parse(nextRetryAt) && !isLeft,
  );
  const begun = changes.filter(
    (change) => change.hasBegun && change.before.attempt === 0 && change.after.resourceRef !== undefined,
  );
  const mayWait = isHolding(moment, facts) || limitOf(facts) < Infinity || isRunFinal(after);
  return [
    said(
      overdue.length > 0 && begun.length > 0,
      `${begun[0]?.name} was started before ${overdue[0]?.name} was retried`,
    ),
    said(overdue.length > 0 && !mayWait, `${overdue[0]?.name} is due and not retried`),
    ...changes.flatMap((change) => {
      const { name, step, before, after: is, child } = change;
      const isOurs =
        before.phase === 'Running' && child !== undefined && before.resourceRef?.uid === child.metadata.uid;
      const hasSucceeded = isOurs && Object(child['status']).phase === 'Succeeded';
      return [
        said(hasSucceeded && is.phase !== 'Succeeded', `${name} is ${is.phase}, though its child succeeded`),
        said(
          isOurs && hasEnded(child) && is.phase === 'Running' && is.attempt === before.attempt,
          `${name} runs on without its child`,
        ),
        said(
          ending !== undefined && hasTimedOut(change) && runIfOf(step) !== 'Always',
          `${name} timed out in a run that ended`,
        ),
        said(
          isCancelled && ending === 'RunCancelled' && is.reason === 'RunTimedOut' && !isStepFinal(before),
          `${name} met the deadline of a cancelled run`,
        ),
      ];
    }),
  ];
};

/** When a child began, as it reports. NaN if it does not, and for a nested run, which counts from its creation. */
function startMs(child: Change['child']): number {
  return child?.kind === 'OrchestrationRun' ? Number.NaN : Date.parse(Object(child?.['status']).startedAt ?? '');
}
