import { addDecisions, approversOf, isAdmitted } from '../orchestration/approvals.ts';
import type { GateKind, Outcome } from '../orchestration/kinds/kind.ts';
import type { StepStatus } from '../orchestration/run-status.ts';
import type { Step } from '../orchestration/schema.ts';
import type { Observation } from './observation.ts';
import { declaresOutputs } from './outputs.ts';
import { type Pass, stepAt } from './pass.ts';

/**
 * Records what people have decided about a running step since the last reconcile. The decisions are annotations of the
 * run itself, and the status is written only if the run is still as observed, so the run is not read again for this.
 */
export function recordApprovals(pass: Pass, index: number): void {
  const { draft, observation, now } = pass;
  const { step, status } = stepAt(pass, index);
  const kind = observation.kinds.get(step.kind);
  if (kind?.type !== 'Gate' || kind.isDecidedByPeople?.(step) !== true) return;
  const { approvals: recorded = [] } = status;
  const approvers = approversOf(step);
  const { decisions = [] } = observation.run.decisions.get(step.name) ?? {};
  const counts = (user: string) => isAdmitted(user, approvers, creatorsOf(observation));
  const approvals = addDecisions(recorded, decisions, counts, now);
  draft.change(index, { ...(step.approvers && { approvers }), ...(approvals.length > 0 && { approvals }) });
}

/**
 * Judges a gate. The decisions of people count even if the object that the gate waits for cannot be read, unless the
 * outputs of the step need that object.
 */
export function judgeGate(observation: Observation, kind: GateKind, step: Step, status: StepStatus): Outcome {
  const { run, unreadable, watched } = observation;
  const isUnread = unreadable.has(step.name);
  if (kind.isDecidedByPeople?.(step) !== true)
    return isUnread ? { state: 'Running' } : kind.judge(step, watched.get(step.name) ?? []);
  const outcome = kind.judge(step, isUnread ? [] : (watched.get(step.name) ?? []), {
    run: run.name,
    approvals: status.approvals ?? [],
    creators: creatorsOf(observation),
    malformed: run.decisions.get(step.name)?.malformed ?? [],
  });
  const isDecided = outcome.state === 'Failed' || (outcome.state === 'Succeeded' && !declaresOutputs(step));
  return isUnread && !isDecided ? { state: 'Running' } : outcome;
}

function creatorsOf({ creators }: Observation): ReadonlySet<string> {
  return creators ?? new Set();
}
