import { quoteName } from '../dag/display.ts';
import { decodeRunStatus } from '../orchestration/decode-status.ts';
import { isEqual } from '../orchestration/equality.ts';
import { isRunFinal } from '../orchestration/run-status.ts';
import { releaseRecorded } from './children.ts';
import type { Action, Observation } from './observation.ts';
import { contestedEvent, type PlanOptions, planUnstarted } from './plan-start.ts';
import { planEnded, planSteps } from './plan-steps.ts';
import { patchIfChanged } from './status-patch.ts';
import { correctConditions } from './summary.ts';

/**
 * Returns everything that one run needs now. Pure and total: the same observation at the same time gives the same
 * actions. After a crash between two actions, the next plan repairs the run.
 */
export function planRun(observation: Observation, nowMs: number, options: PlanOptions): readonly Action[] {
  const { run } = observation;
  if (run.isBeingDeleted) return releaseRecorded(observation, []);
  if (run.isContested) return [...planContested(observation, nowMs), ...releaseRecorded(observation, [])];
  if (isRunFinal(run.status)) return planEnded(observation, nowMs);
  return run.status.runId === undefined
    ? planUnstarted(observation, nowMs, options)
    : planSteps(observation, nowMs, options.nameChild);
}

/**
 * A run whose status another controller writes is not touched, with one exception: when that controller has ended it,
 * our conditions that contradict the end are corrected, because no other controller corrects them.
 */
function planContested({ run }: Observation, nowMs: number): readonly Action[] {
  const { name, namespace, stored } = run;
  const clear = `kubectl -n ${namespace} patch orchestrationrun ${name} --subresource=status --type=merge -p '{"status": null}'`;
  const message = `another controller writes the status of ${quoteName(name)}, so this one ignores the run: disable one of the two controllers; to run all steps again here, run ${clear}`;
  const event = contestedEvent(message);
  const status = decodeRunStatus(stored);
  if (!isRunFinal(status)) return [event];
  const conditions = correctConditions(status, new Date(nowMs).toISOString());
  return isEqual(conditions, status.conditions) ? [event] : [...patchIfChanged(run, { ...status, conditions }), event];
}
