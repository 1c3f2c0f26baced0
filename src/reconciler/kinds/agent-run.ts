import { readObject, readReference } from '../../orchestration/references.ts';
import { readSeconds, readTexts } from './fields.ts';
import type { ChildKind } from './kind.ts';
import { mergeParameters } from './parameters.ts';

/** Objects that are handed on as they are. */
const OBJECTS = ['implementation', 'workload', 'policy', 'vcsPolicy', 'goal'];
const REFERENCES = ['implementationSpecRef', 'memoryRef', 'vcsRef'];

/** Runs an Agent: fields as the agents chart's own controller reads them. */
export const agentRun: ChildKind = {
  type: 'Child',
  apiVersion: 'agents.proompteng.ai/v1alpha1',
  kind: 'AgentRun',
  buildSpec: (step, run) => {
    const agent = readReference(step, 'agentRef');
    if (agent === undefined) return { refusal: 'agentRef is missing: an AgentRun step names the Agent to run' };
    const references = REFERENCES.flatMap((field) => {
      const name = readReference(step, field);
      return name === undefined ? [] : [[field, { name }] as const];
    });
    const objects = OBJECTS.flatMap((field) => {
      const value = readObject(step, field);
      return value === undefined ? [] : [[field, value] as const];
    });
    const given = Object.fromEntries<unknown>([...references, ...objects]);
    if (!('implementationSpecRef' in given) && !('implementation' in given)) {
      return {
        refusal: 'implementationSpecRef and implementation are both missing: an AgentRun step needs one of them',
      };
    }
    const secrets = readTexts(step, 'secrets');
    const runtime = { type: 'job', ...readObject(step, 'runtime') };
    const workflow = runtime.type === 'workflow' && {
      workflow: { steps: [{ name: 'main' }], ...readObject(step, 'workflow') },
    };
    const parameters = mergeParameters(step, run);
    return {
      spec: {
        agentRef: { name: agent },
        ...given,
        parameters,
        ...(secrets.length > 0 && { secrets }),
        runtime,
        ...workflow,
      },
    };
  },
  ttlSeconds: (step) => readSeconds(step, 'ttlSecondsAfterFinished'),
  isHeld: true,
};
