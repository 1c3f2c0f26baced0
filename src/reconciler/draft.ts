import { buildGraph } from '../dag/graph.ts';
import { topologicalOrder } from '../dag/levels.ts';
import { cutMessage } from '../orchestration/messages.ts';
import { runIfOf } from '../orchestration/run-if.ts';
import { isStepFinal, type RunStatus, type StepStatus } from '../orchestration/run-status.ts';
import type { Step } from '../orchestration/schema.ts';
import type { StepReason } from '../orchestration/vocabulary/step-reasons.ts';

/** The fields to change in the status of a step. */
export type StepChange = Partial<Omit<StepStatus, 'reason'>> & { readonly reason?: StepReason };

/** The steps of one run during one decision, by index. A final step never changes. */
export interface Draft {
  readonly steps: readonly Step[];
  readonly statuses: readonly StepStatus[];
  /** The steps that can ever start, each after all of its dependencies. */
  readonly order: readonly number[];
  /** The dependencies of a step, by index, in declaration order. */
  readonly dependenciesOf: (step: number) => readonly number[];
  /** Changes a step that is not final; `lastTransitionTime` and `finishedAt` follow its phase. */
  readonly change: (step: number, change: StepChange) => void;
}

/** Starts from the stored status. A step without an entry is Pending. */
export function createDraft(steps: readonly Step[], { stepStatuses }: RunStatus, now: string): Draft {
  const graph = buildGraph(steps);
  const order = topologicalOrder(graph);
  const stored = new Map(stepStatuses.map((status) => [status.name, status]));
  const statuses = steps.map((step) => stored.get(step.name) ?? beginStep(step));
  const dependenciesOf = (step: number) => graph.dependencies[step] ?? [];

  function change(step: number, { message, ...fields }: StepChange): void {
    const { nextRetryAt, storedPhase: _, ...before } = statuses[step] as StepStatus;
    if (isStepFinal(before)) return;
    const after: StepStatus = {
      ...before,
      ...(nextRetryAt !== undefined && (fields.phase ?? before.phase) === 'Retrying' && { nextRetryAt }),
      ...fields,
      ...(message !== undefined && { message: cutMessage(message) }),
      ...(fields.phase !== undefined && fields.phase !== before.phase && { lastTransitionTime: now }),
    };
    statuses[step] = isStepFinal(after) ? { ...after, finishedAt: now } : after;
  }

  return { steps, statuses, order, dependenciesOf, change };
}

/** The status of a step before its first attempt. */
export function beginStep({ name, kind, runIf }: Step): StepStatus {
  return { name, kind, ...(runIfOf({ runIf }) === 'Always' && { cleanup: true }), phase: 'Pending', attempt: 0 };
}
