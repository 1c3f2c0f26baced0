import { listResources, type StepKinds } from '../orchestration/kinds/step-kinds.ts';
import { GROUP, VERSION } from '../orchestration/schema.ts';
import { namespacedResource, type Resource } from './resources.ts';

/** The kinds that the reconciler executes or judges. */
export const RUNS = namespacedResource(GROUP, VERSION, 'OrchestrationRun', 'orchestrationruns');
export const ORCHESTRATIONS = namespacedResource(GROUP, VERSION, 'Orchestration', 'orchestrations');
export const TOOL_RUNS = namespacedResource('tools.proompteng.ai', 'v1alpha1', 'ToolRun', 'toolruns');

/**
 * The kinds that are followed for runs: runs, Orchestrations, and the kinds that steps create or wait for. Runs are
 * among those too, but are listed once.
 */
export function followedResources(kinds: StepKinds): readonly Resource[] {
  return [RUNS, ORCHESTRATIONS, ...listResources(kinds).filter(({ kind }) => kind !== RUNS.kind)];
}

/** The kinds that are followed for ToolRuns. */
export const TOOLS = namespacedResource('tools.proompteng.ai', 'v1alpha1', 'Tool', 'tools');
export const JOBS = namespacedResource('batch', 'v1', 'Job', 'jobs');

/** Pods are neither followed nor written. A pod shows how its Job ended. */
export const PODS = namespacedResource('', 'v1', 'Pod', 'pods');

/** Kinds that are written but not followed. */
export const REVISIONS = namespacedResource('apps', 'v1', 'ControllerRevision', 'controllerrevisions');
export const CONFIG_MAPS = namespacedResource('', 'v1', 'ConfigMap', 'configmaps');
/** Events that we write about other objects, and that the Job controller writes about its pods. */
export const EVENTS = namespacedResource('', 'v1', 'Event', 'events');
