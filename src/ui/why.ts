import { listNames, quoteName } from '../dag/display.ts';
import { findWaiting } from '../dag/paths.ts';
import { findCondition } from '../orchestration/conditions.ts';
import type { Orchestration } from '../orchestration/decode.ts';
import { runIfOf } from '../orchestration/run-if.ts';
import { isRunFinal, isSatisfied, isStepFinal, type RunStatus, type StepStatus } from '../orchestration/run-status.ts';
import type { Step } from '../orchestration/schema.ts';
import { ConditionType } from '../orchestration/vocabulary/conditions.ts';
import { StepReason } from '../orchestration/vocabulary/step-reasons.ts';
import type { StepView } from './page/protocol.ts';

/** The facts that the sentences about one step use. */
export interface RunFacts {
  readonly orchestration: Orchestration;
  readonly status: RunStatus;
  readonly isSuspended: boolean;
  /** By index, like `dependencies`. */
  readonly statuses: readonly StepStatus[];
  readonly dependencies: readonly (readonly number[])[];
  /** The known root causes, by the step where the search started. Many steps can have the same one. */
  readonly roots: Map<number, number | undefined>;
}

type Explanation = Pick<StepView, 'why' | 'because'>;

/** The maximum number of links. More do not help the reader. */
const MOST_LINKS = 8;

/** Explains the state of a step, and links to the steps that cause it. */
export function explainStep(facts: RunFacts, index: number): Explanation {
  const step = facts.statuses[index];
  const declared = facts.orchestration.steps[index];
  if (step === undefined || declared === undefined) return { why: [], because: [] };
  switch (step.phase) {
    case 'Pending':
      return explainPending(facts, index, declared);
    case 'Running':
      return { why: [explainRunning(step)], because: [] };
    case 'Retrying':
      return { why: [describeReason(step), ...(facts.isSuspended ? [SUSPENDED] : [])], because: [] };
    case 'Skipped':
      return explainSkipped(facts, index, step);
    case 'Failed':
      return { why: [explainFailed(step), ...(step.ignored ? [TOLERATED] : [])], because: [] };
    case 'Succeeded':
    case 'Cancelled':
      return { why: step.message ? [step.message] : [], because: [] };
    default:
      return step.phase satisfies never;
  }
}

const TOLERATED = 'The failure is tolerated (continueOnFailure): the dependents of this step start anyway.';
const NEUTRAL = 'This is not a failure: the dependents of this step start anyway.';
const SUSPENDED = 'The run is suspended: no step starts until its suspend annotation is removed.';

function explainPending(facts: RunFacts, index: number, declared: Step): Explanation {
  const { dependencies, statuses, status, isSuspended } = facts;
  const names = (indexes: readonly number[]) => listNames(indexes.map((at) => statuses[at]?.name ?? ''));
  const open = findOpen(facts, index, declared);
  const because = open.slice(0, MOST_LINKS).map((at) => ({ word: 'waits for', index: at }));
  const cleanup = findCondition(status.conditions, ConditionType.CleaningUp);
  const isCleaningUp = cleanup?.status === 'True';
  // A suspension does not stop the cleanup.
  const suspended = isSuspended && !isCleaningUp ? [SUSPENDED] : [];
  const around = isCleaningUp ? [`The run cleans up: ${cleanup.message}.`] : suspended;
  if (isRunFinal(status)) return { why: ['The run ended before this step could start.'], because };
  if (status.runId === undefined) {
    return { why: [findCondition(status.conditions, ConditionType.Ready)?.message ?? NOT_STARTED], because };
  }
  if (open.length > 0) return { why: [`Waits for ${names(open)}.`, ...around], because };
  if (suspended.length > 0) return { why: suspended, because };
  const said = statuses[index]?.message;
  if (said) return { why: [said], because };
  const what = (dependencies[index] ?? []).length > 0 ? 'Everything it waits for is done' : 'It waits for nothing';
  return { why: [`${what}: the ${declared.kind} is about to start.`, ...around], because };
}

/** Returns what a step waits for: its dependencies, or, if `runIf` is not Succeeded, the end of all its ancestors. */
function findOpen({ dependencies, statuses }: RunFacts, index: number, declared: Step): readonly number[] {
  if (runIfOf(declared) === 'Succeeded')
    return (dependencies[index] ?? []).filter((at) => !isSatisfied(statuses[at] as StepStatus));
  return findWaiting(dependencies, index).filter((at) => !isStepFinal(statuses[at] as StepStatus));
}

const NOT_STARTED = 'The run has not started: no controller has started to process it yet.';

function explainRunning({ attempt, resourceRef, reason, message }: StepStatus): string {
  if (reason === StepReason.CleaningUp) return `The nested run of this step cleans up: ${message}.`;
  if (message) return message;
  if (resourceRef !== undefined) {
    const { kind, name, uid } = resourceRef;
    return `Attempt ${attempt} runs as ${kind} ${quoteName(name)}${uid === undefined ? ', which is being created' : ''}.`;
  }
  return `Attempt ${attempt} is under way.`;
}

/** The culprit is the dependency that caused the skip: the first in the list that had failed by then. */
function explainSkipped(facts: RunFacts, index: number, step: StepStatus): Explanation {
  if (step.reason === StepReason.ConditionFalse) return { why: [describeReason(step), NEUTRAL], because: [] };
  if (step.reason !== StepReason.DependencyFailed) return { why: [describeReason(step)], because: [] };
  const culprit = findCulprit(facts, index);
  const root = findRoot(facts, culprit);
  if (culprit === undefined || root === undefined) return { why: [describeReason(step)], because: [] };
  const link = (word: string, at: number) => ({ word, index: at });
  const [culpritStep, rootStep] = [facts.statuses[culprit] as StepStatus, facts.statuses[root] as StepStatus];
  const origin = `${quoteName(rootStep.name)} failed: ${describeReason(rootStep)}`;
  if (root === culprit)
    return { why: [`Skipped because ${origin}`], because: [link('failed dependency and root cause', root)] };
  return {
    why: [`Skipped because ${quoteName(culpritStep.name)} was skipped.`, `The root cause: ${origin}`],
    because: [link('skipped dependency', culprit), link('root cause', root)],
  };
}

function findCulprit({ dependencies, statuses }: RunFacts, index: number): number | undefined {
  const skippedAt = timeOf(statuses[index]);
  const failed = (dependencies[index] ?? []).filter((at) => {
    const status = statuses[at] as StepStatus;
    return isStepFinal(status) && !isSatisfied(status);
  });
  return failed.find((at) => !(timeOf(statuses[at]) > skippedAt)) ?? failed[0];
}

function timeOf(status: StepStatus | undefined): number {
  return Date.parse(status?.finishedAt ?? status?.lastTransitionTime ?? '');
}

/**
 * Follows the culprits to the step that failed itself. If a status leads in a circle, the search stops at the first
 * repeated step.
 */
function findRoot(facts: RunFacts, culprit: number | undefined): number | undefined {
  const way = new Set<number>();
  let at = culprit;
  while (at !== undefined && !way.has(at) && !facts.roots.has(at) && facts.statuses[at]?.phase === 'Skipped') {
    way.add(at);
    at = findCulprit(facts, at);
  }
  const root = at !== undefined && facts.roots.has(at) ? facts.roots.get(at) : at;
  for (const passed of way) facts.roots.set(passed, root);
  return root;
}

function explainFailed(step: StepStatus): string {
  const what = FAILURES.get(step.reason ?? '');
  return what === undefined ? describeReason(step) : `${what}: ${describeReason(step)}`;
}

/** What failed, where the message of the status names only the place and the cause. */
const FAILURES: ReadonlyMap<string, string> = new Map([
  [StepReason.ConditionFailed, 'Its condition cannot be evaluated'],
  [StepReason.InputFailed, 'An input cannot be evaluated'],
  [StepReason.OutputFailed, 'It ran, but its outputs are not valid'],
]);

function describeReason({ reason, message }: StepStatus): string {
  return message || reason || 'no reason is recorded';
}
