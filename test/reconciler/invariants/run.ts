import { isEqual } from '../../../src/orchestration/equality.ts';
import { isRunFinal, isStepFinal, type RunStatus } from '../../../src/orchestration/run-status.ts';
import { ORCHESTRATION } from '../../support/model/engine.ts';
import { type Check, hasEnded, isEndedWithRun, said } from './moment.ts';

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

export const obeysCancelAndSuspend: Check = (moment, _, changes) => {
  if (moment.type === 'Planned') {
    const { isCancelled, isSuspended, status } = moment.observation.run;
    const isOver = isCancelled || isSuspended || isRunFinal(status);
    const creates = moment.actions.filter(({ type }) => type === 'CreateChild' || type === 'CreateSnapshot');
    const deleted = moment.actions.flatMap((action) => (action.type === 'DeleteChild' ? [action.ref.name] : []));
    const ended = status.stepStatuses.filter((step) => isEndedWithRun(step) || step.reason === 'StepTimedOut');
    const left = ended.flatMap(({ resourceRef }) => moment.observation.children.get(resourceRef?.name ?? '') ?? []);
    const running = left.filter((child) => !hasEnded(child) && child.metadata.deletionTimestamp === undefined);
    const forgotten = running.filter(({ metadata }) => isRunFinal(status) && !deleted.includes(metadata.name));
    return [
      said(isOver && creates.length > 0, 'something is created in a run that is cancelled, suspended or over'),
      ...forgotten.map(({ metadata }) => `${metadata.name} runs on in a run that is over`),
    ];
  }
  if (moment.type === 'Created') {
    const { name } = moment.child.metadata;
    const status = moment.stored.stepStatuses.find(({ resourceRef }) => resourceRef?.name === name);
    return [said(status?.phase !== 'Running', `${name} was created, and no running step says so`)];
  }
  if (moment.type !== 'Recorded') return [];
  const { before, after } = moment;
  const { isCancelled, isSuspended } = moment.observation.run;
  return [
    said(isCancelled && !isRunFinal(after), 'a cancelled run continues'),
    said(isSuspended && before.runId === undefined && after.runId !== undefined, 'a suspended run has started'),
    ...changes.flatMap(({ name, after: is, hasBegun }) => [
      said((isSuspended || isCancelled) && hasBegun, `${name} began`),
      said(!isCancelled && is.phase === 'Cancelled', `${name} is Cancelled, the run is not`),
    ]),
  ];
};

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
