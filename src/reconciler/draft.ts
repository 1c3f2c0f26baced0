import { displayName } from '../dag/display.ts';
import { buildGraph, dependentsOf } from '../dag/graph.ts';
import { topologicalOrder } from '../dag/levels.ts';
import { cutMessage, isSatisfied, isStepFinal, type RunStatus, type StepStatus } from '../orchestration/run-status.ts';
import type { Step } from '../orchestration/schema.ts';
import { StepReason } from '../orchestration/vocabulary/step-reasons.ts';

/** What is to be another in the status of a step. */
export type StepChange = Partial<Omit<StepStatus, 'reason'>> & { readonly reason?: StepReason };

/** The steps of one run while a decision is made, by index. A final step never changes again. */
export interface Draft {
  readonly steps: readonly Step[];
  readonly statuses: readonly StepStatus[];
  /** Who waits for a step, in declaration order. */
  readonly dependents: readonly (readonly number[])[];
  /** What a step waits for, as it stands. */
  readonly dependenciesOf: (step: number) => readonly StepStatus[];
  /** Changes a step that is not final; `lastTransitionTime` and `finishedAt` follow its phase. */
  readonly change: (step: number, change: StepChange) => void;
  /** Skips every step that waits, directly or not, for one that ended unsatisfied. Linear. */
  readonly skipDependents: () => void;
}

/** Starts from what is stored; a step without an entry is Pending. */
export function createDraft(steps: readonly Step[], { stepStatuses }: RunStatus, now: string): Draft {
  const graph = buildGraph(steps);
  const order = topologicalOrder(graph);
  const stored = new Map(stepStatuses.map((status) => [status.name, status]));
  const statuses = steps.map(
    ({ name, kind }) => stored.get(name) ?? { name, kind, phase: 'Pending' as const, attempt: 0 },
  );
  const dependenciesOf = (step: number) =>
    (graph.dependencies[step] ?? []).map((index) => statuses[index] as StepStatus);

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

  function skipDependents(): void {
    const causes = new Map<string, string>();
    for (const step of order) {
      const { phase, name } = statuses[step] as StepStatus;
      const culprit = dependenciesOf(step).find((status) => isStepFinal(status) && !isSatisfied(status));
      if (phase !== 'Pending' || culprit === undefined) continue;
      const blamed = `${displayName(culprit.name)} failed: `;
      const root = causes.get(culprit.name) ?? `${blamed}${culprit.message ?? culprit.reason ?? 'no message'}`;
      causes.set(name, root);
      const message = culprit.phase === 'Skipped' ? `dependency ${blamed}${root}` : `dependency ${root}`;
      change(step, { phase: 'Skipped', reason: StepReason.DependencyFailed, message });
    }
  }

  return { steps, statuses, dependents: dependentsOf(graph), dependenciesOf, change, skipDependents };
}
