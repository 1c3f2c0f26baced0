import type { StoredObject } from '../objects/object.ts';
import { type Condition, keepTransition, listConditions } from '../orchestration/conditions.ts';
import { asRecord } from '../orchestration/decode.ts';
import { isEqual } from '../orchestration/equality.ts';
import { judgeOrchestration, type Policy, type ProblemCode } from '../orchestration/judge.ts';
import { cutMessage } from '../orchestration/messages.ts';
import { ConditionType } from '../orchestration/vocabulary/conditions.ts';
import { OrchestrationReason } from '../orchestration/vocabulary/run-reasons.ts';

/** `status` of an Orchestration. */
interface OrchestrationStatus {
  readonly phase: 'Ready' | 'Invalid';
  readonly observedGeneration: number;
  readonly conditions: readonly Omit<Condition, 'lastTransitionTime'>[];
}

/** The status to write for an Orchestration now; undefined if it is stored already. Pure. */
export function planOrchestration(object: StoredObject, policy: Policy, now: string): object | undefined {
  const { status: stored } = object;
  const wanted = judgeStatus(object, policy);
  const { phase, observedGeneration } = asRecord(stored);
  const before = listConditions(stored).map(({ lastTransitionTime: _, ...condition }) => condition);
  if (isEqual({ phase, observedGeneration, conditions: before }, wanted)) return undefined;
  const conditions = wanted.conditions.map((condition) => keepTransition(stored, condition, now));
  return { ...wanted, conditions, updatedAt: now };
}

/**
 * What the status of an Orchestration should say: `Ready`, and `GateAccepted`, which shows Argo CD what the gate warned
 * about and what was stored while the gate was down. Linear.
 */
export function judgeStatus(object: StoredObject, policy: Policy): OrchestrationStatus {
  const { denials, warnings, deniedCount, warnedCount } = judgeOrchestration(object, policy);
  const observedGeneration = object.metadata.generation ?? 0;
  const [worst] = [...denials, ...warnings];
  const detail = worst === undefined ? '' : `${worst.field}: ${worst.message}`;
  const more = deniedCount + warnedCount > 1 ? ` (and ${deniedCount + warnedCount - 1} more)` : '';
  const message = cutMessage(detail + more);
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
      say(ConditionType.GateAccepted, isReady, reason, worst === undefined ? 'the gate found no problems' : message),
    ],
  };
}
