import { listWaiting } from '../cli/cluster/approvers.ts';
import { hasEnded, isIdleTemplate, readRun } from '../cli/cluster/run.ts';
import type { KubeObject } from '../objects/object.ts';
import type { ActionVerb, OfferedAction } from './page/protocol.ts';
import type { RightsReader } from './rights.ts';

/** The most waiting gates for which rights are asked. Few runs have more than one. */
const MOST_GATES = 20;

const CONSEQUENCES: Readonly<Record<ActionVerb, string>> = {
  run: 'Creates a new run of this Orchestration.',
  rerun:
    'Creates a new run that continues this one: it inherits what succeeded, and runs the rest. This run stays as it is.',
  approve: 'Approves this step in your name. This cannot be undone.',
  deny: 'Denies this step in your name: it fails. This cannot be undone.',
  cancel:
    'Deletes running children and starts nothing new, except steps with runIf: Always, which clean up. This cannot be undone.',
  suspend: 'Steps that run continue to their end. No other step starts until the run is resumed.',
  resume: 'Steps start again.',
};

/** Returns the actions that the user may carry out on an object in its present state. */
export async function offerActions(object: KubeObject, rights: RightsReader): Promise<readonly OfferedAction[]> {
  if (object.kind === 'Orchestration') return (await rights.mayCreateRuns()) ? [offer('run')] : [];
  const run = readRun(object);
  if (isIdleTemplate(run)) return [];
  if (hasEnded(run)) return (await rights.mayCreateRuns()) ? [offer('rerun')] : [];
  if (!(await rights.mayChangeRun(run.name))) return [];
  const gates = listWaiting(run.status).slice(0, MOST_GATES);
  const decisions = gates.map(async ({ name }) =>
    (await rights.mayDecide(run, name)) ? [offer('approve', name), offer('deny', name)] : [],
  );
  const suspension = run.isSuspended ? [offer('resume')] : [offer('suspend')];
  return [
    ...(await Promise.all(decisions)).flat(),
    ...(run.isCancelled ? [] : suspension),
    ...(run.isCancelledNow ? [] : [offer('cancel')]),
  ];
}

function offer(verb: ActionVerb, step?: string): OfferedAction {
  return { verb, ...(step !== undefined && { step }), consequence: CONSEQUENCES[verb] };
}
