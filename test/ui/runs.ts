import type { Orchestration } from '../../src/orchestration/decode.ts';
import type { RunStatus, StepStatus } from '../../src/orchestration/run-status.ts';
import type { Step } from '../../src/orchestration/schema.ts';
import { viewSteps } from '../../src/ui/steps.ts';

/** A step of kind ToolRun. */
export function step(name: string, dependsOn: readonly string[] = [], fields: Partial<Step> = {}): Step {
  return { name, kind: 'ToolRun', toolRef: { name: 'echo' }, dependsOn: [...dependsOn], ...fields } as Step;
}

/** The status of a step. A final status ends at the given second. */
export function stands(
  name: string,
  phase: StepStatus['phase'],
  fields: Partial<StepStatus> & { second?: number } = {},
) {
  const { second = 0, ...rest } = fields;
  const finishedAt = new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
  const isFinal = ['Succeeded', 'Failed', 'Skipped', 'Cancelled'].includes(phase);
  return { name, kind: 'ToolRun', phase, attempt: 1, ...(isFinal && { finishedAt }), ...rest } satisfies StepStatus;
}

export interface ViewOptions {
  readonly status?: Partial<RunStatus>;
  readonly policies?: Orchestration['policies'];
  readonly isSuspended?: boolean;
}

/** The explanations that the page shows for the steps of a run that has started, by name. */
export function viewRun(steps: readonly Step[], stepStatuses: readonly StepStatus[], options: ViewOptions = {}) {
  const { status = {}, policies = {}, isSuspended = false } = options;
  const views = viewSteps({
    orchestration: { name: 'o', namespace: 'ci', policies, steps },
    status: { phase: 'Running', runId: 'r', conditions: [], stepStatuses, ...status },
    isSuspended,
    kubectl: { flags: [] },
    namespace: 'ci',
  });
  return (name: string) => {
    const view = views[steps.findIndex((declared) => declared.name === name)];
    if (view === undefined) throw new Error(`no step ${name}`);
    return view;
  };
}
