import { listResources, type StepKinds } from '../orchestration/kinds/step-kinds.ts';
import { GROUP, VERSION } from '../orchestration/schema.ts';
import { namespacedResource, type Resource } from './resources.ts';

/** What is executed. */
export const RUNS = namespacedResource(GROUP, VERSION, 'OrchestrationRun', 'orchestrationruns');
export const ORCHESTRATIONS = namespacedResource(GROUP, VERSION, 'Orchestration', 'orchestrations');
export const TOOL_RUNS = namespacedResource('tools.proompteng.ai', 'v1alpha1', 'ToolRun', 'toolruns');

/** What is followed for runs: runs, Orchestrations, and what steps create and wait for. Runs are both. */
export function followedResources(kinds: StepKinds): readonly Resource[] {
  return [RUNS, ORCHESTRATIONS, ...listResources(kinds).filter(({ kind }) => kind !== RUNS.kind)];
}

/** What is followed for ToolRuns. */
export const TOOLS = namespacedResource('tools.proompteng.ai', 'v1alpha1', 'Tool', 'tools');
export const JOBS = namespacedResource('batch', 'v1', 'Job', 'jobs');

/** What is written and not followed. */
export const REVISIONS = namespacedResource('apps', 'v1', 'ControllerRevision', 'controllerrevisions');
export const CONFIG_MAPS = namespacedResource('', 'v1', 'ConfigMap', 'configmaps');
/** What is reported about other objects, and what a Job's controller reports about its pods. */
export const EVENTS = namespacedResource('', 'v1', 'Event', 'events');
