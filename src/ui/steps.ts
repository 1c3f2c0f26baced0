import { displayName } from '../dag/display.ts';
import { buildGraph, type Graph } from '../dag/graph.ts';
import type { Orchestration } from '../orchestration/decode.ts';
import { defaultRetries, readDuration } from '../orchestration/durations.ts';
import { stepKinds } from '../orchestration/kinds/table.ts';
import { isStepFinal, type ResourceRef, type RunStatus, type StepStatus } from '../orchestration/run-status.ts';
import { describeCommand, type KubectlContext } from './command.ts';
import { viewApproval, viewAttempt } from './history.ts';
import type { ChildView, StepView } from './page/protocol.ts';
import { viewName, viewTexts } from './texts.ts';
import { explainStep, type RunFacts } from './why.ts';

/** The data that a run is shown with. */
export interface ShownRun {
  readonly orchestration: Orchestration;
  readonly status: RunStatus;
  readonly isSuspended: boolean;
  readonly kubectl: KubectlContext;
  readonly namespace: string;
}

/**
 * Returns the current state of every step of a run, by index. Linear in steps and edges, plus the ancestors of each
 * pending step whose `runIf` is not Succeeded.
 */
export function viewSteps(shown: ShownRun): readonly StepView[] {
  const { orchestration, status, isSuspended } = shown;
  const graph: Graph = buildGraph(orchestration.steps);
  const stored = new Map(status.stepStatuses.map((step) => [step.name, step]));
  const statuses = orchestration.steps.map(
    ({ name, kind }): StepStatus => stored.get(name) ?? { name, kind, phase: 'Pending', attempt: 0 },
  );
  const facts: RunFacts = {
    orchestration,
    status,
    isSuspended,
    statuses,
    dependencies: graph.dependencies,
    roots: new Map(),
  };
  return statuses.map((step, index) => viewStep(facts, step, index, shown));
}

function viewStep(facts: RunFacts, step: StepStatus, index: number, shown: ShownRun): StepView {
  const { attempt, phase, reason = '', startedAt, finishedAt, nextRetryAt, resourceRef, outputs } = step;
  const { inheritedFrom, approvals = [], previousAttempts = [] } = step;
  const declared = facts.orchestration.steps[index];
  const retries =
    declared?.retries === undefined ? defaultRetries(facts.orchestration) : readDuration(declared.retries);
  // A step that waits for its next attempt has recorded the current one too.
  const attempts = previousAttempts
    .filter((one) => one.attempt < attempt)
    .map((one) => viewAttempt(one, one.child === undefined ? undefined : viewChildOf(step.kind, one.child, shown)));
  return {
    index,
    phase,
    isIgnored: step.ignored === true,
    ...explainStep(facts, index),
    reason: displayName(reason),
    attempt,
    mostAttempts: retries + 1,
    ...(startedAt !== undefined && { startedAt }),
    ...(finishedAt !== undefined && isStepFinal(step) && { finishedAt }),
    ...(nextRetryAt !== undefined && { nextRetryAt }),
    ...(resourceRef !== undefined && { child: viewChild(resourceRef, shown.kubectl) }),
    ...(outputs !== undefined && { outputs: viewTexts(outputs) }),
    ...(inheritedFrom !== undefined && { inheritedFrom: viewName(inheritedFrom) }),
    ...(approvals.length > 0 && { approvals: approvals.map(viewApproval) }),
    ...(attempts.length > 0 && { previousAttempts: attempts }),
    ...(attempt > 0 && hasPods(step.kind) && { hasLogs: true }),
  };
}

/** Whether Jobs carry out the steps of a kind. */
function hasPods(stepKind: string): boolean {
  const kind = stepKinds.get(stepKind);
  return kind?.type === 'Child' && kind.jobs !== undefined;
}

function viewChild(child: ResourceRef, kubectl: KubectlContext): ChildView {
  return {
    kind: displayName(child.kind),
    name: viewName(child.name),
    command: describeCommand(child, kubectl),
    ...(child.kind === 'OrchestrationRun' && { isRun: true }),
  };
}

/** Shows a child if only its name is recorded. */
function viewChildOf(stepKind: string, name: string, { kubectl, namespace }: ShownRun): ChildView | undefined {
  const kind = stepKinds.get(stepKind);
  if (kind?.type !== 'Child') return undefined;
  return viewChild({ apiVersion: kind.apiVersion, kind: kind.kind, name, namespace }, kubectl);
}
