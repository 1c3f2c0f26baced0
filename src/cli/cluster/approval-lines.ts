import { displayText } from '../../dag/display.ts';
import { type Approval, approversOf, describeComment } from '../../orchestration/approvals.ts';
import type { RunStatus, StepStatus } from '../../orchestration/run-status.ts';
import { listWaiting } from './approvers.ts';
import type { Line } from './drawing.ts';
import { formatElapsed } from './elapsed.ts';

/**
 * Adds below the line of each step who has decided about it, and how many approvals are missing. The lines are those of a
 * whole run: of the run itself, then of each step.
 */
export function addApprovals([head, ...lines]: readonly Line[], status: RunStatus, nowMs: number): readonly Line[] {
  const waiting = new Set(listWaiting(status));
  const below = status.stepStatuses.map((step) => [
    ...(step.approvals ?? []).map((approval) => drawApproval(approval, nowMs)),
    ...(waiting.has(step) ? [drawMissing(step)] : []),
  ]);
  return [...(head ? [head] : []), ...lines.flatMap((line, index) => [line, ...(below[index] ?? [])])];
}

function drawApproval({ user, decision, at, comment }: Approval, nowMs: number): Line {
  const isApproved = decision === 'Approved';
  const elapsed = formatElapsed(nowMs - Date.parse(at));
  const text = `${displayText(user)} ${isApproved ? 'approved' : 'denied'} it ${elapsed} ago (${displayText(at)})`;
  return {
    text: `      ${text}${describeComment(comment === undefined ? {} : { comment })}`,
    phase: isApproved ? 'Succeeded' : 'Failed',
  };
}

function drawMissing(step: StepStatus): Line {
  const { count } = approversOf(step);
  const missing = count - (step.approvals ?? []).length;
  return {
    text: `      ${missing} of ${count} ${count === 1 ? 'approval is' : 'approvals are'} missing`,
    phase: 'Running',
  };
}
