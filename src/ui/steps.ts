import { displayName, displayText } from '../dag/display.ts';
import { buildGraph, type Graph } from '../dag/graph.ts';
import type { Orchestration } from '../orchestration/decode.ts';
import { defaultRetries, readDuration } from '../orchestration/durations.ts';
import { cutMessage } from '../orchestration/messages.ts';
import { isStepFinal, type RunStatus, type StepStatus } from '../orchestration/run-status.ts';
import { describeCommand, type KubectlContext } from './command.ts';
import type { StepView } from './page/protocol.ts';
import { explainStep, type RunFacts } from './why.ts';

/** The data that a run is shown with. */
export interface ShownRun {
  readonly orchestration: Orchestration;
  readonly status: RunStatus;
  readonly isSuspended: boolean;
  readonly kubectl: KubectlContext;
}

/** Returns the current state of every step of a run, by index. Linear in steps and edges. */
export function viewSteps({ orchestration, status, isSuspended, kubectl }: ShownRun): readonly StepView[] {
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
  return statuses.map((step, index) => viewStep(facts, step, index, kubectl));
}

function viewStep(facts: RunFacts, step: StepStatus, index: number, kubectl: KubectlContext): StepView {
  const { attempt, phase, reason = '', startedAt, finishedAt, nextRetryAt, resourceRef, outputs } = step;
  const declared = facts.orchestration.steps[index];
  const retries =
    declared?.retries === undefined ? defaultRetries(facts.orchestration) : readDuration(declared.retries);
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
    ...(resourceRef !== undefined && {
      child: {
        kind: displayName(resourceRef.kind),
        name: displayName(resourceRef.name),
        command: describeCommand(resourceRef, kubectl),
      },
    }),
    ...(outputs !== undefined && {
      outputs: Object.entries(outputs).map(([name, value]) => ({
        name: displayName(name),
        value: displayText(cutMessage(value)),
      })),
    }),
  };
}
