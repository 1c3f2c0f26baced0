import { isEqual } from '../../../src/orchestration/equality.ts';
import { isRunFinal, isStepFinal, type RunStatus } from '../../../src/orchestration/run-status.ts';
import type { Action } from '../../../src/reconciler/observation.ts';
import { ORCHESTRATION } from '../../support/model/engine.ts';
import {
  type Check,
  cleanupOf,
  endingOf,
  type Facts,
  hasEnded,
  isEndedWithRun,
  type Planned,
  runIfOf,
  said,
  statusIn,
} from './moment.ts';

export const followsSnapshot: Check = (moment, { steps }, changes) => {
  if (moment.type === 'Created') {
    const { kind, spec } = moment.child;
    const step = steps.find(({ name }) => name === moment.step);
    return [
      said(kind === 'ToolRun' && !isEqual(Object(spec).toolRef, step?.toolRef), `${moment.step} runs another tool`),
    ];
  }
  if (moment.type !== 'Recorded' || changes.length === 0) return [];
  const names = (entries: readonly { readonly name: string; readonly kind: string }[]) =>
    entries.map(({ name, kind }) => `${name}:${kind}`).join();
  return [said(names(moment.after.stepStatuses) !== names(steps), `the steps are ${names(moment.after.stepStatuses)}`)];
};

export const obeysCancelAndSuspend: Check = (moment, facts, changes) => {
  if (moment.type === 'Planned') return checkPlanned(moment, facts);
  if (moment.type === 'Created') {
    const { name } = moment.child.metadata;
    const status = moment.stored.stepStatuses.find(({ resourceRef }) => resourceRef?.name === name);
    return [said(status?.phase !== 'Running', `${name} was created, and no running step says so`)];
  }
  if (moment.type !== 'Recorded') return [];
  const { before, after } = moment;
  const { isCancelled, isSuspended } = moment.observation.run;
  const ending = endingOf(moment, facts);
  return [
    said(isCancelled && after.runId === undefined && !isRunFinal(after), 'a cancelled run has not ended'),
    said((isCancelled || isSuspended) && before.runId === undefined && after.runId !== undefined, 'the run started'),
    ...changes.flatMap(({ name, step, before: was, after: is, hasBegun }) => [
      said(isSuspended && ending === undefined && hasBegun, `${name} began in a suspended run`),
      said(ending !== undefined && hasBegun && runIfOf(step) !== 'Always', `${name} began in a run that ends`),
      said(
        is.phase === 'Cancelled' && was.phase !== 'Cancelled' && ending !== 'RunCancelled',
        `${name} is Cancelled, the run is not`,
      ),
    ]),
  ];
};

function checkPlanned({ observation, actions }: Planned, { steps }: Facts): string[] {
  const { isCancelled, isCancelledNow, isSuspended, status } = observation.run;
  const cleanup = cleanupOf(status);
  const isOver = isCancelledNow || isRunFinal(status) || (isCancelled && cleanup === undefined && !status.runId);
  const isEnding = isCancelled || cleanup !== undefined;
  const isHeld = isSuspended && !isEnding;
  const creates = actions.filter(({ type }) => type === 'CreateChild' || type === 'CreateSnapshot');
  const isCleanup = (action: Action) =>
    action.type === 'CreateChild' && runIfOf(steps.find(({ name }) => name === action.step) ?? {}) === 'Always';
  const deleted = actions.flatMap((action) => (action.type === 'DeleteChild' ? [action.ref.name] : []));
  const ended = status.stepStatuses.filter((step) => isEndedWithRun(step) || step.reason === 'StepTimedOut');
  const left = ended.flatMap(({ resourceRef }) => observation.children.get(resourceRef?.name ?? '') ?? []);
  const running = left.filter((child) => !hasEnded(child) && child.metadata.deletionTimestamp === undefined);
  const forgotten = running.filter(({ metadata }) => !deleted.includes(metadata.name));
  const created = creates.map((action) => action.type === 'CreateChild' && action.ref.name);
  const missing = statusIn(actions, status).stepStatuses.flatMap(({ phase, resourceRef: ref }) =>
    phase === 'Running' && ref !== undefined && !ref.uid && !observation.children.has(ref.name) ? [ref.name] : [],
  );
  return [
    said((isOver || isHeld) && creates.length > 0, 'something is created in a run that is suspended or over'),
    said(isEnding && !creates.every(isCleanup), 'something beside the cleanup is created in a run that ends'),
    ...missing.map((name) => said(!isSuspended && !created.includes(name), `${name} is intended and not created`)),
    ...missing.map((name) => said(isEnding && !created.includes(name), `${name} does not clean up`)),
    ...forgotten.map(({ metadata }) => `${metadata.name} runs on although its step has ended`),
  ];
}

const RUN_RANKS = { Pending: 1, Running: 2, Succeeded: 3, Failed: 3, Cancelled: 3 } as const;
/** The position of a phase within its attempt. */
const STEP_RANKS = { Pending: 0, Running: 1, Retrying: 2, Succeeded: 3, Failed: 3, Skipped: 3, Cancelled: 3 } as const;

export const onlyRises: Check = (moment, _, changes) => {
  if (moment.type !== 'Recorded') return [];
  const { before, after } = moment;
  const rank = ({ phase }: RunStatus) => (phase === undefined ? 0 : RUN_RANKS[phase]);
  const lost = before.stepStatuses.filter(({ name }) => !after.stepStatuses.some((status) => status.name === name));
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
        is.attempt === was.attempt && STEP_RANKS[is.phase] < STEP_RANKS[was.phase],
        `${name} went from ${was.phase} to ${is.phase}`,
      ),
      said(
        isStepFinal(is) !== (is.finishedAt !== undefined),
        `${name} is ${is.phase} with finishedAt ${is.finishedAt}`,
      ),
    ]),
  ];
};

export const staysShallow: Check = (moment) => {
  if (moment.type !== 'Recorded' || moment.before.runId !== undefined || moment.after.runId === undefined) return [];
  const { ancestry } = moment.observation;
  return [said(ancestry.length >= 10 || ancestry.includes(ORCHESTRATION), `the run started below ${ancestry}`)];
};
