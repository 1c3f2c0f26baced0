import type { Orchestration } from '../../src/orchestration/decode.ts';
import { isEqual } from '../../src/orchestration/equality.ts';
import { stepKinds } from '../../src/reconciler/kinds/table.ts';
import { isRunFinal, isStepFinal, type RunStatus, type StepStatus } from '../../src/reconciler/run-status.ts';
import { attemptOf, type Moment, ORCHESTRATION, phaseOf } from '../support/model/engine.ts';
import { naiveEdges } from '../support/oracle.ts';

// The semantics, said a second time: each sentence as something that must hold of whatever is stored, worked out the slow
// and obvious way from what is stored alone.

type Recorded = Extract<Moment, { type: 'Recorded' }>;
type Created = Extract<Moment, { type: 'Created' }>;

/** What a run has to do, with its edges. */
export interface Facts {
  readonly steps: Orchestration['steps'];
  readonly policies: Orchestration['policies'];
  readonly edges: readonly (readonly number[])[];
}

export function factsOf({ steps, policies }: Pick<Orchestration, 'steps' | 'policies'>): Facts {
  return { steps, policies, edges: naiveEdges(steps) };
}

/** Every violation in a moment, each with the sentence that it breaks. */
export function violationsOf(moment: Moment, facts: Facts): string[] {
  return invariants.flatMap(({ id, sentence, check }) => {
    const details = check(moment, facts).filter((detail) => detail !== '');
    return details.map((detail) => `${id} (${sentence}): ${detail}`);
  });
}

interface Invariant {
  readonly id: string;
  readonly sentence: string;
  /** What is wrong, in words. */
  readonly check: (moment: Moment, facts: Facts) => readonly string[];
}

export const invariants: readonly Invariant[] = [
  {
    id: 'I-1',
    sentence: 'no attempt is created twice',
    check: created(({ count }) => [said(count > 1, `created ${count} times`)]),
  },
  { id: 'I-3.1', sentence: 'a step starts only when all it depends on is satisfied', check: startsSatisfied },
  {
    id: 'I-3.2',
    sentence: 'where nobody declares dependsOn each step waits for the one before it',
    check: followsSequence,
  },
  { id: 'I-3.3', sentence: 'startable steps are issued in declaration order', check: issuesInOrder },
  {
    id: 'I-3.4',
    sentence: 'what waits for a failure is skipped at once, naming culprit and root cause',
    check: skipsAtOnce,
  },
  { id: 'I-3.5', sentence: 'independent branches go on, and a run ends only when nothing can start', check: goesOn },
  { id: 'I-3.6', sentence: 'the phase of the run follows from its steps', check: endsAsSteps },
  { id: 'I-3.7', sentence: 'a failed attempt is retried so often, so late, and no more', check: retriesAsTold },
  {
    id: 'I-3.8',
    sentence: 'a timeout is recorded, then the child goes, then the next attempt starts',
    check: timesOutInOrder,
  },
  { id: 'I-3.9', sentence: 'a run follows its snapshot', check: followsSnapshot },
  { id: 'I-3.10', sentence: 'nothing new starts in a cancelled or suspended run', check: obeysCancelAndSuspend },
  { id: 'I-3.11', sentence: 'terminal is final, no phase moves back, attempts only rise', check: onlyRises },
  { id: 'I-3.12', sentence: 'ancestry may not repeat and is at most 10 deep', check: staysShallow },
  { id: 'I-3.13', sentence: 'at most maxParallel children run', check: staysWithinLimit },
  {
    id: 'I-3.14',
    sentence: 'outcomes, end, cancel, run deadline, timeouts, retries, new steps, in this order',
    check: appliesInOrder,
  },
];

function recorded(
  check: (moment: Recorded, facts: Facts, steps: readonly Change[]) => readonly string[],
): Invariant['check'] {
  return (moment, facts) =>
    moment.type === 'Recorded' && isStarted(moment) ? check(moment, facts, changesOf(moment, facts)) : [];
}

function created(check: (moment: Created, facts: Facts) => readonly string[]): Invariant['check'] {
  return (moment, facts) => (moment.type === 'Created' ? check(moment, facts) : []);
}

/** One step before and after a write of the status, with what it depends on after it. */
interface Change {
  readonly index: number;
  readonly name: string;
  readonly before: StepStatus;
  readonly after: StepStatus;
  readonly dependencies: readonly StepStatus[];
  readonly hasBegun: boolean;
}

function changesOf({ before, after }: Recorded, { steps, edges }: Facts): Change[] {
  return steps.map(({ name, kind }, index) => {
    const pending: StepStatus = { name, kind, phase: 'Pending', attempt: 0 };
    const [was = pending, is = pending] = [before.stepStatuses[index], after.stepStatuses[index]];
    const dependencies = (edges[index] ?? []).map((edge) => after.stepStatuses[edge] ?? pending);
    return { index, name, before: was, after: is, dependencies, hasBegun: is.attempt > was.attempt };
  });
}

function isStarted({ after }: Recorded): boolean {
  return after.runId !== undefined;
}

function said(isViolated: boolean, detail: string): string {
  return isViolated ? detail : '';
}

const isSatisfied = ({ phase, ignored }: StepStatus) =>
  phase === 'Succeeded' || (phase === 'Failed' && ignored === true);
const isBroken = (status: StepStatus) => isStepFinal(status) && !isSatisfied(status);
const isChildKind = ({ kind }: StepStatus) => stepKinds.get(kind)?.type === 'Child';
/** Reasons of a step that ended with its run. */
const isEndedWithRun = ({ reason }: StepStatus) =>
  ['RunTimedOut', 'RunCancelled', 'SnapshotLost'].includes(reason ?? '');
/** Reasons after which another attempt makes no sense. */
const NEVER_RETRIED = [
  'ChildCancelled',
  'ApprovalDenied',
  'UnknownStepKind',
  'InvalidStep',
  'RunTimedOut',
  'SnapshotLost',
];

function startsSatisfied(moment: Moment, facts: Facts): readonly string[] {
  if (moment.type === 'Created') {
    const index = facts.steps.findIndex(({ name }) => name === moment.step);
    const open = (facts.edges[index] ?? []).filter(
      (edge) => !isSatisfied(moment.stored.stepStatuses[edge] as StepStatus),
    );
    return [
      said(open.length > 0, `${moment.child.metadata.name} was created while its dependencies were not satisfied`),
    ];
  }
  return recorded((_, { steps }, changes) =>
    changes.flatMap(({ index, name, before, after, dependencies, hasBegun }) => [
      said(hasBegun && !dependencies.every(isSatisfied), `${name} began too early`),
      said(
        after.ignored === true && before.ignored !== true && steps[index]?.continueOnFailure !== true,
        `${name} is ignored, which nobody asked for`,
      ),
      said(
        after.phase === 'Failed' &&
          !isEndedWithRun(after) &&
          steps[index]?.continueOnFailure === true &&
          !after.ignored,
        `${name} is not ignored`,
      ),
    ]),
  )(moment, facts);
}

function followsSequence(moment: Moment, facts: Facts): readonly string[] {
  const isSequential = facts.steps.every(({ dependsOn }) => dependsOn === undefined);
  return recorded((_, __, changes) =>
    changes.map(({ name, index, hasBegun }) => {
      const previous = changes[index - 1];
      return said(
        isSequential && hasBegun && previous !== undefined && !isSatisfied(previous.after),
        `${name} did not wait`,
      );
    }),
  )(moment, facts);
}

function issuesInOrder(moment: Moment, facts: Facts): readonly string[] {
  if (moment.type === 'Planned') {
    const places = moment.actions.flatMap((action) =>
      action.type === 'CreateChild' ? [facts.steps.findIndex(({ name }) => name === action.step)] : [],
    );
    return [
      said(
        places.some((place, i) => place < (places[i - 1] ?? -1)),
        `created in the order ${places}`,
      ),
    ];
  }
  return recorded((_, __, changes) => {
    const last = changes.findLastIndex(
      ({ after, before, hasBegun }) => hasBegun && before.attempt === 0 && isChildKind(after),
    );
    const passed = changes.filter(({ index, after, dependencies }) => index < last && isStartable(after, dependencies));
    return passed.map(({ name }) => `${changes[last]?.name} was started before ${name}`);
  })(moment, facts);
}

function isStartable({ phase }: StepStatus, dependencies: readonly StepStatus[]): boolean {
  return phase === 'Pending' && dependencies.every(isSatisfied);
}

function skipsAtOnce(moment: Moment, facts: Facts): readonly string[] {
  return recorded((_, __, changes) => {
    const rootOf = ({ dependencies }: Change): string => {
      const culprit = dependencies.find(isBroken);
      const change = changes.find(({ name }) => name === culprit?.name);
      return culprit?.phase === 'Skipped' && change ? rootOf(change) : `${culprit?.name} failed: ${culprit?.message}`;
    };
    return changes.flatMap((change) => {
      const { name, before, after, dependencies } = change;
      const culprit = dependencies.find(isBroken);
      const isNew = after.phase === 'Skipped' && before.phase !== 'Skipped' && after.reason === 'DependencyFailed';
      const named = culprit?.phase === 'Skipped' ? `dependency ${culprit.name} failed: ` : 'dependency ';
      return [
        said(
          culprit !== undefined && !isStepFinal(after),
          `${name} still waits for ${culprit?.name}, which is ${culprit?.phase}`,
        ),
        said(isNew && culprit === undefined, `${name} is skipped without a culprit`),
        said(
          isNew && culprit !== undefined && after.message !== named + rootOf(change),
          `${name} says "${after.message}"`,
        ),
      ];
    });
  })(moment, facts);
}

function goesOn(moment: Moment, facts: Facts): readonly string[] {
  return recorded(({ after, snapshot }, { policies }, changes) => {
    const isOver = changes.every((change) => isStepFinal(change.after));
    const limit = Number(policies['maxParallel'] ?? 0) || Infinity;
    const taken = changes.filter((change) => isTakingRoom(change.after, snapshot.children)).length;
    const idle = changes.filter((change) => isStartable(change.after, change.dependencies));
    return [
      said(
        isRunFinal(after) !== isOver,
        `the run is ${after.phase}, its steps are ${changes.map((change) => change.after.phase)}`,
      ),
      ...idle.map((change) =>
        said(
          !snapshot.run.isSuspended && (taken < limit || !isChildKind(change.after)),
          `${change.name} could start and does not`,
        ),
      ),
    ];
  })(moment, facts);
}

function isTakingRoom({ phase, resourceRef, reason }: StepStatus, children: Recorded['snapshot']['children']): boolean {
  if (resourceRef === undefined) return false;
  return phase === 'Running' || (reason === 'StepTimedOut' && children.has(resourceRef.name));
}

function endsAsSteps(moment: Moment, facts: Facts): readonly string[] {
  return recorded(({ after }) => {
    if (!isRunFinal(after)) return [];
    const { stepStatuses: all } = after;
    const isCancelled = all.some(({ phase }) => phase === 'Cancelled');
    const isFailed = all.some((status) => isBroken(status) && status.phase !== 'Cancelled');
    const expected = isCancelled ? 'Cancelled' : isFailed ? 'Failed' : 'Succeeded';
    const isIgnoring = expected === 'Succeeded' && all.some(({ ignored }) => ignored === true);
    const reason = after.conditions.find(({ type }) => type === 'Succeeded')?.reason;
    return [
      said(after.phase !== expected, `the run is ${after.phase}, not ${expected}`),
      said(isIgnoring !== (reason === 'CompletedWithIgnoredFailures'), `the reason is ${reason}`),
      said(after.finishedAt === undefined, 'the run has no finishedAt'),
    ];
  })(moment, facts);
}

function retriesAsTold(moment: Moment, facts: Facts): readonly string[] {
  return recorded(({ nowMs }, { steps, policies }, changes) => {
    const limit = (policies['retries'] as { limit?: number } | undefined)?.limit ?? 0;
    return changes.flatMap(({ index, name, before, after, hasBegun }) => {
      const isAgain = after.attempt > 1 && hasBegun;
      const hasFailed =
        after.phase === 'Failed' && before.phase !== 'Failed' && !NEVER_RETRIED.includes(after.reason ?? '');
      const isWaiting = after.phase === 'Retrying' && (before.phase !== 'Retrying' || hasBegun);
      if (!isAgain && !hasFailed && !isWaiting) return [];
      const { retries = limit, retryBackoffSeconds = 0 } = steps[index] ?? {};
      const retryAt =
        before.phase === 'Retrying' ? Date.parse(before.nextRetryAt ?? '') : nowMs + retryBackoffSeconds * 1000;
      return [
        said(after.attempt > 1 + retries, `${name} is at attempt ${after.attempt} with ${retries} retries`),
        said(
          hasFailed && after.attempt < 1 + retries,
          `${name} has failed at attempt ${after.attempt} with ${retries} retries`,
        ),
        said(
          isWaiting && NEVER_RETRIED.includes(after.reason ?? ''),
          `${name} waits for a retry after ${after.reason}`,
        ),
        said(
          isWaiting && Date.parse(after.nextRetryAt ?? '') !== nowMs + retryBackoffSeconds * 1000,
          `${name} waits until ${after.nextRetryAt}`,
        ),
        said(isAgain && !(nowMs >= retryAt), `${name} is retried too early`),
      ];
    });
  })(moment, facts);
}

function timesOutInOrder(moment: Moment, facts: Facts): readonly string[] {
  if (moment.type === 'Created') {
    const { child, children, step } = moment;
    const others = children.filter((other) => other !== child && other.metadata.name.startsWith(`${step}.`));
    const living = others.filter((other) => !hasEnded(other));
    return [
      said(living.length > 0, `${child.metadata.name} runs beside ${living.map(({ metadata }) => metadata.name)}`),
    ];
  }
  if (moment.type === 'Deleted') {
    const { child, stored } = moment;
    const status = stored.stepStatuses.find(({ resourceRef }) => resourceRef?.name === child.metadata.name);
    return [said(status?.phase === 'Running', `${child.metadata.name} was deleted before that was recorded`)];
  }
  return recorded(({ nowMs, snapshot, after }, { steps, policies }, changes) => {
    const total = (policies['timeouts'] as { totalSeconds?: number } | undefined)?.totalSeconds ?? 0;
    const isLate = total > 0 && nowMs >= Date.parse(after.startedAt ?? '') + total * 1000;
    const ended = changes.filter((change) => change.after.reason === 'RunTimedOut');
    return [
      said(!isLate && ended.length > 0, 'the run timed out too early'),
      said(isLate && !isRunFinal(after), 'the run goes on after its deadline'),
      said(
        ended.some((change) => change.after.ignored === true),
        'a step that the run’s deadline ended is ignored',
      ),
      ...changes.flatMap(({ index, name, before, after: is }) => {
        const isRunning = is.phase === 'Running' && before.phase === 'Running' && is.attempt === before.attempt;
        const hasTimedOut = is.reason === 'StepTimedOut' && before.reason !== 'StepTimedOut';
        if (!isRunning && !hasTimedOut) return [];
        const seconds = steps[index]?.timeoutSeconds ?? 0;
        const child = snapshot.children.get(is.resourceRef?.name ?? '');
        const created = Date.parse(child?.metadata.creationTimestamp ?? '') || 0;
        const isDue = seconds > 0 && nowMs >= Math.max(Date.parse(before.startedAt ?? ''), created) + seconds * 1000;
        return [
          said(hasTimedOut && !isDue, `${name} timed out too early`),
          said(isRunning && isDue && (child !== undefined || !isChildKind(is)), `${name} runs on after its timeout`),
        ];
      }),
    ];
  })(moment, facts);
}

function hasEnded(child: Created['child']): boolean {
  return ['Succeeded', 'Failed', 'Cancelled'].includes(String(phaseOf(child)));
}

function followsSnapshot(moment: Moment, facts: Facts): readonly string[] {
  if (moment.type === 'Created') {
    const step = facts.steps.find(({ name }) => name === moment.step);
    const { toolRef } = moment.child['spec'] as { toolRef?: unknown };
    return [said(!isEqual(toolRef, step?.toolRef), `${moment.step} runs another tool`)];
  }
  return recorded(({ after }, { steps }) => {
    const names = (entries: readonly { readonly name: string; readonly kind: string }[]) =>
      entries.map(({ name, kind }) => `${name}:${kind}`).join();
    return [said(names(after.stepStatuses) !== names(steps), `the steps are ${names(after.stepStatuses)}`)];
  })(moment, facts);
}

function obeysCancelAndSuspend(moment: Moment, facts: Facts): readonly string[] {
  if (moment.type === 'Planned') {
    const { isCancelled, isSuspended, status } = moment.snapshot.run;
    const creates = moment.actions.filter(({ type }) => type === 'CreateChild' || type === 'CreateSnapshot');
    const isOver = isCancelled || isSuspended || isRunFinal(status);
    return [said(isOver && creates.length > 0, 'something is created in a run that is cancelled, suspended or over')];
  }
  if (moment.type === 'Created') {
    const status = moment.stored.stepStatuses.find(
      ({ resourceRef }) => resourceRef?.name === moment.child.metadata.name,
    );
    return [
      said(status?.phase !== 'Running', `${moment.child.metadata.name} was created though no running step recorded it`),
    ];
  }
  if (moment.type !== 'Recorded') return [];
  const { snapshot, before, after } = moment;
  const { isCancelled, isSuspended } = snapshot.run;
  const changes = isStarted(moment) ? changesOf(moment, facts) : [];
  return [
    said(isCancelled && !isRunFinal(after), 'a cancelled run goes on'),
    said(
      isSuspended && before.runId === undefined && after.runId !== undefined,
      'a run that was created suspended has started',
    ),
    ...changes.flatMap(({ name, before: was, after: is, hasBegun, dependencies }) => [
      said((isSuspended || isCancelled) && hasBegun, `${name} began`),
      said(
        !isCancelled && is.phase === 'Cancelled' && was.phase !== 'Cancelled',
        `${name} is Cancelled, the run is not`,
      ),
      said(
        is.reason === 'DependencyFailed' &&
          dependencies.some(({ phase }) => phase === 'Cancelled') &&
          !dependencies.some((status) => isBroken(status) && status.phase !== 'Cancelled'),
        `${name} is skipped by a cancel`,
      ),
    ]),
  ];
}

/** Where a phase stands within its attempt. */
const RANKS = { Pending: 0, Running: 1, Retrying: 2, Succeeded: 3, Failed: 3, Skipped: 3, Cancelled: 3 } as const;

function onlyRises(moment: Moment, facts: Facts): readonly string[] {
  if (moment.type !== 'Recorded') return [];
  const { before, after } = moment;
  const rank = ({ phase }: RunStatus) =>
    phase === undefined ? 0 : { Pending: 1, Running: 2, Succeeded: 3, Failed: 3, Cancelled: 3 }[phase];
  const lost = before.stepStatuses.filter(({ name }) => !after.stepStatuses.some((status) => status.name === name));
  const changes = isStarted(moment) ? changesOf(moment, facts) : [];
  return [
    said(isRunFinal(before), `a run that was ${before.phase} is written`),
    said(rank(after) < rank(before), `the run went from ${before.phase} to ${after.phase}`),
    said(before.runId !== undefined && before.runId !== after.runId, 'runId has changed'),
    said(before.startedAt !== undefined && before.startedAt !== after.startedAt, 'startedAt has changed'),
    ...lost.map(({ name }) => `the status of ${name} is lost`),
    ...changes.flatMap(({ name, before: was, after: is }) => [
      said(isStepFinal(was) && !isEqual(was, is), `${name} was ${was.phase} and has changed`),
      said(
        is.attempt < was.attempt || is.attempt > was.attempt + 1,
        `${name} went from attempt ${was.attempt} to ${is.attempt}`,
      ),
      said(
        is.attempt === was.attempt && RANKS[is.phase] < RANKS[was.phase],
        `${name} went from ${was.phase} to ${is.phase}`,
      ),
      said(
        isStepFinal(is) !== (is.finishedAt !== undefined),
        `${name} is ${is.phase} with finishedAt ${is.finishedAt}`,
      ),
    ]),
  ];
}

function staysShallow(moment: Moment): readonly string[] {
  if (moment.type !== 'Recorded' || moment.before.runId !== undefined || moment.after.runId === undefined) return [];
  const { ancestry } = moment.snapshot;
  return [said(ancestry.length >= 10 || ancestry.includes(ORCHESTRATION), `the run started below ${ancestry}`)];
}

function staysWithinLimit(moment: Moment, facts: Facts): readonly string[] {
  return created(({ children }, { policies }) => {
    const limit = Number(policies['maxParallel'] ?? 0) || Infinity;
    const running = children.filter((child) => !hasEnded(child)).length;
    return [said(running > limit, `${running} children run`)];
  })(moment, facts);
}

function appliesInOrder(moment: Moment, facts: Facts): readonly string[] {
  return recorded(({ snapshot, nowMs, after }, { policies }, changes) => {
    const total = (policies['timeouts'] as { totalSeconds?: number } | undefined)?.totalSeconds ?? 0;
    const isLate = total > 0 && nowMs >= Date.parse(after.startedAt ?? '') + total * 1000;
    const { isCancelled, isSuspended } = snapshot.run;
    const isLimited = Boolean(policies['maxParallel']);
    const overdue = changes.filter(
      ({ after: is }) =>
        is.phase === 'Retrying' &&
        nowMs >= Date.parse(is.nextRetryAt ?? '') &&
        !(is.reason === 'StepTimedOut' && snapshot.children.has(is.resourceRef?.name ?? '')),
    );
    const begun = changes.filter(
      (change) => change.hasBegun && change.before.attempt === 0 && isChildKind(change.after),
    );
    return [
      said(
        overdue.length > 0 && begun.length > 0,
        `${begun[0]?.name} was started before ${overdue[0]?.name} was retried`,
      ),
      said(
        overdue.length > 0 && !isSuspended && !isLimited && !isRunFinal(after),
        `${overdue[0]?.name} is due and not retried`,
      ),
      ...changes.flatMap(({ name, before, after: is }) => {
        const child = before.phase === 'Running' ? snapshot.children.get(before.resourceRef?.name ?? '') : undefined;
        const isOurs = child !== undefined && before.resourceRef?.uid === child.metadata.uid;
        const hasSucceeded = isOurs && phaseOf(child as Created['child']) === 'Succeeded';
        const isNewTimeout = is.reason === 'StepTimedOut' && before.reason !== 'StepTimedOut';
        return [
          said(hasSucceeded && is.phase !== 'Succeeded', `${name} is ${is.phase}, though its child succeeded`),
          said((isCancelled || isLate) && isNewTimeout, `${name} timed out in a run that ended`),
          said(isCancelled && is.reason === 'RunTimedOut', `${name} met the deadline of a cancelled run`),
        ];
      }),
    ];
  })(moment, facts);
}

/** What must hold of a run once nothing more happens: each step ended as its last child did, and nothing is left over. */
export function violationsAtEnd(
  { stepStatuses, ...status }: RunStatus,
  children: readonly Created['child'][],
): string[] {
  const childOf = ({ resourceRef, attempt }: StepStatus) =>
    children.find((child) => child.metadata.name === resourceRef?.name && attemptOf(child) === attempt);
  const living = children.filter((child) => !hasEnded(child));
  return [
    said(!isRunFinal(status as RunStatus), `the run is left ${status.phase}`),
    ...living.map(({ metadata }) => `${metadata.name} is left running`),
    ...stepStatuses.map((step) => {
      const child = childOf(step);
      const isOwn = child !== undefined && (step.phase === 'Succeeded' || step.reason === 'ChildFailed');
      return said(isOwn && phaseOf(child) !== step.phase, `${step.name} is ${step.phase}, its child is not`);
    }),
  ].filter((detail) => detail !== '');
}
