import { quoteName } from '../dag/display.ts';
import { findCondition } from '../orchestration/conditions.ts';
import { checkParameters, readDeclared } from '../orchestration/declared-parameters.ts';
import { ConditionType } from '../orchestration/vocabulary/conditions.ts';
import { EventReason } from '../orchestration/vocabulary/event-reasons.ts';
import { RunReason } from '../orchestration/vocabulary/run-reasons.ts';
import { deleteAll } from './children.ts';
import { type NameChild, nameSnapshot } from './names.ts';
import type { Action, Observation, ObservedRun } from './observation.ts';
import { endEvent, planSteps, requeueAt, waitForSnapshot } from './plan-steps.ts';
import { noteOwnPlace, waitForTurn, withoutQueue } from './queue.ts';
import { beginContinued, findUnknownSteps } from './resume.ts';
import { patchIfChanged } from './status-patch.ts';
import { canFit, countOutputs, roomForStatus } from './status-size.ts';
import { type EndStanding, type Standing, writeStatus } from './summary.ts';
import { boundTime, stampNow } from './times.ts';

export interface PlanOptions {
  readonly nameChild: NameChild;
  /** How long a run waits for its Orchestration, because GitOps tools apply objects in any order. */
  readonly missingOrchestrationSeconds: number;
}

const SWITCH_OFF =
  "the agents chart's orchestration controller is enabled here: run helm upgrade agents CHART --reuse-values --set orchestrationController.enabled=false; if AGENTS_FEATURE_FLAGS_URL is set, also turn off flag agents.orchestration_controller.enabled";

/** How many levels SubOrchestrations may nest, including the outermost run. */
const MOST_NESTED = 10;

/** Plans a run that has not started. */
export function planUnstarted(observed: Observation, nowMs: number, options: PlanOptions): readonly Action[] {
  const observation = noteOwnPlace(observed, nowMs);
  const { run, rival } = observation;
  if (run.isTemplate) return [];
  // The label comes first, so that the run and its children are in one bucket from the beginning.
  if (run.isUnlabelled && run.bucket !== undefined) return [{ type: 'LabelRun', bucket: run.bucket }];
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
    return [
      ...end({ phase: 'Cancelled', reason: RunReason.RunCancelled, message }),
      ...deleteAll(observation, { ...run.status, stepStatuses: [] }),
    ];
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
      `${[run.orchestration, ...ancestry].map(quoteName).join(', run by ')}: this loop would never end; remove one of these references`,
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

/**
 * Returns why the run cannot start with this Orchestration: because of the steps that it names, its parameters, or the
 * room for its status.
 */
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

/** Starts the run, unless its group keeps it from starting. */
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

/** Claims the run: from now on it follows its snapshot. Starts its first steps. */
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
  return insertAfterPatch(planSteps(claimed, nowMs, options.nameChild), started);
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

function insertAfterPatch([patch, ...rest]: readonly Action[], action: Action): readonly Action[] {
  return patch === undefined ? [] : [patch, action, ...rest];
}

/** Reports that another controller also works here. */
export function contestedEvent(message: string): Action {
  return { type: 'EmitEvent', eventType: 'Warning', reason: EventReason.StatusContested, message };
}
