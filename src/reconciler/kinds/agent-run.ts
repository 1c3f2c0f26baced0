import type { StoredObject } from '../../objects/object.ts';
import { agentRunFields, buildAgentRunSpec } from '../../orchestration/agent-run-spec.ts';
import { findCondition } from '../../orchestration/conditions.ts';
import { asRecord } from '../../orchestration/decode.ts';
import { readSeconds } from '../../orchestration/texts.ts';
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
function readBlocked({ metadata, status }: StoredObject, said: string): Wait | undefined {
  const { status: is, reason, message } = findCondition(status, 'Blocked') ?? {};
  if (asRecord(status)['phase'] !== 'Pending' || is !== 'True') return undefined;
  const told = `AgentRun ${metadata.name} is blocked (${String(reason)})`;
  if (said.startsWith(told)) return { reason: 'ChildBlocked', message: said };
  return { reason: 'ChildBlocked', message: typeof message === 'string' ? `${told}: ${message}` : told };
}
