import { judgeOrchestration, type Policy, type ProblemCode } from '../orchestration/judge.ts';
import { type Condition, cutMessage } from '../orchestration/run-status.ts';
import { ConditionType } from '../orchestration/vocabulary/conditions.ts';
import { OrchestrationReason } from '../orchestration/vocabulary/run-reasons.ts';
import type { KubeObject } from './snapshot.ts';

/** `status` of an Orchestration. */
export interface OrchestrationStatus {
  readonly phase: 'Ready' | 'Invalid';
  readonly observedGeneration: number;
  readonly conditions: readonly Omit<Condition, 'lastTransitionTime'>[];
}

/**
 * What an Orchestration's status should say: `Ready`, and `GateAccepted`, by which Argo CD sees what the gate warned of and
 * what was stored while it was away. Linear.
 */
export function judgeStatus(object: KubeObject, policy: Policy): OrchestrationStatus {
  const { denials, warnings, deniedCount, warnedCount } = judgeOrchestration(object, policy);
  const observedGeneration = object.metadata.generation ?? 0;
  const [worst] = [...denials, ...warnings];
  const told = worst === undefined ? '' : `${worst.field}: ${worst.message}`;
  const more = deniedCount + warnedCount > 1 ? ` (and ${deniedCount + warnedCount - 1} more)` : '';
  const message = cutMessage(told + more);
  const isReady = deniedCount === 0;
  const say = (
    type: ConditionType,
    isTrue: boolean,
    reason: OrchestrationReason | ProblemCode,
    sentence: string,
  ): Omit<Condition, 'lastTransitionTime'> => ({
    type,
    status: isTrue ? 'True' : 'False',
    reason,
    message: sentence,
    observedGeneration,
  });
  const reason = worst?.code ?? OrchestrationReason.Accepted;
  return {
    phase: isReady ? 'Ready' : 'Invalid',
    observedGeneration,
    conditions: [
      say(
        ConditionType.Ready,
        isReady,
        isReady ? OrchestrationReason.Ready : reason,
        isReady ? 'the graph can run' : message,
      ),
      say(ConditionType.GateAccepted, isReady, reason, worst === undefined ? 'the gate has nothing to say' : message),
    ],
  };
}
