import { asRecord } from '../orchestration/decode.ts';
import { isEqual } from '../orchestration/equality.ts';
import type { Policy } from '../orchestration/judge.ts';
import { judgeStatus, type OrchestrationStatus } from './orchestration-status.ts';
import type { KubeObject } from './snapshot.ts';

/** The status to write for an Orchestration now, or undefined where it says so already. Pure. */
export function planOrchestration(object: KubeObject, policy: Policy, now: string): object | undefined {
  const wanted = judgeStatus(object, policy);
  const stored = asRecord(object['status']);
  const before = Array.isArray(stored['conditions']) ? stored['conditions'].map(asRecord) : [];
  if (isSaid(stored, before, wanted)) return undefined;
  const conditions = wanted.conditions.map((condition) => {
    const same = before.find(({ type, status }) => type === condition.type && status === condition.status);
    return { ...condition, lastTransitionTime: same?.['lastTransitionTime'] ?? now };
  });
  return { ...wanted, conditions, updatedAt: now };
}

function isSaid(
  stored: Record<string, unknown>,
  before: readonly Record<string, unknown>[],
  wanted: OrchestrationStatus,
): boolean {
  const { phase, observedGeneration } = stored;
  const conditions = before.map(({ lastTransitionTime: _, ...condition }) => condition);
  return isEqual({ phase, observedGeneration, conditions }, wanted);
}
