import { quoteName } from '../dag/display.ts';
import { findCondition } from '../orchestration/conditions.ts';
import { checkParameters, readDeclared } from '../orchestration/declared-parameters.ts';
import { decodeRunStatus } from '../orchestration/decode-status.ts';
import { ttlSecondsAfterFinished } from '../orchestration/durations.ts';
import { isEqual } from '../orchestration/equality.ts';
import { isRunFinal, isStepFinal } from '../orchestration/run-status.ts';
import { ConditionType } from '../orchestration/vocabulary/conditions.ts';
import { EventReason } from '../orchestration/vocabulary/event-reasons.ts';
import { RunReason } from '../orchestration/vocabulary/run-reasons.ts';
import { askPeople } from './asks.ts';
import {
  cancelChildren,
  createMissing,
  deleteAll,
  deleteUnwanted,
  holdAgain,
  limitFinished,
  releaseRecorded,
} from './children.ts';
import { findOpenStep } from './contradiction.ts';
import { abandonSteps, cancelRecorded, type Execution, executeSteps } from './execute.ts';
import { lifetimeCondition, readLifetime } from './lifetime.ts';
import { type NameChild, nameSnapshot } from './names.ts';
import type { Action, Observation, ObservedRun } from './observation.ts';
import { holdsPlace } from './places.ts';
import { noteOwnPlace, releasePlaces, waitForTurn, withoutQueue } from './queue.ts';
import { beginContinued, findUnknownSteps } from './resume.ts';
import { patch, patchIfChanged } from './status-patch.ts';
import { canFit, countOutputs, roomForStatus } from './status-size.ts';
import { correctConditions, type EndStanding, type Standing, summarise, writeStatus } from './summary.ts';
import { boundTime, stampNow } from './times.ts';

export interface PlanOptions {
  readonly nameChild: NameChild;
  /** How long a run waits for its Orchestration, because GitOps tools apply objects in any order. */
  readonly missingOrchestrationSeconds: number;
}

const SWITCH_OFF =
  "the agents chart's orchestration controller is enabled here: run helm upgrade agents CHART --reuse-values --set orchestrationController.enabled=false; if AGENTS_FEATURE_FLAGS_URL is set, also turn off flag agents.orchestration_controller.enabled";

const SNAPSHOT_LOST = { reason: RunReason.SnapshotLost, message: 'the snapshot that the run follows was deleted' };

/** How many levels SubOrchestrations may nest, including the outermost run. */
const MOST_NESTED = 10;

/**
 * Returns everything that one run needs now. Pure and total: the same observation at the same time gives the same
 * actions. After a crash between two actions, the next plan repairs the run.
 */
export function planRun(observation: Observation, nowMs: number, options: PlanOptions): readonly Action[] {
  const { run } = observation;
  if (run.isBeingDeleted) return releaseRecorded(observation, []);
  if (run.isContested) return [...planContested(observation, nowMs), ...releaseRecorded(observation, [])];
  if (isRunFinal(run.status)) return planEnded(observation, nowMs);
  return run.status.runId === undefined
    ? planUnstarted(observation, nowMs, options)
    : planSteps(observation, nowMs, options);
}

function planSteps(observation: Observation, nowMs: number, { nameChild }: PlanOptions): readonly Action[] {
  const { run, orchestration } = observation;
  if (orchestration.state === 'SnapshotUnreadable') return planUnread(observation, orchestration.words, nowMs);
  const execution =
    orchestration.state === 'Snapshotted'
      ? executeSteps(observation, orchestration.orchestration, nowMs, nameChild)
      : abandonSteps(run.status, SNAPSHOT_LOST, nowMs);
  return record(observation, nowMs, execution, summarise(execution, run.isSuspended));
}

/**
 * A run whose snapshot cannot be read stays as it is. It can still be cancelled, because a cancel needs only what its
 * status names. If it has to clean up, only a cancel with "now" ends it before its snapshot can be read.
 */
function planUnread(observation: Observation, words: string, nowMs: number): readonly Action[] {
  const { run } = observation;
  const awaitsCleanup = run.status.stepStatuses.some((step) => step.cleanup === true && !isStepFinal(step));
  if (run.isCancelledNow || (run.isCancelled && !awaitsCleanup)) {
    const message = `the run was cancelled, and its snapshot cannot be read: ${words}`;
    const standing: Standing = { phase: 'Cancelled', reason: RunReason.RunCancelled, message };
    return record(observation, nowMs, cancelRecorded(run.status, nowMs), standing);
  }
  const standing = { ...waitForSnapshot(words), phase: 'Running' as const };
  const fields = { observedGeneration: run.generation };
  return patchIfChanged(run, writeStatus(decodeRunStatus(run.stored), standing, fields, stampNow(observation, nowMs)));
}

function waitForSnapshot(words: string): Omit<Standing, 'phase'> {
  return { reason: RunReason.SnapshotUnreadable, message: `cannot read the snapshot that the run follows: ${words}` };
}

/**
 * A run that is over stays over. If one of its steps is not final, another client wrote that status, and the step ends.
 */
function planEnded(observation: Observation, nowMs: number): readonly Action[] {
  const { status } = observation.run;
  const open = findOpenStep(status.phase ?? '', status.stepStatuses);
  if (open === undefined) return tidyUp(observation, nowMs);
  const failure = { reason: RunReason.StatusContradiction, message: `the status contradicts itself: ${open}` };
  const execution = abandonSteps(status, failure, nowMs);
  const standing = summarise(execution, false);
  return record(
    observation,
    nowMs,
    execution,
    status.phase === 'Cancelled' ? { ...standing, phase: 'Cancelled' } : standing,
  );
}

/** Writes the state of the steps, then does what follows from it. */
function record(
  observation: Observation,
  nowMs: number,
  { statuses, dueAt }: Execution,
  standing: Standing,
): readonly Action[] {
  const { run, orchestration } = observation;
  const now = stampNow(observation, nowMs);
  const fields = { stepStatuses: statuses, observedGeneration: run.generation };
  const written = writeStatus(run.status, standing, fields, now, ttlOf(observation));
  // The snapshot has the lifetime of the run, so the lifetime is recorded when the snapshot can be read.
  const isUnread = orchestration.state === 'SnapshotUnreadable';
  const status = isUnread
    ? { ...written, conditions: written.conditions.filter(({ type }) => type !== ConditionType.Expires) }
    : written;
  const creates = createMissing(observation, statuses);
  return [
    ...(creates.length > 0 ? [patch(run, status)] : patchIfChanged(run, status)),
    ...(isRunFinal(standing) ? [endEvent(standing)] : askPeople(run.status.stepStatuses, statuses)),
    // Before anything that changes a child, because a child is released only if it is as observed.
    ...releaseRecorded(observation, statuses),
    ...holdAgain(observation, statuses),
    ...cancelChildren(observation, statuses),
    ...(isRunFinal(status) ? deleteAll : deleteUnwanted)(observation, statuses),
    ...limitFinished(observation, statuses),
    ...creates,
    ...requeueAt(dueAt),
  ];
}

function planUnstarted(observed: Observation, nowMs: number, options: PlanOptions): readonly Action[] {
  const observation = noteOwnPlace(observed, nowMs);
  const { run, rival } = observation;
  if (run.isTemplate) return [];
  if (rival === undefined || run.isCancelled) return planStart(observation, nowMs, options);
  const later = requeueAt([rival.untilMs]);
  if (!rival.isActive) return later;
  // The other controller would run the steps of this run a second time.
  const standing = { phase: 'Pending', reason: RunReason.StatusContested, message: SWITCH_OFF } as const;
  const patches = writeStanding(run, standing, stampNow(observation, nowMs));
  return [...patches, ...(patches.length > 0 ? [contestedEvent(SWITCH_OFF)] : []), ...later];
}

/** Writes the status of a run that has not started. */
function writeStanding(run: ObservedRun, standing: Standing, now: string): readonly Action[] {
  return patchIfChanged(run, writeStatus(run.status, standing, { observedGeneration: run.generation }, now));
}

/**
 * A run stores its snapshot first, then claims its status. After a crash between the two, the snapshot is still valid.
 */
function planStart(observation: Observation, nowMs: number, options: PlanOptions): readonly Action[] {
  const { run, orchestration, ancestry } = observation;
  const now = stampNow(observation, nowMs);
  const stand = (standing: Standing, ...more: Action[]) => [...writeStanding(run, standing, now), ...more];
  const end = (standing: EndStanding) => [
    ...writeStanding({ ...run, status: withoutQueue(run.status, now) }, standing, now),
    endEvent(standing),
  ];
  const fail = (reason: Standing['reason'], message: string) => end({ phase: 'Failed', reason, message });
  if (run.isCancelled) {
    const message = 'the run was cancelled before it started';
    return [...end({ phase: 'Cancelled', reason: RunReason.RunCancelled, message }), ...deleteAll(observation, [])];
  }
  const obstacle = findObstacle(observation);
  if (obstacle !== undefined) return fail(obstacle.reason, obstacle.message);
  if (run.isSuspended)
    return stand({
      phase: 'Pending',
      reason: RunReason.Suspended,
      message: 'the run waits until its suspend annotation is removed',
    });
  const unread = describeUnread(observation);
  if (unread !== undefined) return stand({ ...unread, phase: 'Pending' });
  if (orchestration.state === 'Missing') return waitForOrchestration(observation, nowMs, options, stand, fail);
  if (ancestry.includes(run.orchestration)) {
    return fail(
      RunReason.SubOrchestrationCycle,
      `${[run.orchestration, ...ancestry].map(quoteName).join(' is run by ')}: it would never end`,
    );
  }
  if (ancestry.length >= MOST_NESTED)
    return fail(RunReason.SubOrchestrationTooDeep, `SubOrchestrations are nested more than ${MOST_NESTED} levels deep`);
  if (orchestration.state === 'Found' && orchestration.denial !== undefined)
    return fail(orchestration.denial.code, orchestration.denial.message);
  const misfit = findMisfit(observation);
  if (misfit !== undefined) return fail(misfit.reason, misfit.message);
  if (orchestration.state === 'Found') {
    const words = observation.waits.get(nameSnapshot(run.uid));
    const message = `cannot store the snapshot that the run follows yet: ${words}`;
    const waiting =
      words === undefined ? [] : stand({ phase: 'Pending', reason: RunReason.SnapshotNotStored, message });
    return [...waiting, { type: 'CreateSnapshot', orchestration: orchestration.orchestration }];
  }
  return startInTurn(observation, nowMs, options, fail);
}

/** Returns why the run can never start, whatever it would run. */
function findObstacle({ run, orchestration, source }: Observation): Omit<Standing, 'phase'> | undefined {
  if (source?.state === 'Refused') return { reason: RunReason.CannotResume, message: source.message };
  if (orchestration.state !== 'Foreign') return undefined;
  const message = `ControllerRevision ${nameSnapshot(run.uid)} exists but is not what this run would store: delete it and create another run`;
  return { reason: RunReason.SnapshotNameTaken, message };
}

/** Returns what cannot be read now, so that the run waits. */
function describeUnread({ orchestration, source }: Observation): Omit<Standing, 'phase'> | undefined {
  if (source?.state === 'Unreadable') {
    const message = `cannot read the run that this run continues: ${source.words}`;
    return { reason: RunReason.SourceUnreadable, message };
  }
  if (orchestration.state === 'Unreadable')
    return { reason: RunReason.KindUnreadable, message: `cannot list Orchestration: ${orchestration.words}` };
  return orchestration.state === 'SnapshotUnreadable' ? waitForSnapshot(orchestration.words) : undefined;
}

/** Returns why the run cannot start with its parameters, and with what it may inherit. */
function findMisfit({ run, orchestration, source }: Observation): Omit<EndStanding, 'phase'> | undefined {
  if (!('orchestration' in orchestration)) return undefined;
  const unknown = findUnknownSteps(run.resumption, orchestration.orchestration);
  if (unknown !== undefined) return { reason: RunReason.CannotResume, message: unknown };
  const violations = checkParameters(readDeclared(orchestration.orchestration), run.parameters);
  if (violations.length > 0) {
    const count = violations.length > 1 ? `${violations.length} parameters are invalid: ` : '';
    return { reason: RunReason.InvalidParameters, message: `${count}${violations.join('; ')}` };
  }
  const steps = orchestration.orchestration.steps.length;
  const inherited = source?.state === 'Found' ? countOutputs(source.source.run.status.stepStatuses) : 0;
  if (canFit(steps, roomForStatus(run.bytesBeside) - inherited)) return undefined;
  const message = `the spec and metadata of the run take ${run.bytesBeside} bytes, which leaves no room for the status of ${steps} steps`;
  return { reason: RunReason.StatusTooLarge, message: `${message}: use smaller parameters` };
}

/** The run starts, unless its group keeps it from that. */
function startInTurn(
  observation: Observation,
  nowMs: number,
  options: PlanOptions,
  fail: (reason: RunReason, message: string) => readonly Action[],
): readonly Action[] {
  const delay = waitForTurn(observation, nowMs);
  if (delay === undefined) return claim(observation, nowMs, options);
  if ('fails' in delay) return fail(delay.fails, delay.message);
  return [...delay.patches, ...delay.actions, ...requeueAt(delay.dueMs)];
}

/** The run takes its snapshot as what it follows, and its first steps start. */
function claim(observation: Observation, nowMs: number, options: PlanOptions): readonly Action[] {
  const { run } = observation;
  const startedAt = stampNow(observation, nowMs);
  const { message = '', ...inherited } = beginContinued(observation, startedAt) ?? {};
  const claimed: Observation = {
    ...observation,
    run: { ...run, status: { ...run.status, runId: run.name, startedAt, ...inherited } },
  };
  const started: Action = {
    type: 'EmitEvent',
    eventType: 'Normal',
    reason: EventReason.Started,
    message: `started Orchestration ${quoteName(run.orchestration)}${message}`,
  };
  return insertAfterPatch(planSteps(claimed, nowMs, options), started);
}

function waitForOrchestration(
  { run }: Observation,
  nowMs: number,
  { missingOrchestrationSeconds }: PlanOptions,
  stand: (standing: Standing, ...more: Action[]) => readonly Action[],
  fail: (reason: RunReason, message: string) => readonly Action[],
): readonly Action[] {
  const reason = RunReason.MissingOrchestration;
  const progress = findCondition(run.status.conditions, ConditionType.Progressing);
  const waiting = progress?.reason === reason ? progress : undefined;
  const sinceMs = waiting ? boundTime(waiting.lastTransitionTime, run.creationTimestamp, nowMs) : nowMs;
  const deadlineMs = sinceMs + missingOrchestrationSeconds * 1000;
  const name = quoteName(run.orchestration);
  if (nowMs >= deadlineMs)
    return fail(reason, `Orchestration ${name} did not appear within ${missingOrchestrationSeconds} s`);
  return stand(
    { phase: 'Pending', reason, message: `waits for Orchestration ${name} to appear` },
    ...requeueAt([deadlineMs]),
  );
}

/** A finished run deletes the children that it ended itself and, when its lifetime is over, is deleted. */
function tidyUp(observation: Observation, nowMs: number): readonly Action[] {
  const { status } = observation.run;
  return [
    ...noteLifetime(observation, nowMs),
    ...releasePlaces(observation, nowMs),
    ...releaseRecorded(observation, []),
    ...deleteAll(observation, status.stepStatuses),
    ...limitFinished(observation, status.stepStatuses),
    ...expire(observation, nowMs),
  ];
}

/**
 * A run that 0.2 ended does not record how long it is kept. The first reconcile records it, so that its snapshot is not
 * read again.
 */
function noteLifetime(observation: Observation, nowMs: number): readonly Action[] {
  const { run, orchestration } = observation;
  const { status } = run;
  if (readLifetime(status) !== undefined || orchestration.state === 'SnapshotUnreadable') return [];
  const lifetime = lifetimeCondition(ttlOf(observation), new Date(nowMs).toISOString());
  return patchIfChanged(run, { ...status, conditions: [...status.conditions, lifetime] });
}

/** A run whose end time cannot be read never expires. */
function expire(observation: Observation, nowMs: number): readonly Action[] {
  const { status } = observation.run;
  if (observation.isAwaited || holdsPlace(status)) return [];
  const seconds = readLifetime(status) ?? ttlOf(observation) ?? Infinity;
  const expiryMs = boundTime(status.finishedAt, observation.run.creationTimestamp, nowMs) + seconds * 1000;
  return nowMs >= expiryMs ? [{ type: 'DeleteRun' }] : requeueAt([expiryMs]);
}

function ttlOf({ orchestration }: Observation): number | undefined {
  return orchestration.state === 'Snapshotted' ? ttlSecondsAfterFinished(orchestration.orchestration) : undefined;
}

function insertAfterPatch([patch, ...rest]: readonly Action[], action: Action): readonly Action[] {
  return patch === undefined ? [] : [patch, action, ...rest];
}

/** The last time that a Date can hold. */
const LATEST_MS = 8.64e15;

/** Requeues at the first of these times. Returns nothing if there is no valid time. */
function requeueAt(timesMs: readonly number[]): readonly Action[] {
  const soonestMs = Math.min(...timesMs);
  return soonestMs <= LATEST_MS ? [{ type: 'RequeueAt', time: new Date(soonestMs).toISOString() }] : [];
}

function endEvent({ phase, reason, message }: EndStanding): Action {
  return {
    type: 'EmitEvent',
    eventType: phase === 'Failed' ? 'Warning' : 'Normal',
    reason: EventReason[phase],
    message: `${reason}: ${message}`,
  };
}

/**
 * A run whose status another controller writes is not touched, with one exception: when that controller has ended it,
 * our conditions that contradict the end are corrected, because no other controller corrects them.
 */
function planContested({ run }: Observation, nowMs: number): readonly Action[] {
  const { name, namespace, stored } = run;
  const clear = `kubectl -n ${namespace} patch orchestrationrun ${name} --subresource=status --type=merge -p '{"status": null}'`;
  const message = `another controller writes the status of ${quoteName(name)}, so this one ignores the run: disable one of the two controllers; to run all steps again here, run ${clear}`;
  const event = contestedEvent(message);
  const status = decodeRunStatus(stored);
  if (!isRunFinal(status)) return [event];
  const conditions = correctConditions(status, new Date(nowMs).toISOString());
  return isEqual(conditions, status.conditions) ? [event] : [...patchIfChanged(run, { ...status, conditions }), event];
}

function contestedEvent(message: string): Action {
  return { type: 'EmitEvent', eventType: 'Warning', reason: EventReason.StatusContested, message };
}
