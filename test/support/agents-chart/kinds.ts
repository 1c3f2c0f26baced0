import { namespacedResource, type Resource } from '../../../src/kube/resources.ts';
import type { KubeObject, ObjectMeta } from '../../../src/objects/object.ts';

// Kinds that the controllers of the agents chart read and write.

const orchestrations = 'orchestration.proompteng.ai';
const signals = 'signals.proompteng.ai';

export const ORCHESTRATIONS = namespacedResource(orchestrations, 'v1alpha1', 'Orchestration', 'orchestrations');
export const RUNS = namespacedResource(orchestrations, 'v1alpha1', 'OrchestrationRun', 'orchestrationruns');
export const AGENT_RUNS = namespacedResource('agents.proompteng.ai', 'v1alpha1', 'AgentRun', 'agentruns');
export const TOOLS = namespacedResource('tools.proompteng.ai', 'v1alpha1', 'Tool', 'tools');
export const TOOL_RUNS = namespacedResource('tools.proompteng.ai', 'v1alpha1', 'ToolRun', 'toolruns');
export const POLICIES = namespacedResource('approvals.proompteng.ai', 'v1alpha1', 'ApprovalPolicy', 'approvalpolicies');
export const SIGNALS = namespacedResource(signals, 'v1alpha1', 'Signal', 'signals');
export const DELIVERIES = namespacedResource(signals, 'v1alpha1', 'SignalDelivery', 'signaldeliveries');
export const JOBS = namespacedResource('batch', 'v1', 'Job', 'jobs');
export const PODS = namespacedResource('', 'v1', 'Pod', 'pods');
export const CONFIG_MAPS = namespacedResource('', 'v1', 'ConfigMap', 'configmaps');
export const VOLUME_CLAIMS = namespacedResource('', 'v1', 'PersistentVolumeClaim', 'persistentvolumeclaims');

/** Labels of what an orchestration controller creates. */
export const RUN_LABEL = 'agents.proompteng.ai/orchestration-run';
export const STEP_LABEL = 'agents.proompteng.ai/orchestration-step';
export const DELIVERY_LABEL = 'agents.proompteng.ai/delivery-id';
export const TOOL_RUN_LABEL = 'agents.proompteng.ai/tool-run';

/** An object as an event or an answer delivered it. */
export interface Stored extends KubeObject {
  readonly metadata: ObjectMeta & {
    readonly namespace: string;
    readonly uid: string;
    readonly finalizers?: readonly string[];
  };
  // biome-ignore lint/suspicious/noExplicitAny: objects of many kinds, which theirs reads without checking
  readonly [field: string]: any;
}

/** The manager of all fields but the status. The real name is unknown; what matters is that it is not ours. */
export const CREATOR = 'agents-chart';

export function isFinal(phase: unknown): boolean {
  return phase === 'Succeeded' || phase === 'Failed' || phase === 'Cancelled';
}

export function nameOf({ metadata: { namespace, name } }: Stored): {
  readonly namespace: string;
  readonly name: string;
} {
  return { namespace, name };
}

export function keyOf({ kind, metadata }: Stored): string {
  return `${kind}/${metadata.namespace}/${metadata.name}`;
}

/** Finds the kind of an object in a list. Throws if it is not there. */
export function resourceOf({ kind }: Pick<KubeObject, 'kind'>, resources: readonly Resource[]): Resource {
  const found = resources.find((one) => one.kind === kind);
  if (found === undefined) throw new Error(`${kind} is not among ${resources.map((one) => one.kind).join(', ')}`);
  return found;
}
