import { agentRunFields, buildAgentRunSpec } from '../../orchestration/agent-run-spec.ts';
import { readSeconds } from '../../orchestration/texts.ts';
import type { ChildKind } from './kind.ts';
import { mergeParameters } from './parameters.ts';

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
};
