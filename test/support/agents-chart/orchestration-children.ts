import type { KubeClient } from '../../../src/kube/client.ts';
import { apiVersionOf, type Resource } from '../../../src/kube/resources.ts';
import type { KubeObject } from '../../../src/objects/object.ts';
import { AGENT_RUNS, CREATOR, DELIVERY_LABEL, RUN_LABEL, RUNS, STEP_LABEL, type Stored, TOOL_RUNS } from './kinds.ts';
import type { Step } from './orchestration-judge.ts';

/** How a kind of step is carried out by a child, and what its failures are called. */
export interface ChildKind {
  readonly resource: Resource;
  readonly failed: string;
  readonly missing: string;
  readonly buildSpec: (step: Step, parameters: Readonly<Record<string, string>>) => object;
}

/** Fields of a step that become fields of the AgentRun, also as JSON text in `with`. */
const AGENT_FIELDS = [
  'implementation',
  'implementationSpecRef',
  'memoryRef',
  'vcsRef',
  'vcsPolicy',
  'goal',
  'workload',
  'secrets',
];

export const CHILD_KINDS: Readonly<Record<string, ChildKind>> = {
  AgentRun: {
    resource: AGENT_RUNS,
    failed: 'AgentRunFailed',
    missing: 'AgentRunMissing',
    buildSpec: (step, parameters) => {
      const given = AGENT_FIELDS.flatMap((field) => {
        const value = readField(step, field);
        return value === undefined ? [] : [[field, value] as const];
      });
      const runtime = readField(step, 'runtime') ?? { type: 'job' };
      return { agentRef: step['agentRef'], runtime, ...Object.fromEntries(given), parameters };
    },
  },
  ToolRun: {
    resource: TOOL_RUNS,
    failed: 'ToolRunFailed',
    missing: 'ToolRunMissing',
    buildSpec: (step, parameters) => ({ toolRef: step['toolRef'], parameters }),
  },
  SubOrchestration: {
    resource: RUNS,
    failed: 'SubOrchestrationFailed',
    missing: 'SubOrchestrationMissing',
    buildSpec: (step, parameters) => ({ orchestrationRef: step['orchestrationRef'], parameters }),
  },
};

/** Creates a child with a generated name, with labels, and with no owner. */
export async function createChild(client: KubeClient, run: Stored, step: Step, kind: ChildKind): Promise<object> {
  const { namespace, name } = run.metadata;
  const { deliveryId, parameters } = run['spec'];
  const labels = {
    [RUN_LABEL]: name,
    [STEP_LABEL]: step.name,
    ...(deliveryId && { [DELIVERY_LABEL]: deliveryId }),
  };
  const child = {
    apiVersion: apiVersionOf(kind.resource),
    kind: kind.resource.kind,
    metadata: { generateName: `${name}-${step.name}-`, namespace, labels },
    spec: kind.buildSpec(step, { ...parameters, ...step.with }),
  };
  // Our client knows no objects without a name. The API server generates the name of this one.
  const created = await client.create(kind.resource, child as unknown as KubeObject, { fieldManager: CREATOR });
  const { apiVersion, kind: kindName, metadata } = created;
  return { apiVersion, kind: kindName, name: metadata.name, namespace, uid: metadata.uid };
}

function readField(step: Step, field: string): unknown {
  const text = step.with?.[field];
  return step[field] ?? (text === undefined ? undefined : parse(text));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
