import { displayName, displayText } from '../../dag/display.ts';
import { type Approval, approversOf, describeComment } from '../../orchestration/approvals.ts';
import type { RunStatus, StepStatus } from '../../orchestration/run-status.ts';
import { listWaiting } from './approvers.ts';
import type { Line } from './drawing.ts';
import { formatElapsed } from './elapsed.ts';

/**
 * Adds lines below the line of each step: its earlier attempts, who has decided about it, and how many approvals are
 * missing. `lines` are those of a whole run: first the run itself, then each step.
 */
export function addDetails([head, ...lines]: readonly Line[], status: RunStatus, nowMs: number): readonly Line[] {
  const waiting = new Set(listWaiting(status));
  const below = status.stepStatuses.map((step) => [
    ...drawAttempts(step),
    ...(step.approvals ?? []).map((approval) => drawApproval(approval, nowMs)),
    ...(waiting.has(step) ? drawMissing(step) : []),
  ]);
  return [...(head ? [head] : []), ...lines.flatMap((line, index) => [line, ...(below[index] ?? [])])];
}

/** A line for each earlier attempt that the step records: how long it took, why it failed, and its child. */
function drawAttempts({ previousAttempts = [] }: StepStatus): Line[] {
  return previousAttempts.map(({ attempt, reason, message, startedAt, finishedAt, child }) => {
    const known = [
      `attempt ${attempt}`,
      startedAt === undefined ? '' : formatElapsed(Date.parse(finishedAt) - Date.parse(startedAt)),
      `${displayText(reason)}${message === undefined ? '' : `: ${displayText(message)}`}`,
      child === undefined ? '' : `child ${displayName(child)}`,
    ];
    return { text: `      ${known.filter((part) => part !== '').join('  ')}` };
  });
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

/** Draws how many approvals are missing. The message of a step that needs only one approval already says so. */
function drawMissing(step: StepStatus): readonly Line[] {
  const { count } = approversOf(step);
  const missing = count - (step.approvals ?? []).length;
  return count === 1 ? [] : [{ text: `      ${missing} of ${count} approvals missing`, phase: 'Running' }];
}
