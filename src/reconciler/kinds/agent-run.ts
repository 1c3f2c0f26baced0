import { agentRunFields, buildAgentRunSpec } from '../../orchestration/agent-run-spec.ts';
import { asRecord } from '../../orchestration/decode.ts';
import { findCondition } from '../../orchestration/run-status.ts';
import { readSeconds } from '../../orchestration/texts.ts';
import { ForeignConditionType } from '../../orchestration/vocabulary/conditions.ts';
import { StepReason } from '../../orchestration/vocabulary/step-reasons.ts';
import { listConditions } from '../conditions.ts';
import type { KubeObject } from '../snapshot.ts';
import type { ChildKind, Wait } from './kind.ts';
import { mergeParameters } from './parameters.ts';
import { readStartUnless } from './start.ts';

/** Runs an Agent. */
export const agentRun: ChildKind = {
  type: 'Child',
  apiVersion: 'agents.proompteng.ai/v1alpha1',
  kind: 'AgentRun',
  buildSpec: (step, run) => {
    const spec = buildAgentRunSpec(step);
    if (!('agentRef' in spec)) return { refusal: 'agentRef is missing: an AgentRun step names the Agent to run' };
    if (!('implementationSpecRef' in spec) && !('implementation' in spec)) {
      return {
        refusal: 'implementationSpecRef and implementation are both missing: an AgentRun step needs one of them',
      };
    }
    return { spec: { ...spec, parameters: mergeParameters(step, run, agentRunFields) } };
  },
  ttlSeconds: (step) => readSeconds(step, 'ttlSecondsAfterFinished'),
  isHeld: true,
  readStart: readStartUnless(['Pending']),
  readWait: readBlocked,
};

/** Its controller holds it back, until there is capacity. More that is said of the same reason is not said again. */
function readBlocked({ metadata, status }: KubeObject, said: string): Wait | undefined {
  const { status: is, reason, message } = findCondition(listConditions(status), ForeignConditionType.Blocked) ?? {};
  if (asRecord(status)['phase'] !== 'Pending' || is !== 'True') return undefined;
  const told = `AgentRun ${metadata.name} is blocked (${String(reason)})`;
  if (said.startsWith(told)) return { reason: StepReason.ChildBlocked, message: said };
  return { reason: StepReason.ChildBlocked, message: typeof message === 'string' ? `${told}: ${message}` : told };
}
